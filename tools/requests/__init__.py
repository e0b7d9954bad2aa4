"""Requests that a local AWS recorded, compared with the models of AWS's services in botocore."""
