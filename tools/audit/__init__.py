"""Policy checks of the stacks, the client's scripts, and the packages they depend on."""
