"""What several test modules use. Nothing here is collected as a test."""
