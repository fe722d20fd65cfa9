"""Training: the loop, selection on validation data, resuming."""
