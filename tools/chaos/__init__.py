"""Test the local system under load while everything around the handlers fails."""
