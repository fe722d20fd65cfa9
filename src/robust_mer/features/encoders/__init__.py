"""Networks of transformers by architecture: how each is fed, and which of its states are frames."""
