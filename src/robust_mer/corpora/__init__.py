"""Index: from what lies on disk to ``utterances.csv`` and ``folds.csv``."""
