"""Figures of an experiment, a file each, in one style, for the screen (SVG) and for print (PDF)."""
