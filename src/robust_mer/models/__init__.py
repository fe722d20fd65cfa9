"""The models: a folder a family, on blocks that they share."""
