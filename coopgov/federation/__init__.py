"""The fediverse hears: the co-op's actor, who follows it, what it announces, and how that reaches other servers."""
