"""A first look at a folder of clips: what is there, and what a run still needs to know."""
