"""What somebody fills in, a file for each journey."""
