"""MoMKE: experts for the modalities, trained one by one and then mixed."""
