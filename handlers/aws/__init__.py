"""Thin adapters between the core and AWS: DynamoDB, S3, reports, telemetry, the environment."""
