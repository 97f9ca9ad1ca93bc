"""Stripe: its SDK behind a border, its objects turned into plain facts."""
