"""What the clock asks of membership, a file for each matter."""
