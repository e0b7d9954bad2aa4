"""A Terraform plan, read as a reviewer reads it: what is lost, who may do what, who gets in.

Plan JSON goes in, findings and Markdown come out; only ``planning`` runs Terraform. Nothing here
applies anything.
"""
