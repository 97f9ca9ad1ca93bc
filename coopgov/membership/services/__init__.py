"""Writes of membership, a file for each matter."""
