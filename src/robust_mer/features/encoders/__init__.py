"""Pretrained encoders: a table of architectures, and an adapter for each kind."""
