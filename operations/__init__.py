"""The operator's command ``sgvault``: it reads and mends a deployed system over AWS's APIs."""
