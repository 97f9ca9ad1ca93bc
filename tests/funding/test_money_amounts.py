"""Sums of money: nothing is lost, nothing is rounded unasked, and what was typed means one thing or nothing."""

from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.core.money import MOST_MINOR, Money, decimals_of, read_amount, total, zero
from coopgov.infra.i18n import decimal_mark, money, money_short, month_name, plain_day, speaking
from tests.conftest import NOW

CURRENCIES = st.sampled_from(["GBP", "EUR", "JPY", "KWD", "UGX", "HUF"])
SUMS = st.builds(Money, st.integers(-(10**12), 10**12), CURRENCIES)


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 1000), min_size=1).filter(sum))
def test_the_parts_of_a_sum_add_up_to_it(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "GBP").split(weights)
    assert total(parts, "GBP") == Money(minor, "GBP")
    assert len(parts) == len(weights)


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 1000), min_size=1).filter(sum))
def test_no_part_is_a_whole_penny_away_from_its_exact_share(minor: int, weights: list[int]) -> None:
    parts = Money(minor, "GBP").split(weights)
    exact = [Fraction(minor * weight, sum(weights)) for weight in weights]
    assert all(abs(part.minor - share) < 1 for part, share in zip(parts, exact, strict=True))


@given(st.integers(0, 10**9), st.integers(1, 1000))
def test_even_parts_differ_by_at_most_a_penny_and_the_larger_come_first(minor: int, parts: int) -> None:
    shares = [part.minor for part in Money(minor, "GBP").split([1] * parts)]
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [3, -1]])
def test_weights_that_mean_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError):
        Money(100, "GBP").split(weights)


@given(SUMS, st.fractions(-2, 2, max_denominator=1000))
def test_a_share_is_the_nearest_penny_and_a_half_goes_away_from_zero(amount: Money, part: Fraction) -> None:
    exact, found = amount.minor * part, amount.share(part).minor
    assert abs(found - exact) <= Fraction(1, 2)
    if abs(found - exact) == Fraction(1, 2):
        assert abs(found) > abs(exact)


@given(SUMS, SUMS)
def test_two_currencies_never_meet(one: Money, other: Money) -> None:
    if one.currency == other.currency:
        assert one + other - other == one
        assert (one < other) == (one.minor < other.minor)
        return
    for meeting in (lambda: one + other, lambda: one - other, lambda: one < other, lambda: one >= other):
        with pytest.raises(ValueError, match="do not add up"):
            meeting()


@given(SUMS)
def test_a_sum_written_plainly_reads_back_as_itself(amount: Money) -> None:
    if 0 < amount.minor <= MOST_MINOR:
        assert read_amount(amount.plain, amount.currency) == amount
        assert read_amount(amount.plain.replace(".", ","), amount.currency, ",") == amount


@pytest.mark.parametrize(
    ("minor", "currency", "plain"), [(-5, "GBP", "-0.05"), (150, "JPY", "150"), (1, "KWD", "0.001")]
)
def test_a_sum_has_the_decimals_of_its_currency(minor: int, currency: str, plain: str) -> None:
    assert Money(minor, currency).plain == plain
    assert str(Money(minor, currency)) == f"{plain} {currency}"


@pytest.mark.parametrize(
    ("minor", "currency"), [(1.0, "GBP"), (True, "GBP"), ("1", "GBP"), (1, "gbp"), (1, "GB"), (1, "")]
)
def test_a_sum_is_whole_minor_units_and_a_currency(minor: object, currency: str) -> None:
    with pytest.raises(ValueError, match="not a sum of money"):
        Money(minor, currency)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("typed", "currency", "mark", "minor"),
    [
        ("3", "GBP", ".", 300),
        ("1.5", "GBP", ".", 150),
        ("1.50", "GBP", ".", 150),
        (" £1 ", "GBP", ".", 100),
        ("£ 1.00", "GBP", ".", 100),
        ("1 GBP", "GBP", ".", 100),
        ("3.", "GBP", ".", 300),
        ("1\n", "GBP", ".", 100),
        ("1,50", "EUR", ",", 150),
        ("1,50 €", "EUR", ",", 150),
        ("1.50", "EUR", ",", 150),
        ("100", "JPY", ".", 100),
        ("0.001", "KWD", ".", 1),
        ("999999.99", "GBP", ".", MOST_MINOR),
    ],
)
def test_a_plain_amount_is_understood(typed: str, currency: str, mark: str, minor: int) -> None:
    assert read_amount(typed, currency, mark) == Money(minor, currency)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("0", "amount.zero"),
        ("0.00", "amount.zero"),
        ("-1", "amount.unreadable"),
        ("−1", "amount.unreadable"),
        ("+1", "amount.unreadable"),
        ("1e9", "amount.unreadable"),
        ("1E3", "amount.unreadable"),
        ("1000000000", "amount.too_much"),
        ("1000000", "amount.too_much"),
        ("9" * 12, "amount.too_much"),
        ("9" * 500, "amount.unreadable"),
        ("1,50", "amount.unreadable"),
        ("1,500", "amount.unreadable"),
        ("1.500", "amount.decimals"),
        ("£1.005", "amount.decimals"),
        ("NaN", "amount.unreadable"),
        ("Infinity", "amount.unreadable"),
        ("", "amount.unreadable"),
        (".", "amount.unreadable"),
        (".50", "amount.unreadable"),
        ("£", "amount.unreadable"),
        ("€1", "amount.unreadable"),
        ("1 EUR", "amount.unreadable"),
        ("££1", "amount.unreadable"),
        ("1 000", "amount.unreadable"),
        ("1.2.3", "amount.unreadable"),
        ("0x10", "amount.unreadable"),
        ("1_000", "amount.unreadable"),
        ("١٢", "amount.unreadable"),
        ("१", "amount.unreadable"),
        ("３", "amount.unreadable"),
        ("³", "amount.unreadable"),
        ("1;2", "amount.unreadable"),
        ("=1", "amount.unreadable"),
    ],
)
def test_anything_else_is_refused_with_its_reason(typed: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        read_amount(typed, "GBP")
    assert refused.value.reason == reason


@pytest.mark.parametrize("typed", ["0.99", "1.5", "100.0"])
def test_a_currency_without_decimals_takes_none(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        read_amount(typed, "JPY")
    assert refused.value.reason == "amount.decimals"


@pytest.mark.parametrize("typed", ["1.500,00", "1,5,0", "1,500.00"])
def test_grouping_is_guessed_at_in_no_language(typed: str) -> None:
    with pytest.raises(Refused):
        read_amount(typed, "EUR", ",")


@given(st.text(max_size=20), CURRENCIES, st.sampled_from(".,"))
def test_whatever_is_typed_is_an_amount_above_zero_or_refused(typed: str, currency: str, mark: str) -> None:
    with suppress(Refused):
        amount = read_amount(typed, currency, mark)
        assert 0 < amount.minor <= MOST_MINOR
        assert amount.currency == currency


def test_nothing_is_false_and_its_currency_still_counts() -> None:
    assert not zero("GBP")
    assert zero("GBP") != zero("EUR")
    assert total([], "EUR") == zero("EUR")


@pytest.mark.parametrize(("currency", "decimals"), [("GBP", 2), ("JPY", 0), ("KWD", 3), ("HUF", 2), ("XXX", 2)])
def test_decimals_are_those_of_the_standard(currency: str, decimals: int) -> None:
    assert decimals_of(currency) == decimals


@pytest.mark.parametrize(
    ("language", "minor", "currency", "shown"),
    [
        ("en", 150, "GBP", "£1.50"),
        ("en", -150, "GBP", "-£1.50"),
        ("en", 123456, "EUR", "€1,234.56"),
        ("de", 123456, "EUR", "1.234,56\xa0€"),
        ("en", 1500, "JPY", "JP¥1,500"),
    ],
)
def test_a_sum_is_shown_as_the_language_writes_it(language: str, minor: int, currency: str, shown: str) -> None:
    with speaking(language, "UTC"):
        assert money(Money(minor, currency)) == shown


@pytest.mark.parametrize(
    ("language", "minor", "currency", "shown"),
    [
        ("en", 100, "GBP", "£1"),
        ("en", 150, "GBP", "£1.50"),
        ("en", 0, "GBP", "£0"),
        ("en", 123400, "EUR", "€1,234"),
        ("de", 123400, "EUR", "1.234\xa0€"),
        ("de", 123410, "EUR", "1.234,10\xa0€"),
        ("en", 1500, "JPY", "JP¥1,500"),
        ("en", 1500, "KWD", "KWD1.500"),
        ("en", 2000, "KWD", "KWD2"),
    ],
)
def test_a_whole_sum_can_be_shown_without_decimals(language: str, minor: int, currency: str, shown: str) -> None:
    with speaking(language, "UTC"):
        assert money_short(Money(minor, currency)) == shown


def test_a_month_and_a_day_are_named_as_the_language_does() -> None:
    with speaking("de", "UTC"):
        assert (month_name(NOW.date()), plain_day(NOW.date()), decimal_mark()) == (
            "November 2026",
            "22. November 2026",
            ",",
        )
