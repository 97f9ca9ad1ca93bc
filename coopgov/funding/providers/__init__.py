"""One module for each way money comes in; they know nothing of one another."""
