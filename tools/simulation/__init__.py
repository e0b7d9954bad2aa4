"""Nothing is lost: the deployed handlers on a simulated clock, with models of the services around them."""
