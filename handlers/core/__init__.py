"""The pure core: events, naming, manifests, merging, differences and outcomes; no SDK, no clock."""
