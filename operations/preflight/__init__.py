"""Checks of an AWS account before anything is deployed there: one function a check."""
