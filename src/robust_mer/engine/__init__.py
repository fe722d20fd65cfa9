"""What training, evaluation and export all run: nets, frames, batches, predictions, checkpoints."""
