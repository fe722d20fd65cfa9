"""The texts of tables, figures and the page, one module for each.

Numbers arrive as arguments. Nothing here computes one, so an edit reruns nothing.
"""
