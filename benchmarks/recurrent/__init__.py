"""Ways to run the LSTMs of many replicas at once, for `race.py`."""
