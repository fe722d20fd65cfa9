"""MPLMM: prompts for missing modalities on a frozen network of crossmodal attention."""
