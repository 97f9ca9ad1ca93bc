"""What waits for the worker about money, a file for each provider."""
