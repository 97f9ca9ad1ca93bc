"""Reads of membership, a file for each matter."""
