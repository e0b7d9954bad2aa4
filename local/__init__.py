"""The whole system on one machine: an AWS endpoint, a simulated File Gateway, and the demo.

Nothing here is deployed, and the deployed code does not depend on it. The code here drives the
product from outside, through Terraform and AWS's APIs; only environment variables point to the
endpoint.
"""
