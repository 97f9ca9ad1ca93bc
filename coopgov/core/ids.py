"""Identifiers that cannot be guessed."""

import secrets


def random_id() -> str:
    """128 random bits as 22 characters that are safe in an address."""
    return secrets.token_urlsafe(16)


def secret_token() -> str:
    """256 random bits as 43 characters that are safe in a cookie or an address."""
    return secrets.token_urlsafe(32)
