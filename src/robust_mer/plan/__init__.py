"""Planning a run: the config as values, the grid of jobs, the names of files. Imports no torch."""
