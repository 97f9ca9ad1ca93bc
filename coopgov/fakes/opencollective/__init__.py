"""A fake Open Collective: its real schema over a small world in memory, with a clock that can be moved."""
