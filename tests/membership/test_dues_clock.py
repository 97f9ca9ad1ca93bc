"""What the clock does about dues: each mail once, late ones not all at once, none to people who have left."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest

from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Relief
from coopgov.membership.queries.standing import judgement
from coopgov.membership.services.register import cease
from coopgov.membership.services.relief import pause
from tests import factories as make
from tests.conftest import NOW, Clock
from tests.membership.dues import asks_dues, contribution, pledge

pytestmark = pytest.mark.usefixtures("app")
DAY = timedelta(days=1)
CatchUp = Callable[[], int]


def subjects(mails: Any) -> list[str]:
    return [mail["Subject"] for mail in mails()]


def test_a_yearly_charge_is_told_of_two_weeks_before_and_once(clock: Clock, catch_up: CatchUp, mails: Any) -> None:
    ada = make.member("Ada")
    pledge(ada, interval="year", amount_minor=1200, next_charge_at=NOW + 20 * DAY)
    catch_up()
    assert subjects(mails) == []
    for _ in range(3):
        clock.forward(days=7)
        catch_up()
    assert subjects(mails) == ["On 12 December 2026 £12.00 will be charged for the next year"]
    assert "/dues/cancel/" in mails()[0].get_body(("plain",)).get_content()


def test_a_charge_that_comes_no_more_or_each_month_is_not_told_of(catch_up: CatchUp, mails: Any) -> None:
    pledge(make.member(), interval="year", status="ending", next_charge_at=NOW + 5 * DAY)
    pledge(make.member(), interval="month", next_charge_at=NOW + 5 * DAY)
    pledge(make.person(), interval="year", next_charge_at=NOW + 5 * DAY)
    catch_up()
    assert subjects(mails) == []


def test_reminders_go_out_on_days_0_7_21_and_45_each_once(clock: Clock, catch_up: CatchUp, mails: Any) -> None:
    asks_dues(NOW - 300 * DAY)
    ada = make.member("Ada")
    contribution(ada, NOW - 31 * DAY, covers_to=date(2026, 11, 22), source="cash")
    sent = []
    for day in range(90):
        catch_up()
        if len(mails()) > len(sent):
            sent.append(day)
        clock.forward(days=1)
    assert sent == [1, 8, 22, 46]
    assert subjects(mails)[-1] == "Your vote rests until dues are paid"


def test_a_worker_that_was_away_sends_the_last_step_alone(clock: Clock, catch_up: CatchUp, mails: Any) -> None:
    asks_dues(NOW - 300 * DAY)
    contribution(make.member(), NOW - 31 * DAY, covers_to=date(2026, 11, 22), source="cash")
    clock.forward(days=23)
    catch_up()
    assert subjects(mails) == ["Your vote rests soon: dues are open"]


def test_reminders_stop_with_a_payment_relief_or_the_end_of_membership(
    clock: Clock, catch_up: CatchUp, mails: Any
) -> None:
    asks_dues(NOW - 300 * DAY)
    people = [make.member() for _ in range(3)]
    for party in people:
        contribution(party, NOW - 31 * DAY, covers_to=date(2026, 11, 22), source="cash")
    clock.forward(days=1)
    catch_up()
    assert len(mails()) == 3
    contribution(people[0], clock.now, covers_to=date(2026, 12, 22), source="cash")
    with write_transaction():
        pause(people[1].id, 3, people[1].id, clock.now)
        cease(people[2].id, "resigned", clock.now, people[2].id)
    before = len(mails())
    clock.forward(days=10)
    catch_up()
    assert subjects(mails)[before:] == ["Until 23 February 2027 you pay nothing"]


def test_while_a_hold_stands_nobody_is_reminded(clock: Clock, catch_up: CatchUp, mails: Any) -> None:
    """Edge case 17."""
    asks_dues(NOW - 300 * DAY, grace_days=0)
    for _ in range(6):
        contribution(make.member(), NOW - 31 * DAY, covers_to=date(2026, 11, 22), source="cash")
    clock.forward(days=1)
    catch_up()
    assert subjects(mails) == []


def test_before_a_pause_ends_the_member_is_asked_once(clock: Clock, catch_up: CatchUp, mails: Any) -> None:
    ada = make.member("Ada")
    with write_transaction():
        pause(ada.id, 3, ada.id, NOW)
    catch_up()
    clock.forward(days=70)
    catch_up()
    assert len(mails()) == 1
    for _ in range(3):
        clock.forward(days=9)
        catch_up()
    assert subjects(mails)[1:] == ["Your pause ends on 22 February 2027: still the same?"]
    said = mails()[1].get_body(("plain",)).get_content()
    assert "/dues/pause/" in said
    assert "/dues/pay-again/" in said


def test_after_a_pause_dues_begin_again_with_grace_and_without_debt(clock: Clock) -> None:
    asks_dues(NOW - 300 * DAY)
    ada = make.member("Ada")
    with write_transaction():
        pause(ada.id, 3, ada.id, NOW)
    end = db.session.query(Relief).one().ends_at
    assert end is not None
    judged = judgement(ada.id, end + DAY)
    assert (judged.why, judged.votes, judged.covered_to) == ("grace", True, date(2027, 2, 21))
