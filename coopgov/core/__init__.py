"""Pure vocabulary of the whole program: errors, time, text, events. Standard library only."""
