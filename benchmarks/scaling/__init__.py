"""What `scale.py` measures: planning a run, stages on a corpus, what a lab may expect."""
