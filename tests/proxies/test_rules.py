"""Who may give a proxy to whom, and how many one may hold."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.proxies.rules import (
    LONGEST,
    Chains,
    Given,
    check_asking,
    check_cap,
    check_until,
    fits_cap,
    within_cap,
)
from coopgov.tally.proxies import carried
from tests.conftest import NOW

PEOPLE = st.integers(0, 6)


@st.composite
def given_ones(draw: st.DrawFn) -> list[Given]:
    """Proxies among seven, one of each giver, in the order of acceptance."""
    givers = draw(st.lists(PEOPLE, unique=True))
    holders = [draw(PEOPLE.filter(lambda one, giver=giver: one != giver)) for giver in givers]
    return [Given(giver, holder, at) for at, (giver, holder) in enumerate(zip(givers, holders, strict=True))]


def worst(proxies: list[Given]) -> int:
    """For how many others somebody votes if nobody else votes, at most."""
    holders = {one.giver: one.holder for one in proxies}
    return max(len(carried(holders, {voter})) for voter in range(7))


@given(given_ones(), st.integers(1, 5))
def test_nobody_ever_votes_for_more_than_the_cap_and_the_earlier_ones_come_first(proxies, cap):
    kept, left_out = within_cap(proxies, cap)
    assert sorted([*kept, *left_out], key=proxies.index) == proxies
    assert worst(kept) <= cap
    for one in left_out:
        assert worst([*(k for k in kept if k.proxy_id < one.proxy_id), one]) > cap


@given(given_ones())
def test_one_votes_for_exactly_those_who_are_carried_to_them(proxies):
    holders = {one.giver: one.holder for one in proxies}
    for voter in range(7):
        assert sorted(Chains(proxies).held_by(voter)) == sorted(carried(holders, {voter}))


@given(given_ones())
def test_in_a_circle_nobody_else_could_vote_for_one(proxies):
    holders = {one.giver: one.holder for one in proxies}
    for giver in holders:
        ends = {at for at in range(7) if at not in holders and giver in carried(holders, {at})}
        assert Chains(proxies).in_circle(giver) == (not ends)


def test_a_proxy_that_closes_a_circle_adds_nothing_to_what_one_votes_for():
    assert fits_cap([Given(1, 2, 1)], Given(2, 1, 2), 1)
    assert not fits_cap([Given(1, 2, 1)], Given(3, 1, 2), 1)


@pytest.mark.parametrize(
    ("giver", "holder", "cap", "has_one", "reason"),
    [
        (1, 2, 0, False, "proxy.off"),
        (9, 2, 3, False, "proxy.not_seated"),
        (1, 2, 3, True, "proxy.has_one"),
        (1, 1, 3, False, "proxy.holder"),
        (1, 9, 3, False, "proxy.holder"),
    ],
)
def test_what_cannot_be_asked_is_refused(giver, holder, cap, has_one, reason):
    with pytest.raises(Refused) as refused:
        check_asking(giver, holder, {1, 2}, cap, has_one)
    assert refused.value.reason == reason


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(1), NOW + LONGEST + timedelta(seconds=1)])
def test_a_proxy_ends_after_now_and_within_a_year(until):
    check_until(NOW + LONGEST, NOW)
    with pytest.raises(Refused, match=r"proxy\.until"):
        check_until(until, NOW)


@pytest.mark.parametrize("cap", [-1, 101])
def test_a_cap_is_from_0_to_100(cap):
    check_cap(0)
    check_cap(100)
    with pytest.raises(Refused, match=r"proxy\.cap"):
        check_cap(cap)
