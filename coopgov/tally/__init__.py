"""Counting votes: a pure function from rule, roll size and ballots to a verdict that explains itself.

Standard library only, whole numbers and exact fractions only; no clock, no chance, no database.
"""
