"""Pure rules of federation, a file for each matter."""
