"""The smoke test: it sends two small datasets through a deployed environment."""
