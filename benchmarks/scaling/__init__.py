"""The parts of `scale.py`: planning a run, stages on a corpus, what a lab may expect."""
