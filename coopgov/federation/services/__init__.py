"""Writes of federation."""
