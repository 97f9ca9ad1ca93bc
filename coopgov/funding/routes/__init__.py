"""Pages of money, a file for each matter."""
