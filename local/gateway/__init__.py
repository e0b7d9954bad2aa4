"""The simulated S3 File Gateway: its API, its appliance, and the uploads of its shares."""
