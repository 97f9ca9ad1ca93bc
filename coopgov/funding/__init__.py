"""Money: what was promised, what was paid, and the ledger that adds it up. Knows payers, not members."""
