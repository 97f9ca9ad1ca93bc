"""What Stripe keeps: amounts are whole minor units, halves are rounded up."""

CARD_FIXED = {"gbp": 20, "eur": 25, "usd": 30}  # other currencies: 20 minor units, which is this fake's invention
DISPUTE_FEE = 2_000


def card_fee(amount: int, currency: str) -> int:
    """1.5 % and a fixed part.

    >>> card_fee(300, "gbp"), card_fee(100, "gbp")
    (25, 22)
    """
    return _share(amount, 150) + CARD_FIXED.get(currency, 20)


def bacs_fee(amount: int) -> int:
    """1 %, at least 20p, at most £4.

    >>> bacs_fee(100), bacs_fee(3_050), bacs_fee(100_000)
    (20, 31, 400)
    """
    return min(max(_share(amount, 100), 20), 400)


def _share(amount: int, hundredths_of_percent: int) -> int:
    return (amount * hundredths_of_percent + 5_000) // 10_000
