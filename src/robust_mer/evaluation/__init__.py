"""Evaluation: predictions under every condition, tables, figures and the report."""
