"""Real things for tests to talk to: servers that speak the protocols of model services."""
