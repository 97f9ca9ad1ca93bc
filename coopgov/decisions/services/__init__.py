"""Writes of decisions, in the caller's write transaction; each leaves an audit row and an event."""
