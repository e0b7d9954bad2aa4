"""Run the handlers on a simulated clock with models of the services, to show that no upload is lost."""
