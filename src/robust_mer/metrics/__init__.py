"""Measures of how well a target was predicted; nothing else computes them."""
