"""SNR fusion: one blind model for clean, noisy and missing modalities; this project's own."""
