"""Constructs, named after the nouns of the domain."""
