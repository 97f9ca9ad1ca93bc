"""Pure rules of decisions, a file for each matter."""
