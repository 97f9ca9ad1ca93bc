"""A field for a sum: read in the reader's language, shown again as it was typed."""

import pytest
from flask import Flask

from coopgov.core.money import Money
from coopgov.infra.i18n import speaking
from coopgov.infra.web.forms import BaseForm, MoneyField


class GiftForm(BaseForm):
    amount = MoneyField("Amount")

    def __init__(self, data: dict[str, Money] | None = None, currency: str = "GBP") -> None:
        super().__init__(data, meta={"currency": currency})


def sent(app: Flask, typed: str, language: str = "en", currency: str = "GBP") -> tuple[Money | None, list[str], str]:
    """What the field makes of ``typed``: the sum, its errors, and what it shows."""
    with app.test_request_context("/", method="POST", data={"amount": typed}), speaking(language, "UTC"):
        field = GiftForm(currency=currency).amount
        return field.data, list(field.process_errors), field._value()


@pytest.mark.parametrize(
    ("typed", "language", "currency", "minor"),
    [("3", "en", "GBP", 300), (" £1.5 ", "en", "GBP", 150), ("1,50", "de", "EUR", 150), ("150", "en", "JPY", 150)],
)
def test_what_is_typed_is_a_sum_in_the_currency_of_the_form(
    app: Flask, typed: str, language: str, currency: str, minor: int
) -> None:
    assert sent(app, typed, language, currency) == (Money(minor, currency), [], typed)


@pytest.mark.parametrize("typed", ["0", "-1", "1e9", "1,50", "NaN", "1.005", "3 EUR", "99999999999", "٣"])
def test_anything_else_is_refused_and_stays_as_it_was_typed(app: Flask, typed: str) -> None:
    data, errors, shown = sent(app, typed)
    assert (data, len(errors), shown) == (None, 1, typed)


def test_nothing_typed_is_no_sum_and_no_error(app: Flask) -> None:
    assert sent(app, "") == (None, [], "")


def test_a_sum_that_stands_is_shown_with_the_mark_of_the_language(app: Flask) -> None:
    with app.test_request_context("/"), speaking("de", "UTC"):
        assert GiftForm({"amount": Money(1250, "EUR")}, "EUR").amount._value() == "12,50"
