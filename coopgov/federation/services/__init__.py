"""Writes of federation, in the caller's write transaction."""
