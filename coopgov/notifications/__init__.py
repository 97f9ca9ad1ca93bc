"""Who hears of what, in the inbox and by mail."""
