"""Who is a member, since when, and who holds which office."""
