"""Planning a run: typed config, grid of jobs, names of files. Imports no torch."""
