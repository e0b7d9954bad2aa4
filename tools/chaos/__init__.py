"""Proof by fault: the local system under load while everything around the handlers fails."""
