"""The operator's command ``sgvault``: it reads and repairs a deployed system over AWS's APIs."""
