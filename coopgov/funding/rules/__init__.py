"""Pure rules of money, a file for each matter."""
