"""What the reconciliation costs, beside a plain one, on a stub of DynamoDB and S3."""
