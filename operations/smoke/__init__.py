"""The smoke test: two small datasets on their way through a deployed environment."""
