"""Telling many at once, and the choice of mails, below the pages."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail import Letter, Mail, post_all
from coopgov.infra.outbox import EventRow
from coopgov.notifications.models import Notice
from coopgov.notifications.services import News, choose_mail, tell
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def news(app) -> News:
    with write_transaction() as session:
        event = EventRow(name="test", version=1, payload={}, at=NOW)
        session.add(event)
    return News(kind="seat_asked", event_id=event.id, title="Tech", path="/g/tech/people", by_name="Ada")


def letter(party) -> Letter:
    return Letter(kind="notice_seat_asked", address="x@example.org", language="en", facts={}, party_id=party.id)


def test_the_same_thing_is_told_to_the_same_person_only_once(news):
    ada = factories.member()
    with write_transaction():
        tell(news, {ada.id}, NOW)
    with pytest.raises(IntegrityError), write_transaction():
        tell(news, {ada.id}, NOW)
    assert db.session.scalar(select(func.count()).select_from(Notice)) == 1


def test_telling_nobody_asks_nothing_of_the_database(news, statements):
    with write_transaction(), statements() as sent:
        tell(news, set(), NOW)
    assert len(sent) == 0


def test_letters_under_the_same_key_go_out_once_to_each(app):
    ada, ben = factories.member(), factories.member()
    with write_transaction():
        post_all([letter(ada)], "moved", NOW)
    with write_transaction():
        post_all([letter(ada), letter(ben)], "moved", NOW)
        post_all([], "nobody", NOW)
    assert set(db.session.scalars(select(Mail.party_id))) == {ada.id, ben.id}
    assert db.session.scalar(select(func.count()).select_from(Mail)) == 2


def test_each_letter_has_a_message_id_of_its_own_and_is_sent(news, catch_up, mails):
    people = [factories.member() for _ in range(3)]
    with write_transaction():
        tell(news, {person.id for person in people}, NOW)
    catch_up()
    assert len({mail["Message-ID"] for mail in mails()}) == 3
    assert {mail["To"] for mail in mails()} == set(db.session.scalars(select(Mail.address)))


def test_a_person_without_a_login_is_told_in_the_inbox_alone(news, catch_up, mails):
    from coopgov.identity.models import Login

    ada = factories.member()
    with write_transaction() as session:
        session.delete(session.scalars(select(Login).filter_by(party_id=ada.id)).one())
    with write_transaction():
        tell(news, {ada.id}, NOW)
    catch_up()
    assert db.session.scalar(select(func.count()).select_from(Notice)) == 1
    assert mails() == []


def test_a_choice_is_kept_until_the_next_one(app):
    from coopgov.notifications.queries import mail_choices

    ada = factories.member()
    for by_mail in (False, True, False):
        with write_transaction():
            choose_mail(ada.id, "mention", by_mail, NOW)
        assert mail_choices(ada.id)["mention"] is by_mail
