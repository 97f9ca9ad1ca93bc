"""Proxies are asked for, accepted, ended; what a group allows."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.core.errors import NotFound, Refused
from coopgov.groups import services as group_services
from coopgov.infra.audit import AuditRow, broken_at
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.services.delegates import admit_organisation
from coopgov.proxies import queries, services
from coopgov.proxies.models import Proxy
from coopgov.proxies.rules import Given
from tests import factories as make
from tests.conftest import NOW
from tests.proxies.scene import BEFORE, UNTIL, allow, end, give, offer

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def group(app):
    return make.group()


@pytest.fixture
def people(group):
    found = [make.member(name) for name in ("Ada", "Bo", "Cy", "Dee")]
    make.seat(group, found[0], "convenor")
    for party in found[1:]:
        make.seat(group, party)
    return found


def reason_of(act, *args, **kwargs) -> str:
    with pytest.raises(Refused) as refused, write_transaction():
        act(*args, **kwargs)
    return refused.value.reason


def test_a_proxy_stands_from_its_acceptance_until_its_time_is_over(group, people):
    ada, bo, *_ = people
    allow(group, ada)
    proxy = offer(group, ada, bo)
    assert queries.given_at(group.id, NOW) == []
    with write_transaction():
        services.answer(proxy, bo.id, True, NOW)
    assert queries.given_at(group.id, NOW) == [Given(ada.id, bo.id, proxy.id)]
    assert queries.given_at(group.id, NOW - timedelta(seconds=1)) == []
    assert queries.given_at(group.id, UNTIL - timedelta(seconds=1)) != []
    assert queries.given_at(group.id, UNTIL) == []
    names = list(db.session.scalars(select(EventRow.name).order_by(EventRow.id)))
    assert names == ["proxies.terms_set", "proxies.asked", "proxies.answered"]
    acts = list(db.session.scalars(select(AuditRow.act).order_by(AuditRow.number)))
    assert acts == ["proxies.terms_set", "proxy.asked", "proxy.accepted"]
    assert broken_at() is None


@pytest.mark.parametrize("who", [0, 1])
def test_giver_and_holder_can_end_it(group, people, who):
    ada, bo, *_ = people
    allow(group, ada)
    proxy = give(group, ada, bo)
    end(proxy, people[who])
    assert proxy.how == ("taken_back", "given_back")[who]
    assert queries.given_at(group.id, NOW) == []
    assert queries.given_at(group.id, NOW - timedelta(seconds=1)) != []
    end(proxy, people[who], NOW + timedelta(seconds=1))  # a second click changes nothing
    assert proxy.ended_at == NOW
    assert reason_of(services.end, proxy, people[1 - who].id, NOW) == "proxy.not_yours"
    give(group, ada, bo, NOW)


def test_a_stranger_neither_answers_nor_ends_nor_sees_it(group, people):
    ada, bo, cy, _ = people
    allow(group, ada)
    proxy = offer(group, ada, bo)
    assert reason_of(services.answer, proxy, cy.id, True, NOW) == "proxy.not_waiting"
    assert reason_of(services.answer, proxy, ada.id, True, NOW) == "proxy.not_waiting"
    assert reason_of(services.end, proxy, cy.id, NOW) == "proxy.not_yours"
    with pytest.raises(NotFound):
        queries.proxy_in(group.id, proxy.id, cy.id)
    with pytest.raises(NotFound):
        queries.proxy_in(make.group("Other").id, proxy.id, ada.id)
    assert queries.proxy_in(group.id, proxy.id, bo.id) is proxy


def test_what_was_declined_does_not_stand_and_can_be_asked_of_another(group, people):
    ada, bo, cy, _ = people
    allow(group, ada)
    proxy = offer(group, ada, bo)
    with write_transaction():
        services.answer(proxy, bo.id, False, NOW)
    assert reason_of(services.answer, proxy, bo.id, True, NOW) == "proxy.not_waiting"
    give(group, ada, cy)
    assert [line.holder for line in queries.lines(group.id, NOW)] == ["Cy"]


def test_one_gives_one_proxy_at_a_time_and_a_new_one_when_its_time_is_over(group, people):
    ada, bo, cy, _ = people
    allow(group, ada)
    old = give(group, ada, bo, until=NOW)
    assert reason_of(services.ask, group, ada.id, cy.id, UNTIL, NOW - timedelta(seconds=1)) == "proxy.has_one"
    new = offer(group, ada, cy, NOW)
    assert (old.how, old.ended_at, new.holder_id) == ("over", NOW, cy.id)


def test_what_was_not_answered_in_time_waits_no_more(group, people):
    ada, bo, *_ = people
    allow(group, ada)
    proxy = offer(group, ada, bo, until=NOW)
    assert [line.giver for line in queries.offered_to(group.id, bo.id, NOW - timedelta(seconds=1))] == ["Ada"]
    assert queries.offered_to(group.id, bo.id, NOW) == []
    assert reason_of(services.answer, proxy, bo.id, True, NOW) == "proxy.not_waiting"


def test_it_is_off_unless_a_group_switches_it_on(group, people):
    ada, bo, *_ = people
    assert reason_of(services.ask, group, ada.id, bo.id, UNTIL, NOW) == "proxy.off"
    allow(group, ada)
    proxy = offer(group, ada, bo)
    allow(group, ada, 0, NOW)
    assert reason_of(services.answer, proxy, bo.id, True, NOW) == "proxy.off"
    assert (queries.cap_at(group.id, NOW - timedelta(seconds=1)), queries.cap_at(group.id, NOW)) == (3, 0)
    assert reason_of(services.set_cap, group, 101, ada.id, NOW) == "proxy.cap"


def test_setting_the_same_again_says_nothing(group, people):
    allow(group, people[0])
    version = group.version
    allow(group, people[0], at=NOW)
    assert group.version == version
    assert len(db.session.scalars(select(EventRow)).all()) == 1


def test_nobody_takes_on_more_than_the_cap_counting_what_is_passed_on(group, people):
    ada, bo, cy, dee = people
    allow(group, ada, 2)
    give(group, ada, bo)
    give(group, bo, cy)
    proxy = offer(group, dee, cy)
    assert reason_of(services.answer, proxy, cy.id, True, NOW) == "proxy.full"
    assert proxy.accepted_at is None
    allow(group, ada, 1, NOW)
    assert [one.giver for one in queries.counting_at(group.id, NOW)] == [ada.id]
    assert len(queries.given_at(group.id, NOW)) == 2


def test_who_has_left_the_group_takes_no_room_of_a_holder(group, people):
    ada, bo, cy, _ = people
    allow(group, ada, 1)
    give(group, bo, cy)
    with write_transaction():
        group_services.leave(group, bo.id, NOW)
    waiting = offer(group, ada, cy, NOW)
    with write_transaction():
        services.answer(waiting, cy.id, True, NOW)
        services.answer(waiting, cy.id, True, NOW)
    assert [one.giver for one in queries.counting_at(group.id, NOW)] == [ada.id]


def test_only_people_in_the_group_give_and_hold(group, people):
    ada, bo, cy, _ = people
    allow(group, ada)
    stranger = make.member("Stranger")
    with write_transaction():
        printers = admit_organisation("Printers", make.officer("membership_secretary").id, BEFORE)
    make.seat(group, printers)
    assert reason_of(services.ask, group, stranger.id, ada.id, UNTIL, NOW) == "proxy.not_seated"
    for other in (stranger, printers):
        assert reason_of(services.ask, group, ada.id, other.id, UNTIL, NOW) == "proxy.holder"
    proxy, waiting = give(group, bo, cy), offer(group, cy, ada)
    with write_transaction():
        group_services.leave(group, cy.id, NOW)
    assert queries.counting_at(group.id, NOW) == []
    assert [one.proxy_id for one in queries.given_at(group.id, NOW)] == [proxy.id]
    assert reason_of(services.answer, waiting, ada.id, True, NOW) == "proxy.not_seated"


def test_the_database_holds_one_open_proxy_of_each_giver(group, people):
    ada, bo, cy, _ = people
    allow(group, ada)
    offer(group, ada, bo)
    twin = {"group_id": group.id, "giver_id": ada.id, "holder_id": cy.id, "asked_at": NOW, "until_at": UNTIL}
    with pytest.raises(Exception, match=r"(?i)unique"), write_transaction() as session:
        session.add(Proxy(**twin))
        session.flush()
