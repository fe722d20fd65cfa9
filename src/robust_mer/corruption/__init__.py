"""Corruption: NMER's noise scheduler, noise types and conditions."""
