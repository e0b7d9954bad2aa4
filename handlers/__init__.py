"""The Lambda functions, one module each, and the packages that they share."""
