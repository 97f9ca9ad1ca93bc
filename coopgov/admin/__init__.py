"""The first officer's room: the co-op's profile, invitations, health."""
