"""What tables, figures and the page say, a module for each.

Nothing here changes a number, so an edit reruns nothing. Numbers arrive as arguments.
"""
