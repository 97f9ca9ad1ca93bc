"""What Open Collective is asked is held against its real schema, and what it would refuse."""

import re

import pytest
from graphql import parse, validate

from coopgov.fakes.opencollective.schema import MOST_TOKENS, real_schema
from coopgov.funding.providers.opencollective.orders import STATES
from coopgov.funding.providers.opencollective.questions import MONEY, ORDERS, QUESTIONS
from coopgov.funding.providers.opencollective.reading import ORDERS_A_PAGE, ROWS_A_PAGE
from coopgov.funding.providers.opencollective.rows import KINDS


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_question_is_valid_by_the_real_schema(question: str) -> None:
    assert validate(real_schema(), parse(question, max_tokens=MOST_TOKENS)) == []


def test_a_field_that_does_not_exist_would_be_noticed() -> None:
    assert validate(real_schema(), parse(MONEY.replace("refundKind", "refundKinds"))) != []


def test_every_status_and_kind_of_the_schema_means_something_to_us() -> None:
    types = real_schema().type_map
    assert set(types["OrderStatus"].values) == set(STATES)  # type: ignore[attr-defined]
    assert set(types["TransactionKind"].values) == KINDS  # type: ignore[attr-defined]


def test_what_a_default_would_decide_is_said() -> None:
    """A default may change there, and with it what our books hold."""
    account = real_schema().type_map["Collective"].fields  # type: ignore[attr-defined]
    for field, question in (("transactions", MONEY), ("orders", ORDERS)):
        said = set(re.findall(r"(\w+): ", question))
        includes = {name for name in account[field].args if name.startswith("include")}
        spared = {"includeHost", "includeHostedAccounts", "includeIncognito"} if field == "orders" else {"includeHost"}
        assert includes - spared <= said


def test_pages_are_no_longer_than_what_is_answered() -> None:
    assert ORDERS_A_PAGE <= 1_000
    assert ROWS_A_PAGE <= 10_000
