"""How Stripe counts money: in minor units, with exceptions of its own (https://docs.stripe.com/currencies, 2026-09)."""

from coopgov.core.money import Money

IN_HUNDREDTHS = frozenset(("ISK", "UGX"))  # no decimals by ISO 4217; Stripe takes hundredths that must be whole
IN_WHOLES = frozenset(("MGA",))  # two decimals by ISO 4217; Stripe takes none
IN_TENS = frozenset(("BHD", "JOD", "KWD", "OMR", "TND"))  # three decimals, of which Stripe wants the last to be 0


def to_stripe(amount: Money) -> int:
    """What Stripe calls ``amount``; raises ValueError for a part that Stripe cannot charge."""
    if amount.currency in IN_HUNDREDTHS:
        return amount.minor * 100
    step = 100 if amount.currency in IN_WHOLES else 10 if amount.currency in IN_TENS else 1
    if amount.minor % step:
        raise ValueError(f"Stripe cannot charge {amount}")
    return amount.minor // 100 if amount.currency in IN_WHOLES else amount.minor


def from_stripe(units: int, currency: str) -> Money:
    """The sum that Stripe calls ``units``; raises ValueError for hundredths that are not whole."""
    code = currency.upper()
    if code in IN_HUNDREDTHS:
        if units % 100:
            raise ValueError(f"not whole: {units} {code}")
        return Money(units // 100, code)
    return Money(units * 100 if code in IN_WHOLES else units, code)
