"""Figures of an experiment, a module each, in one style, for the screen (SVG) and print (PDF)."""
