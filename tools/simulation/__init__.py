"""Run the deployed handlers on a simulated clock with models of the services: no upload is lost."""
