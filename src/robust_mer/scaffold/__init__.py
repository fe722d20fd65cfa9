"""A first config."""
