"""Writes of the treasurer, a file for each matter."""
