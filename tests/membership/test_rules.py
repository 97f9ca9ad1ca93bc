"""What is decided without a database: the state of an invitation."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.membership.rules.register import OFFICES, REFUSALS, invitation_state

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(days=30)


@pytest.mark.parametrize(
    ("accepted_at", "withdrawn_at", "now", "state"),
    [
        (None, None, NOW, "open"),
        (None, None, LATER - timedelta(seconds=1), "open"),
        (None, None, LATER, "expired"),
        (NOW, None, LATER, "accepted"),
        (None, NOW, NOW, "withdrawn"),
        (NOW, NOW, NOW, "accepted"),
    ],
)
def test_an_invitation_has_one_state(
    accepted_at: datetime | None, withdrawn_at: datetime | None, now: datetime, state: str
) -> None:
    assert invitation_state(accepted_at, withdrawn_at, LATER, now) == state


INSTANTS = st.integers(1_600_000_000, 2_200_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))


@given(st.none() | INSTANTS, st.none() | INSTANTS, INSTANTS, INSTANTS, INSTANTS)
def test_an_invitation_that_ended_never_opens_again(
    accepted: datetime | None, withdrawn: datetime | None, expires: datetime, now: datetime, later: datetime
) -> None:
    now, later = sorted((now, later))
    if invitation_state(accepted, withdrawn, expires, now) != "open":
        assert invitation_state(accepted, withdrawn, expires, later) != "open"


def test_every_state_that_refuses_has_its_sentence() -> None:
    assert {f"invitation.{state}" for state in ("accepted", "withdrawn", "expired")} <= set(REFUSALS)


def test_offices_have_names() -> None:
    assert all(OFFICES.values())
