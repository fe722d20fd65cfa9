"""What every result was made from: records that jobs leave, and what can be read from them.

No result depends on this package: it is in no code identity (`robust_mer.identity`).
"""
