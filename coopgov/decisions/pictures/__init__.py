"""Results that people read: a picture for each way of voting, its table, a sentence, and what would have changed it."""
