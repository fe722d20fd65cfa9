"""MEN, the modality encoder network, and what is made of it without another loss."""
