"""MCTN, which translates one modality into another."""
