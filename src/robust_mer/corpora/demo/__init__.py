"""A generated corpus with IEMOCAP's layout, to watch the pipeline work without a licence."""
