"""Pages and doors of money, a file for each matter."""
