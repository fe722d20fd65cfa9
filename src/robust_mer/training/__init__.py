"""Training: data on the device, the loop, selection on validation data, checkpoints."""
