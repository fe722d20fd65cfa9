"""NMER, the noise-robust model with a VAE, and its ablations."""
