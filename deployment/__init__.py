"""The stacks, brought to AWS or to an endpoint of its kind, by cdktf and Terraform."""
