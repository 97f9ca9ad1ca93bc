from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.core.errors import NotFound, Refused
from coopgov.groups import queries, services
from coopgov.groups.models import Group, Seat
from coopgov.infra.audit import AuditRow, broken_at
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Membership
from tests import factories as make
from tests.conftest import NOW

LATER = NOW + timedelta(days=1)


def events() -> list[str]:
    return list(db.session.scalars(select(EventRow.name).order_by(EventRow.id)))


def found(founder, name="Tech", joining="open", now=NOW) -> Group:
    with write_transaction():
        return services.found_group(name, "We run the servers.", "We *run* them.", joining, founder.id, now)


def test_founding_a_group_makes_its_founder_convenor(app):
    ada = make.member("Ada Lovelace")
    group = found(ada)
    assert (group.slug, group.purpose_html) == ("tech", "<p>We <em>run</em> them.</p>")
    assert queries.convenor_ids(group.id, NOW) == {ada.id}
    assert events() == ["groups.founded", "groups.seat_taken"]
    assert [row.act for row in db.session.scalars(select(AuditRow))] == ["group.founded", "group.seat_taken"]
    assert broken_at() is None


def test_two_groups_do_not_share_a_name(app):
    ada = make.member()
    found(ada, "Tech")
    with pytest.raises(Refused) as refused:
        found(ada, "TECH")
    assert (refused.value.reason, refused.value.field) == ("group.name_taken", "name")


def test_who_is_no_member_founds_no_group(app):
    with pytest.raises(Refused) as refused:
        found(make.person())
    assert refused.value.reason == "group.not_a_member"
    assert db.session.scalar(select(Group)) is None


def test_a_renamed_group_keeps_its_address(app):
    ada = make.member()
    group = found(ada)
    before = group.version
    with write_transaction():
        services.edit_group(group, "Technology", "New", "Text", "asked", ada.id, LATER)
    assert (group.name, group.slug, group.joining) == ("Technology", "tech", "asked")
    assert group.version > before


def test_a_member_joins_an_open_group_once(app):
    group, bob = found(make.member()), make.member()
    with write_transaction():
        first = services.join(group, bob.id, NOW)
    with write_transaction():
        assert services.join(group, bob.id, LATER).id == first.id
    assert bob.id in queries.sitters_at(group.id, NOW)
    assert queries.member_count(group.id, NOW) == 2


def test_who_is_no_member_joins_no_group(app):
    group, guest = found(make.member()), make.person()
    with pytest.raises(Refused) as refused, write_transaction():
        services.join(group, guest.id, NOW)
    assert refused.value.reason == "group.not_a_member"


def test_a_wish_to_join_is_not_a_seat_until_it_is_accepted(app):
    ada, bob = make.member(), make.member()
    group = found(ada, joining="asked")
    with write_transaction():
        services.join(group, bob.id, NOW)
    assert queries.sitters_at(group.id, NOW) == {ada.id}
    assert queries.asks_to_join(group.id, bob.id)
    with write_transaction():
        services.seat_asker(group, bob.id, ada.id, LATER)
    assert queries.sitters_at(group.id, LATER) == {ada.id, bob.id}
    assert queries.sitters_at(group.id, NOW) == {ada.id}
    assert events()[-2:] == ["groups.seat_asked", "groups.seat_taken"]


def test_a_declined_member_may_ask_again(app):
    ada, bob = make.member(), make.member()
    group = found(ada, joining="asked")
    with write_transaction():
        services.join(group, bob.id, NOW)
        services.decline_asker(group, bob.id, ada.id, NOW)
    assert not queries.asks_to_join(group.id, bob.id)
    with write_transaction():
        assert services.join(group, bob.id, LATER).role == "asked"


def test_a_request_is_answered_once(app):
    ada, bob = make.member(), make.member()
    group = found(ada, joining="asked")
    for answer in (services.seat_asker, services.decline_asker):
        with pytest.raises(Refused) as refused, write_transaction():
            answer(group, bob.id, ada.id, NOW)
        assert refused.value.reason == "group.nobody_asks"


def test_an_old_request_becomes_a_seat_when_the_group_has_opened_meanwhile(app):
    ada, bob = make.member(), make.member()
    group = found(ada, joining="asked")
    with write_transaction():
        services.join(group, bob.id, NOW)
        services.edit_group(group, "Tech", "s", "p", "open", ada.id, NOW)
        assert services.join(group, bob.id, LATER).role == "member"
    assert bob.id in queries.sitters_at(group.id, LATER)


def test_the_last_convenor_cannot_leave_or_step_down(app):
    ada = make.member()
    group = found(ada)
    for act in (services.leave, services.step_down):
        with pytest.raises(Refused) as refused, write_transaction():
            act(group, ada.id, LATER)
        assert (refused.value.reason, refused.value.facts) == ("group.last_convenor", {"group": "Tech"})


def test_a_convenor_who_handed_over_may_leave(app):
    ada, bob = make.member(), make.member()
    group = found(ada)
    with write_transaction():
        services.join(group, bob.id, NOW)
        services.appoint_convenor(group, bob.id, ada.id, LATER)
    assert queries.convenor_ids(group.id, LATER) == {ada.id, bob.id}
    with write_transaction():
        services.step_down(group, ada.id, LATER + timedelta(hours=1))
        services.leave(group, ada.id, LATER + timedelta(hours=2))
    assert queries.sitters_at(group.id, LATER + timedelta(hours=3)) == {bob.id}


def test_a_convenor_whose_fellow_convenor_left_the_coop_is_the_last_one(app):
    ada, bob = make.member(), make.member()
    group = found(ada)
    with write_transaction() as session:
        services.join(group, bob.id, NOW)
        services.appoint_convenor(group, bob.id, ada.id, NOW)
        session.scalars(select(Membership).where(Membership.party_id == bob.id)).one().ceased_at = NOW
    with pytest.raises(Refused), write_transaction():
        services.leave(group, ada.id, LATER)


def test_only_those_in_the_group_become_convenor(app):
    ada, bob = make.member(), make.member()
    group = found(ada, joining="asked")
    for _attempt in ("a stranger", "an asker"):
        with pytest.raises(Refused) as refused, write_transaction():
            services.appoint_convenor(group, bob.id, ada.id, NOW)
        assert refused.value.reason == "group.not_seated"
        with write_transaction():
            services.join(group, bob.id, NOW)


def test_a_seat_does_not_count_after_its_holder_left_the_coop(app):
    ada, bob = make.member(), make.member()
    group = found(ada)
    with write_transaction() as session:
        services.join(group, bob.id, NOW)
        session.scalars(select(Membership).where(Membership.party_id == bob.id)).one().ceased_at = LATER
    assert bob.id in queries.sitters_at(group.id, NOW)
    assert queries.sitters_at(group.id, LATER) == {ada.id}
    assert [line.members for line in queries.group_lines(LATER)] == [1]


def test_a_change_of_role_does_not_break_a_spell_and_leaving_does(app):
    ada, bob = make.member(), make.member()
    group = found(ada)
    days = [NOW + timedelta(days=n) for n in range(5)]
    with write_transaction():
        services.join(group, bob.id, days[0])
        services.appoint_convenor(group, bob.id, ada.id, days[1])
        services.leave(group, bob.id, days[2])
        services.join(group, bob.id, days[3])
    spells = queries.seat_spells(group.id, bob.id)
    assert [(spell.starts_at, spell.ends_at) for spell in spells] == [(days[0], days[2]), (days[3], None)]


def test_every_change_of_seats_counts_the_version_up(app):
    ada, bob = make.member(), make.member()
    group = found(ada, joining="asked")
    versions = [group.version]
    for act in (
        lambda: services.join(group, bob.id, NOW),
        lambda: services.seat_asker(group, bob.id, ada.id, NOW),
        lambda: services.appoint_convenor(group, bob.id, ada.id, NOW),
        lambda: services.step_down(group, bob.id, NOW),
        lambda: services.leave(group, bob.id, NOW),
    ):
        with write_transaction():
            act()
        versions.append(group.version)
    assert versions == sorted(set(versions))


def test_a_seat_that_ends_before_it_begins_is_found(app):
    group, ada = make.group(), make.member()
    assert run_checks()["seats run forward"] == []
    with write_transaction() as session:
        session.add(Seat(group_id=group.id, party_id=ada.id, role="member", starts_at=LATER, ends_at=NOW))
    assert len(run_checks()["seats run forward"]) == 1


def test_an_unknown_group_is_not_found(app):
    with pytest.raises(NotFound):
        queries.group_by_slug("nothing")
    with pytest.raises(NotFound):
        queries.group_by_id(99)


def test_a_group_has_no_more_members_than_seats(app):
    ada, bo, cy = make.member(), make.member(), make.member()
    group = found(ada)
    with write_transaction():
        services.edit_group(group, "Tech", "s", "p", "open", ada.id, NOW, seats=2)
        services.join(group, bo.id, NOW)
    with pytest.raises(Refused) as refused, write_transaction():
        services.join(group, cy.id, NOW)
    assert refused.value.reason == "group.full"
    with write_transaction():
        services.leave(group, bo.id, LATER)
        services.join(group, cy.id, LATER)
    assert queries.sitters_at(group.id, LATER) == {ada.id, cy.id}


def test_a_group_cannot_get_fewer_seats_than_are_taken(app):
    ada, bo = make.member(), make.member()
    group = found(ada)
    with write_transaction():
        services.join(group, bo.id, NOW)
    with pytest.raises(Refused) as refused, write_transaction():
        services.edit_group(group, "Tech", "s", "p", "open", ada.id, NOW, seats=1)
    assert (refused.value.reason, refused.value.field) == ("group.fewer_seats", "seats")


def test_a_convenor_of_a_full_group_can_be_appointed_from_its_members(app):
    ada, bo = make.member(), make.member()
    group = found(ada)
    with write_transaction():
        services.join(group, bo.id, NOW)
        services.edit_group(group, "Tech", "s", "p", "open", ada.id, NOW, seats=2)
        services.appoint_convenor(group, bo.id, ada.id, LATER)
    assert queries.convenor_ids(group.id, LATER) == {ada.id, bo.id}


def test_fifty_two_applicants_at_once_for_fifty_seats_make_fifty_members(app, sign_in):
    convenor = make.member()
    group = found(convenor)
    with write_transaction():
        services.edit_group(group, "Tech", "s", "p", "open", convenor.id, NOW, seats=51)
        applicants = [make.member().id for _ in range(52)]
    browsers = [sign_in(party_id) for party_id in applicants]

    def ask(browser):
        with app.app_context():
            return browser.submit("/g/tech/join").status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, browsers))
    assert Counter(answers) == {303: 50, 409: 2}
    assert queries.member_count(group.id, NOW) == 51
    assert broken_at() is None
