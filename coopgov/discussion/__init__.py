"""Threads and comments, read tracking, moderation."""
