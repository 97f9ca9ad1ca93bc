"""Writes of federation, a file for each matter."""
