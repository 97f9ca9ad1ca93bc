"""The treasurer's desk: whose payments are, who is late, what has to be looked at. It knows members and payers."""
