"""Review of a Terraform plan: lost data, changed permissions and changed network access.

The modules turn the JSON of a plan into findings and Markdown. Only ``planning`` runs Terraform.
Nothing here applies a plan.
"""
