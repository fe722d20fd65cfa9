"""MMIN and IF-MMIN, which imagine what is missing, and the teacher of IF-MMIN and NMER."""
