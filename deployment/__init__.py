"""Deploy synthesised stacks to AWS, or to an AWS-compatible endpoint, with cdktf and Terraform."""
