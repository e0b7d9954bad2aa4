"""The whole system on one machine: an AWS endpoint, a simulated File Gateway, and the demo.

Nothing here is deployed, and nothing that is deployed knows of it: the product is driven from
outside, through Terraform and AWS's APIs, pointed at the endpoint by environment variables alone.
"""
