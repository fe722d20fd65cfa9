"""Protocols: which modalities are clean, and which are corrupted or missing, how often."""
