"""A module for each check: it runs a tool and interprets the output."""
