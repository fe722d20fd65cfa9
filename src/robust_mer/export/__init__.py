"""What leaves the workflow: trained models and corrupted features, for other people's programs."""
