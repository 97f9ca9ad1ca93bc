"""Pages and doors of federation, a file for each matter."""
