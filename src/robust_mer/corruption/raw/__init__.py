"""Corruption of recordings and transcripts before extraction: one module a kind."""
