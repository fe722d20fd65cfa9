"""What a machine offers to the package."""
