"""Imitations of licensed corpora: their layout on disk at full size, without content.

Written from the releases' documentation and from what is known of their files, not from the
readers. Recordings are headers at most.
"""
