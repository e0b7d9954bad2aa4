"""Policy checks of what is deployed, of what runs on the client, and of what all of it is made with."""
