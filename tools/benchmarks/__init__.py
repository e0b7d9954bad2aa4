"""Measure the cost of the reconciliation and of a plain one, on a stub of DynamoDB and S3."""
