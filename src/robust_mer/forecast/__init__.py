"""What a run will take, and what it can show, before it starts."""
