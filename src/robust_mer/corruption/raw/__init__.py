"""Corruption of recordings and transcripts before extraction: one module per kind."""
