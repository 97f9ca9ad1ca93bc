"""What waits for the worker about federation, a file for each matter."""
