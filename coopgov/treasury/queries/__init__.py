"""Reads for the treasurer, a file for each page."""
