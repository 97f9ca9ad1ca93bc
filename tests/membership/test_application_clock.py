"""What time does to applications: reminders, ends, forgetting; late, twice, on both databases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.errors import Refused
from coopgov.identity.models import Login, Party
from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail import Mail, post
from coopgov.membership.models import Application, ApplicationNote, Tenure
from coopgov.membership.services import application_clock, application_mails
from coopgov.membership.services.applications import move
from coopgov.membership.services.register import accept_invitation, admit, invite
from tests import factories
from tests.conftest import NOW, Browser, Clock
from tests.membership.applying import DAY, HOUR, application, filled, link_in, read_by, secretary, state_of, terms
from tests.membership.dues import contribution

Mails = Callable[[], list[Any]]


@pytest.fixture
def pass_time(app: Flask, clock: Clock, catch_up: Callable[[], int]) -> Callable[..., None]:
    """The clock goes on and the worker comes round, twice, as after a crash."""

    def on(**span: float) -> None:
        clock.forward(**span)
        catch_up()
        clock.forward(minutes=11)
        catch_up()
        clock.forward(minutes=-11)

    return on


def subjects(mails: Mails) -> list[str]:
    return [mail["Subject"] for mail in mails()]


def test_an_unconfirmed_application_is_gone_after_a_week_without_a_mail(
    app: Flask, client: Browser, pass_time: Callable[..., None], mails: Mails
) -> None:
    terms()
    client.submit("/join", **filled(app))
    row = db.session.scalars(select(Application)).one()
    pass_time(minutes=1)
    pass_time(days=7, seconds=-1200)
    assert state_of(row) == "started"
    pass_time(seconds=1200)
    assert state_of(row) == "expired"
    assert row.is_erased
    assert (row.email, row.name, row.about) == ("", "", "")
    assert subjects(mails) == ["Confirm your application"]
    assert db.session.scalars(select(Mail.address)).all() == [""]


def test_a_mail_that_still_waits_is_not_sent_to_an_address_that_was_erased(app: Flask, clock: Clock) -> None:
    row = application("started", since=NOW - 7 * DAY)
    with write_transaction():
        from coopgov.membership.services.applications import send_confirmation_again

        send_confirmation_again(row, NOW)
        application_clock.expire(row, NOW)
    mail = db.session.scalars(select(Mail)).one()
    assert (mail.state, mail.address, mail.facts) == ("dropped", "", {})


def test_a_question_is_brought_to_mind_twice_and_then_it_is_over(
    app: Flask, pass_time: Callable[..., None], mails: Mails
) -> None:
    row = application("needs_info", claimed_by=secretary().id)
    seen = []
    for day in range(1, 30):
        pass_time(days=1)
        seen += [day] * (len(mails()) - len(seen))
    assert seen == [7, 21, 28]
    assert subjects(mails)[:2] == ["A question still waits for your answer"] * 2
    assert subjects(mails)[2] == "Your application to Test Co-op has expired"
    assert "The application waits for 21 more days." in mails()[0].get_body(("plain",)).get_content()
    assert (state_of(row), row.is_erased) == ("expired", False)
    assert link_in(mails()[2], "/join/status/")


def test_finishing_is_brought_to_mind_twice_and_can_be_taken_up_after_the_end(
    app: Flask, client: Browser, pass_time: Callable[..., None], mails: Mails
) -> None:
    ada = factories.person(email="ada@example.org")
    row = application("approved", party_id=ada.id, decided_at=NOW, decided_by=secretary().id)
    seen = []
    for day in range(1, 32):
        pass_time(days=1)
        seen += [day] * (len(mails()) - len(seen))
    assert seen == [7, 25, 30]
    assert link_in(mails()[0], "/join/finish/")
    assert "The link holds for 5 more days." in mails()[1].get_body(("plain",)).get_content()
    assert state_of(row) == "expired"
    path = link_in(mails()[2], "/join/status/")
    assert client.submit(f"{path}/revive").status_code == 303
    assert state_of(row) == "approved"


def test_who_paid_after_the_end_is_still_admitted(app: Flask, pass_time: Callable[..., None]) -> None:
    row = application("approved", since=NOW - 31 * DAY)
    pass_time(minutes=1)
    assert state_of(row) == "expired"
    with write_transaction():
        move(row, "admitted", NOW, "system")
    assert state_of(row) == "admitted"


def test_a_late_worker_reminds_once_and_never_of_what_is_over(
    app: Flask, pass_time: Callable[..., None], mails: Mails
) -> None:
    application("approved", since=NOW - 26 * DAY)
    application("approved", email="bob@example.org", since=NOW - 40 * DAY)
    pass_time(minutes=1)
    assert sorted(subjects(mails)) == [
        "You can still finish joining Test Co-op",
        "Your application to Test Co-op has expired",
    ]


def test_reminders_begin_anew_with_each_question(app: Flask, pass_time: Callable[..., None]) -> None:
    row = application("needs_info", claimed_by=secretary().id)
    pass_time(days=7)
    db.session.rollback()
    assert db.session.get_one(Application, row.id).reminders == 1
    with write_transaction():
        move(row, "in_review", NOW + 7 * DAY, "applicant")
    assert row.reminders == 0


def test_a_claim_is_released_after_48_hours(app: Flask, pass_time: Callable[..., None]) -> None:
    row = read_by(secretary())
    pass_time(hours=47)
    assert state_of(row) == "in_review"
    pass_time(hours=1)
    assert (state_of(row), row.claimed_by, row.claimed_at) == ("submitted", None, None)


def test_a_claim_that_was_renewed_meanwhile_is_not_released(app: Flask) -> None:
    row = read_by(secretary())
    with write_transaction():
        application_clock.release_claim(row, NOW + 47 * HOUR)
    assert state_of(row) == "in_review"


@pytest.mark.parametrize(
    ("state", "days"), [("declined", 183), ("expired", 183), ("admitted", 183), ("withdrawn", 30), ("spam", 30)]
)
def test_what_was_written_is_erased_and_the_dates_stay(
    app: Flask, pass_time: Callable[..., None], state: str, days: int
) -> None:
    sue = secretary()
    row = application(
        state, skills="Maths", handle="ada", heard_from="Bob", organisation="X", groups=[1], reason_text="No.",
        reason_key="code", decided_by=sue.id, decided_at=NOW, submitted_at=NOW - DAY,
    )  # fmt: skip
    with write_transaction() as session:
        session.add(ApplicationNote(application_id=row.id, kind="note", by_id=sue.id, text="Ada is odd.", at=NOW))
    pass_time(days=days - 1)
    db.session.rollback()
    assert not db.session.get_one(Application, row.id).is_erased
    pass_time(days=1)
    assert state_of(row) == state
    assert row.is_erased
    left = {column.key: getattr(row, column.key) for column in Application.__table__.columns}
    assert not any("ada" in str(value).lower() for value in left.values())
    assert (row.skills, row.heard_from, row.organisation, row.groups, row.reason_text) == ("", "", "", [], "")
    assert (row.reason_key, row.decided_at, row.submitted_at) == ("code", NOW, NOW - DAY)
    assert db.session.scalar(select(func.count()).select_from(ApplicationNote)) == 0


def test_secretaries_hear_once_a_day_that_somebody_waits(
    app: Flask, clock: Clock, catch_up: Callable[[], int], mails: Mails
) -> None:
    sue, bob = secretary(), secretary("Bob")
    with write_transaction() as session:
        session.query(Tenure).filter_by(party_id=bob.id).one().ends_at = NOW
    catch_up()
    assert mails() == []
    application(since=NOW - timedelta(days=2))
    application(email="bob@example.org", since=NOW - HOUR)
    for hours in (1, 2, 12, 4, 2, 4):  # 13:00, 15:00, 03:00, 07:00, 09:00, 13:00
        clock.forward(hours=hours)
        catch_up()
    assert subjects(mails) == ["2 applications wait"] * 2
    assert "The first has waited for 2 days." in mails()[0].get_body(("plain",)).get_content()
    assert link_in(mails()[0], "/membership") == "/membership"
    assert db.session.scalars(select(Mail.party_id)).all() == [sue.id] * 2


def test_what_ended_already_is_not_ended_again(app: Flask) -> None:
    row = application("withdrawn")
    with pytest.raises(Refused, match=r"application\.moved"), write_transaction():
        application_clock.expire(row, NOW)
    with write_transaction():
        application_clock.remind(row, NOW + 400 * DAY)
    assert db.session.scalar(select(func.count()).select_from(Mail)) == 0


def test_with_an_application_that_came_to_nothing_goes_the_login_that_approval_made(app: Flask, mails: Mails) -> None:
    person = factories.person("Vera Vanished", "vera@example.org")
    row = application("expired", email="vera@example.org", party_id=person.id, decided_at=NOW)
    with write_transaction():
        post(application_mails.approved_letter(row), "to-vera", NOW)
    with write_transaction() as session:
        application_clock.erase(session.get_one(Application, row.id), NOW + 184 * DAY)
    db.session.rollback()
    assert db.session.scalar(select(Login.id).where(Login.party_id == person.id)) is None
    assert db.session.get_one(Party, person.id).name == ""
    assert db.session.scalars(select(Mail.address)).all() == [""]


@pytest.mark.parametrize("known_by", ["membership", "payment"])
def test_whoever_is_known_by_more_than_an_application_keeps_their_login(app: Flask, known_by: str) -> None:
    person = factories.person("Vera", "vera@example.org")
    if known_by == "membership":
        with write_transaction():
            admit(person.id, NOW, "cli")
    else:
        contribution(person, NOW)
    row = application("admitted", email="vera@example.org", party_id=person.id, decided_at=NOW)
    with write_transaction() as session:
        application_clock.erase(session.get_one(Application, row.id), NOW + 184 * DAY)
    db.session.rollback()
    assert db.session.scalar(select(Login.email).where(Login.party_id == person.id)) == "vera@example.org"


@pytest.mark.parametrize(("state", "after"), [("approved", "admitted"), ("submitted", "withdrawn")])
def test_an_application_ends_without_a_mail_when_its_writer_joins_by_invitation(
    app: Flask, pass_time: Callable[..., None], state: str, after: str
) -> None:
    person = factories.person("Ada", "ada@example.org")
    row = application(state, party_id=person.id if state == "approved" else None)
    with write_transaction():
        accept_invitation(invite("ada@example.org", "", None, "en", NOW), "", NOW)
    assert state_of(row) == after
    pass_time(days=31)
    kinds = set(db.session.scalars(select(Mail.kind)))
    assert not kinds & {"application-remind-finish", "application-expired"}
