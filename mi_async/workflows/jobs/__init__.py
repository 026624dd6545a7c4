"""Jobs at the service: handles, tokens, and one poller for all of them."""
