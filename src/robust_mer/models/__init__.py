"""The models, a file each, on blocks that they share."""
