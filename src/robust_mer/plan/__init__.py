"""Planning a run: the config as typed values, and the words that it answers in."""
