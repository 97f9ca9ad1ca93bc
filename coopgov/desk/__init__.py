"""What is mine: /me and /inbox."""
