"""What somebody fills in."""
