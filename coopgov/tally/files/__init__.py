"""Election files of others: read as they are, into distinct ballots."""
