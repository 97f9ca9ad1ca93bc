"""Pages of membership, a file for each journey."""
