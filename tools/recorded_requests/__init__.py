"""Compare the requests that a local AWS recorded with botocore's models of AWS's services."""
