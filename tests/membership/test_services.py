"""Admitting, ceasing, offices, invitations; on both databases."""

import threading
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from coopgov.core.errors import Refused
from coopgov.identity.models import Login, Party
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Invitation, Membership, Tenure
from coopgov.membership.queries import register as queries
from coopgov.membership.rules.register import INVITATION_LASTS
from coopgov.membership.services import register as services
from tests import factories
from tests.conftest import NOW

DAY = timedelta(days=1)


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditRow.act).order_by(AuditRow.number)))


def events() -> list[str]:
    return list(db.session.scalars(select(EventRow.name).order_by(EventRow.id)))


def invited(email: str = "ada@example.org", office: str = "") -> Invitation:
    with write_transaction():
        return services.invite(email, office, None, "en", NOW)


# Members


def test_members_are_numbered_in_the_order_of_admission(app: Flask) -> None:
    ada, bob = factories.person(), factories.person()
    with write_transaction():
        assert services.admit(ada.id, NOW, "cli").number == 1
        assert services.admit(bob.id, NOW, ada.id).number == 2
    assert acts() == ["member.admitted", "member.admitted"]
    assert events() == ["membership.member_admitted"] * 2
    assert queries.members_at(NOW) == [(ada.id, 1), (bob.id, 2)]
    assert queries.members_now(NOW) == 2
    assert queries.members_now(NOW - DAY) == 0


def test_nobody_is_a_member_twice(app: Flask) -> None:
    ada = factories.member()
    with pytest.raises(Refused, match=r"member\.already"), write_transaction():
        services.admit(ada.id, NOW, "cli")


def test_a_number_is_never_given_again(app: Flask) -> None:
    ada, bob = factories.person(), factories.person()
    with write_transaction():
        services.admit(ada.id, NOW, "cli")
        services.cease(ada.id, "resigned", NOW + DAY, ada.id)
        assert services.admit(bob.id, NOW + DAY, "cli").number == 2
        assert services.admit(ada.id, NOW + 2 * DAY, "cli").number == 3


def test_a_membership_ends_and_leaves_its_dates(app: Flask) -> None:
    ada = factories.person("Ada")
    with write_transaction():
        services.admit(ada.id, NOW, "cli")
    with write_transaction():
        services.cease(ada.id, "resigned", NOW + DAY, ada.id)
    assert queries.member_number(ada.id, NOW + DAY - timedelta(seconds=1)) == 1
    assert queries.member_number(ada.id, NOW + DAY) is None
    assert queries.membership_spells(ada.id) == [queries.Spell(NOW, NOW + DAY, 1)]
    assert events()[-1] == "membership.ceased"


def test_who_is_no_member_cannot_cease(app: Flask) -> None:
    ada = factories.person()
    with pytest.raises(Refused, match=r"member\.not"), write_transaction():
        services.cease(ada.id, "resigned", NOW, "cli")


def test_a_reason_that_does_not_exist_is_a_mistake_of_the_program(app: Flask) -> None:
    ada = factories.member()
    with pytest.raises(ValueError, match="boredom"), write_transaction():
        services.cease(ada.id, "boredom", NOW, "cli")


def test_offices_end_with_the_membership(app: Flask) -> None:
    ada = factories.officer("admin")
    with write_transaction():
        services.cease(ada.id, "resigned", NOW, ada.id)
    assert queries.offices(ada.id, NOW) == frozenset()
    assert queries.offices(ada.id, NOW - DAY) == {"admin"}
    assert acts() == ["office.ended", "member.ceased"]


def test_members_are_listed_by_name(app: Flask) -> None:
    zoe, ada = factories.member("Zoe"), factories.member("Ada")
    factories.person("Eve")
    assert queries.member_names(NOW) == [(ada.id, "Ada"), (zoe.id, "Zoe")]


def test_many_admitted_at_once_get_different_numbers(app: Flask) -> None:
    people = [factories.person().id for _ in range(8)]

    def admit(party_id: int) -> None:
        with app.app_context():
            with write_transaction():
                services.admit(party_id, NOW, "cli")
            db.session.remove()

    threads = [threading.Thread(target=admit, args=(party_id,)) for party_id in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()  # what this thread has read ends here
    assert sorted(db.session.scalars(select(Membership.number))) == list(range(1, 9))


# Offices


def test_a_member_takes_an_office(app: Flask) -> None:
    ada = factories.member()
    with write_transaction():
        services.appoint(ada.id, "treasurer", NOW, "cli")
    assert queries.offices(ada.id, NOW) == {"treasurer"}
    assert acts() == ["office.taken"]
    assert events() == ["membership.office_taken"]


def test_an_office_is_for_members_exists_and_is_taken_once(app: Flask) -> None:
    ada, eve = factories.officer("admin"), factories.person()
    for party, office, reason in (
        (ada, "king", "office.unknown"),
        (eve, "admin", "member.not"),
        (ada, "admin", "office.held"),
    ):
        with pytest.raises(Refused) as refusal, write_transaction():
            services.appoint(party.id, office, NOW, "cli")
        assert refusal.value.reason == reason


# Invitations


def test_an_invited_person_becomes_a_member(app: Flask) -> None:
    row = invited("Ada@Example.org")
    with write_transaction():
        ada = services.accept_invitation(row, "Ada", NOW + DAY)
    assert ada.name == "Ada"
    assert queries.member_number(ada.id, NOW + DAY) == 1
    assert queries.offices(ada.id, NOW + DAY) == frozenset()
    assert db.session.scalars(select(Login.email)).one() == "Ada@Example.org"
    assert acts() == ["invitation.sent", "person.created", "invitation.accepted", "member.admitted"]
    assert events() == ["membership.person_invited", "membership.member_admitted"]


def test_an_invitation_is_accepted_once(app: Flask) -> None:
    row = invited()
    with write_transaction():
        services.accept_invitation(row, "Ada", NOW)
    with pytest.raises(Refused, match=r"invitation\.accepted"), write_transaction():
        services.accept_invitation(row, "Eve", NOW)
    assert db.session.scalar(select(func.count()).select_from(Party)) == 1


def test_an_invitation_that_is_too_old_or_withdrawn_admits_nobody(app: Flask) -> None:
    row = invited()
    with pytest.raises(Refused, match=r"invitation\.expired"), write_transaction():
        services.accept_invitation(row, "Ada", NOW + INVITATION_LASTS)
    with write_transaction() as session:
        session.execute(update(Invitation).values(withdrawn_at=NOW))
    with pytest.raises(Refused, match=r"invitation\.withdrawn"), write_transaction():
        services.accept_invitation(row, "Ada", NOW)


def test_a_second_invitation_takes_the_place_of_the_first(app: Flask) -> None:
    first, second = invited(), invited("ADA@example.org")
    with pytest.raises(Refused, match=r"invitation\.withdrawn"), write_transaction():
        services.accept_invitation(first, "Ada", NOW)
    with write_transaction():
        services.accept_invitation(second, "Ada", NOW)
    assert acts()[:3] == ["invitation.sent", "invitation.withdrawn", "invitation.sent"]


def test_a_member_is_not_invited(app: Flask) -> None:
    factories.member(email="ada@example.org")
    with pytest.raises(Refused, match=r"member\.already") as refusal:
        invited("ADA@example.org")
    assert refusal.value.field == "email"


def test_who_has_a_login_keeps_it_and_their_name(app: Flask) -> None:
    ada = factories.person("Ada Lovelace", email="ada@example.org")
    row = invited()
    with write_transaction():
        assert services.accept_invitation(row, "Somebody else", NOW).id == ada.id
    assert queries.member_names(NOW) == [(ada.id, "Ada Lovelace")]


def test_an_invitation_to_an_office_that_does_not_exist_is_refused(app: Flask) -> None:
    with pytest.raises(Refused, match=r"office\.unknown"):
        invited(office="king")


# The first officer


def test_the_first_officer_is_invited_and_takes_office_on_joining(app: Flask) -> None:
    with write_transaction():
        row = services.first_officer("ada@example.org", NOW)
    assert isinstance(row, Invitation)
    with write_transaction():
        ada = services.accept_invitation(row, "Ada", NOW)
    assert queries.offices(ada.id, NOW) == {"admin"}


def test_a_member_becomes_an_officer_at_once(app: Flask) -> None:
    ada = factories.member(email="ada@example.org")
    with write_transaction():
        party = services.first_officer("ada@example.org", NOW)
    assert isinstance(party, Party)
    assert queries.offices(ada.id, NOW) == {"admin"}


# Self-checks


def faults() -> list[str]:
    return [fault for check in queries.CHECKS for fault in check.faults()]


def test_a_sound_register_passes_the_checks(app: Flask) -> None:
    factories.officer("admin")
    factories.member()
    assert faults() == []


def test_the_checks_find_an_officer_who_is_no_member(app: Flask) -> None:
    ada = factories.person()
    with write_transaction() as session:
        session.add(Tenure(party_id=ada.id, office="admin", starts_at=NOW))
    assert faults() == ["tenure 1 is held by somebody who is no member"]
