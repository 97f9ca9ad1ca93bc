"""What identity writes: people, sessions, links, counters; on both databases."""

import threading
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.errors import NotFound, Refused
from coopgov.core.ids import random_id
from coopgov.identity import queries, services
from coopgov.identity.models import Attempt, Login, MailLink, Party, SessionRow
from coopgov.identity.rules import (
    LINK_LASTS,
    NEW_EMAIL,
    SESSION_IDLES,
    SESSION_LASTS,
    SIGN_IN,
    SPENT_LINK_KEPT,
    WINDOW,
    window_of,
)
from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from tests import factories
from tests.conftest import NOW, Clock

WHO = {"address": "ada@example.org", "network": "192.0.2.7"}


def login_of(party: Party) -> Login:
    login = queries.login_of(party.id)
    assert login is not None
    return login


def started(party: Party, **kwargs: Any) -> str:
    with write_transaction():
        return services.start_session(login_of(party), "mail", "Firefox · Linux", kwargs.get("now", NOW))


def ticket_for(party: Party, purpose: str = SIGN_IN, address: str = "") -> str:
    with write_transaction() as session:
        row = MailLink(
            id=random_id(),
            login_id=login_of(party).id,
            purpose=purpose,
            address=address,
            next_path="/groups",
            created_at=NOW,
            expires_at=NOW + LINK_LASTS,
        )
        session.add(row)
        return row.id


def acts() -> list[str]:
    return list(db.session.scalars(select(AuditRow.act).order_by(AuditRow.number)))


def events() -> list[str]:
    return list(db.session.scalars(select(EventRow.name).order_by(EventRow.id)))


# People


def test_a_person_has_a_login_under_the_address(app: Flask) -> None:
    with write_transaction():
        party = services.create_person("Ada", " Ada@Example.org ", "", NOW)
    login = login_of(party)
    assert (login.email, login.email_key, login.password_hash) == ("Ada@Example.org", "ada@example.org", None)
    assert acts() == ["person.created"]


def test_an_address_belongs_to_one_person_whatever_its_case(app: Flask) -> None:
    factories.person(email="ada@example.org")
    with pytest.raises(Refused, match=r"email\.taken"), write_transaction():
        services.create_person("Ada", "ADA@example.org", "", NOW)


def test_dots_and_tags_make_another_address(app: Flask) -> None:
    factories.person(email="ada@example.org")
    with write_transaction():
        services.create_person("Ada", "a.da+coop@example.org", "", NOW)
    assert db.session.scalar(select(func.count()).select_from(Login)) == 2


def test_people_are_found_by_name_address_and_language(app: Flask) -> None:
    ada, bob = factories.person("Ada", "ada@example.org"), factories.person("Bob", "bob@example.org", language="cy")
    with write_transaction() as session:
        nobody = Party(name="The Bakery", kind="organisation", created_at=NOW)
        session.add(nobody)
    assert queries.names_of([ada.id, nobody.id, 999]) == {ada.id: "Ada", nobody.id: "The Bakery"}
    assert queries.recipient(ada.id) == queries.Recipient(ada.id, "Ada", "ada@example.org", "en")
    assert queries.recipients([ada.id, bob.id, nobody.id])[bob.id].language == "cy"
    assert queries.recipient(nobody.id) is None
    assert queries.names_of([]) == queries.recipients([]) == {}


def test_a_party_that_does_not_exist_is_a_lookup_error(app: Flask) -> None:
    with pytest.raises(LookupError):
        queries.party(999)


# Sessions


def test_a_session_signs_in_and_its_cookie_is_stored_nowhere(app: Flask) -> None:
    ada = factories.person("Ada")
    cookie = started(ada)
    person = queries.signed_in(cookie, NOW)
    assert person is not None
    assert person.name == "Ada"
    assert person.session_id != cookie
    assert acts() == ["session.started"]
    assert events() == ["identity.signed_in"]


def test_two_sessions_never_share_an_id(app: Flask) -> None:
    ada = factories.person()
    assert started(ada) != started(ada)


def test_a_session_ends_after_ninety_days_however_busy(app: Flask) -> None:
    cookie = started(factories.person())
    last = NOW + SESSION_LASTS - timedelta(seconds=1)
    with write_transaction():
        services.note_visit(queries.session_key(cookie), last)
    assert queries.signed_in(cookie, last)
    assert queries.signed_in(cookie, NOW + SESSION_LASTS) is None


def test_a_session_ends_after_thirty_days_without_a_visit(app: Flask) -> None:
    cookie = started(factories.person())
    assert queries.signed_in(cookie, NOW + SESSION_IDLES - timedelta(seconds=1))
    assert queries.signed_in(cookie, NOW + SESSION_IDLES) is None


def test_a_session_can_be_ended_by_its_owner(app: Flask) -> None:
    ada = factories.person()
    cookie = started(ada)
    with write_transaction():
        services.end_session(queries.session_key(cookie), login_of(ada).id, NOW)
    assert queries.signed_in(cookie, NOW) is None


def test_a_session_cannot_be_ended_by_anybody_else(app: Flask) -> None:
    ada, bob = factories.person(), factories.person()
    cookie = started(ada)
    with pytest.raises(NotFound), write_transaction():
        services.end_session(queries.session_key(cookie), login_of(bob).id, NOW)
    assert queries.signed_in(cookie, NOW)


def test_ending_all_others_leaves_this_one_and_other_peoples(app: Flask) -> None:
    ada, bob = factories.person(), factories.person()
    here, there, bobs = started(ada), started(ada), started(bob)
    with write_transaction():
        assert services.end_sessions(login_of(ada).id, queries.session_key(here), NOW) == 1
    assert queries.signed_in(here, NOW)
    assert queries.signed_in(bobs, NOW)
    assert queries.signed_in(there, NOW) is None


def test_live_sessions_are_listed_last_used_first(app: Flask) -> None:
    ada = factories.person()
    old, new = started(ada), started(ada, now=NOW + timedelta(hours=1))
    started(ada, now=NOW - SESSION_IDLES)
    rows = queries.live_sessions(login_of(ada).id, NOW + timedelta(hours=1))
    assert [row.id for row in rows] == [queries.session_key(new), queries.session_key(old)]


# Links


def test_a_link_signs_in_once(app: Flask) -> None:
    ticket = ticket_for(factories.person("Ada"))
    with write_transaction():
        cookie, path = services.use_sign_in_link(ticket, "", NOW)
    assert path == "/groups"
    assert queries.signed_in(cookie, NOW)
    with pytest.raises(Refused, match=r"link\.spent"), write_transaction():
        services.use_sign_in_link(ticket, "", NOW)


def test_a_link_is_too_old_after_fifteen_minutes(app: Flask) -> None:
    ticket = ticket_for(factories.person())
    with pytest.raises(Refused, match=r"link\.spent"), write_transaction():
        services.use_sign_in_link(ticket, "", NOW + LINK_LASTS)


def test_a_link_made_for_something_else_does_not_sign_in(app: Flask) -> None:
    ticket = ticket_for(factories.person(), NEW_EMAIL, "new@example.org")
    with pytest.raises(Refused, match=r"link\.spent"), write_transaction():
        services.use_sign_in_link(ticket, "", NOW)


def test_of_many_who_press_the_button_at_once_one_gets_in(app: Flask) -> None:
    ticket = ticket_for(factories.person())
    results: list[str] = []

    def press() -> None:
        with app.app_context():
            try:
                with write_transaction():
                    services.use_sign_in_link(ticket, "", NOW)
                results.append("in")
            except Refused as refused:
                results.append(refused.reason)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["in"] + ["link.spent"] * 5


def test_a_new_password_ends_every_session_and_every_link(app: Flask) -> None:
    ada = factories.person()
    old, ticket = started(ada), ticket_for(ada)
    with write_transaction():
        new = services.change_password(login_of(ada), "hash", "", NOW)
    assert queries.signed_in(old, NOW) is None
    assert queries.signed_in(new, NOW)
    with pytest.raises(Refused), write_transaction():
        services.use_sign_in_link(ticket, "", NOW)
    assert "identity.password_changed" in events()
    assert "password.changed" in acts()


def test_a_new_address_holds_when_its_link_is_used(app: Flask) -> None:
    ada = factories.person(email="ada@example.org")
    old, ticket = started(ada), ticket_for(ada, NEW_EMAIL, "Ada@New.example")
    with write_transaction():
        services.use_email_link(ticket, "", NOW)
    assert login_of(ada).email == "Ada@New.example"
    assert queries.login_by_email("ada@example.org") is None
    assert queries.signed_in(old, NOW) is None
    assert "identity.email_changed" in events()


def test_an_address_that_was_taken_meanwhile_stays_with_its_owner(app: Flask) -> None:
    ada, bob = factories.person(email="ada@example.org"), factories.person(email="bob@example.org")
    ticket = ticket_for(ada, NEW_EMAIL, "bob@example.org")
    with pytest.raises(Refused, match=r"email\.taken"), write_transaction():
        services.use_email_link(ticket, "", NOW)
    owner = queries.login_by_email("bob@example.org")
    assert owner is not None
    assert owner.party_id == bob.id


# Profile


def test_an_unchanged_profile_leaves_no_trace(app: Flask) -> None:
    ada = factories.person("Ada")
    with write_transaction():
        services.edit_profile(ada, "Ada", "full", "", "", NOW)
    assert (acts(), events()) == ([], [])


def test_a_changed_profile_is_noted_without_the_words(app: Flask) -> None:
    ada = factories.person("Ada")
    with write_transaction():
        services.edit_profile(ada, "Ada L", "initial", "", "dark", NOW)
    row = db.session.scalars(select(AuditRow)).one()
    assert row.details == {"fields": "name,public_name,theme"}
    assert events() == ["identity.profile_changed"]


# Counters


def spend(tries: int, who: dict[str, str], now: Any = NOW) -> None:
    for _ in range(tries):
        with write_transaction():
            services.count_try("password", who, now)


def test_the_eleventh_try_from_a_network_is_refused_with_the_time_to_wait(app: Flask) -> None:
    spend(10, WHO)
    with pytest.raises(Refused, match=r"try\.later") as refusal:
        spend(1, WHO)
    assert refusal.value.facts["wait_s"] == 900
    assert db.session.scalars(select(Attempt.tries)).all() == [10, 10]


def test_from_another_network_the_same_address_may_still_be_tried(app: Flask) -> None:
    spend(10, WHO)
    spend(10, WHO | {"network": "192.0.2.8"})


def test_over_many_networks_an_address_may_be_tried_25_times(app: Flask) -> None:
    for number in range(25):
        spend(1, WHO | {"network": f"192.0.2.{number}"})
    with pytest.raises(Refused, match=r"try\.later"):
        spend(1, WHO | {"network": "192.0.2.99"})


def test_a_new_window_begins_with_a_clean_count(app: Flask) -> None:
    spend(10, WHO)
    spend(10, WHO, NOW + WINDOW)


def test_a_right_password_takes_its_try_back(app: Flask) -> None:
    spend(10, WHO)
    with write_transaction():
        services.forgive_try("password", WHO, NOW)
    spend(1, WHO)


def test_many_tries_at_once_get_no_more_than_one_after_the_other(app: Flask) -> None:
    counted: list[bool] = []

    def try_once() -> None:
        with app.app_context():
            try:
                spend(1, WHO)
                counted.append(True)
            except Refused:
                counted.append(False)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=try_once) for _ in range(14)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted.count(True) == 10


# Cleaning


def test_the_sweep_deletes_what_is_over_and_keeps_what_is_not(app: Flask) -> None:
    ada = factories.person()
    live, ended, ticket = started(ada), started(ada), ticket_for(ada)
    with write_transaction():
        services.end_session(queries.session_key(ended), login_of(ada).id, NOW)
        services.count_try("password", WHO, NOW)
        services.sweep(NOW)
    assert db.session.scalar(select(func.count()).select_from(SessionRow)) == 2
    with write_transaction():
        services.sweep(NOW + SPENT_LINK_KEPT + LINK_LASTS)
    assert [row.id for row in db.session.scalars(select(SessionRow))] == [queries.session_key(live)]
    assert db.session.get(MailLink, ticket) is None
    assert db.session.scalar(select(func.count()).select_from(Attempt)) == 0
    with write_transaction():
        services.sweep(NOW + SESSION_LASTS)
    assert db.session.scalar(select(func.count()).select_from(SessionRow)) == 0
    assert acts()[-1] == "identity.swept"


def test_the_clock_sweeps_once_a_day(app: Flask, clock: Clock, catch_up: Any) -> None:
    started(factories.person())
    catch_up()
    clock.forward(days=40)
    catch_up()
    assert db.session.scalar(select(func.count()).select_from(SessionRow)) == 0


def test_windows_are_numbered_without_gaps() -> None:
    assert window_of(NOW + WINDOW) - window_of(NOW) == 1
