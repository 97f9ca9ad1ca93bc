"""Pure rules of membership, a file for each matter."""
