"""Reads of decisions, a file for each matter."""
