"""Voice analysis: pitch, glottal source, envelope and phase of speech at one sample rate."""
