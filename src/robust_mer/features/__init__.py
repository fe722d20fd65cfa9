"""Extraction: from recordings and transcripts to frames of features."""
