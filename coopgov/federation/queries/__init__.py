"""Reads of federation, a file for each matter."""
