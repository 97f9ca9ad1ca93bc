"""Working groups: purpose, seats, convenors."""
