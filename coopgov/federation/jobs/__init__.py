"""What waits for the worker, and for the clock, about federation."""
