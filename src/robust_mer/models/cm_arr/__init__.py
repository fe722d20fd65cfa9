"""CM-ARR: alignment, reconstruction by normalizing flows, refinement."""
