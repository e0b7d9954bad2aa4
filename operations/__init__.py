"""What an operator does to a deployed system, over AWS's APIs."""
