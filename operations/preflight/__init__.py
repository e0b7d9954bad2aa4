"""Checks of an AWS account before a deployment; each check is a function."""
