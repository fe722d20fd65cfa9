"""The floor: what a library or a count fits to pooled features, without a network."""
