"""Policy checks: the stacks' Terraform and plans, secrets in any file, and the licences of packages."""
