"""The nouns of the domain, each a construct."""
