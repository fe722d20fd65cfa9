"""Shared by training, evaluation and export: nets, frames, batches, predictions, checkpoints."""
