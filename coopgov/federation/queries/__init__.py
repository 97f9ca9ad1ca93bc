"""Reads of federation."""
