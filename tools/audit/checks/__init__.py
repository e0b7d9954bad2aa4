"""One check a module: a tool, what it is given, and what its answer means."""
