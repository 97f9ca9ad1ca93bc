"""The first officer's pages: what they change, and that nobody else can."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.infra.coop import Coop
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job, enqueue
from coopgov.infra.mail import Mail
from coopgov.membership.models import Invitation, JoiningTerms, Tier
from tests import factories as make
from tests.conftest import NOW, Browser, Clock

PROFILE = {
    "name": "Harbour",
    "summary": "A friendly corner.",
    "about": "We *own* it.",
    "zone": "Europe/Berlin",
    "language": "en",
}


@pytest.fixture
def officer(app: Flask, sign_in: Callable[[int], Browser]) -> Browser:
    return sign_in(make.officer("admin", "Ada").id)


def test_the_overview_says_how_the_installation_is(officer: Browser) -> None:
    page = officer.get("/admin").text
    assert "Health of this installation" in page
    assert "First steps" in page


def test_the_co_op_s_profile_shows_on_every_page_at_once(officer: Browser, client: Browser) -> None:
    assert "Test Co-op" in client.get("/").text
    answer = officer.submit("/admin/coop", **PROFILE)
    assert (answer.status_code, answer.location) == (303, "/admin/coop?said=admin.described")
    page = client.get("/about").text
    assert "Harbour" in page
    assert "We <em>own</em> it." in page
    assert db.session.get_one(Coop, 1).zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": " "}, "Write the co-op&#39;s name."),
        ({"name": "x" * 81}, "1 character too many"),
        ({"zone": "Mars/Olympus"}, "Choose one of the options."),
        ({"about": "x" * 20_001}, "1 character too many"),
    ],
)
def test_a_profile_that_cannot_be_meant_is_refused_with_what_was_typed(
    officer: Browser, change: dict[str, str], says: str
) -> None:
    answer = officer.submit("/admin/coop", **PROFILE | change)
    assert answer.status_code == 422
    assert says in answer.text
    assert "A friendly corner." in answer.text
    assert db.session.get_one(Coop, 1).name == "Test Co-op"


def test_a_stale_form_keeps_what_was_typed(officer: Browser) -> None:
    answer = officer.post("/admin/coop", data=PROFILE, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422
    assert "open too long" in answer.text
    assert "A friendly corner." in answer.text


def test_an_invitation_is_mailed_listed_and_can_be_withdrawn(
    officer: Browser, catch_up: Callable[[], int], mails: Callable[[], list[Any]]
) -> None:
    assert officer.submit("/admin/invitations", email="bo@example.org").status_code == 303
    catch_up()
    assert [mail["To"] for mail in mails()] == ["bo@example.org"]
    assert "bo@example.org" in officer.get("/admin/invitations").text
    invitation = db.session.scalars(select(Invitation)).one()
    assert officer.submit(f"/admin/invitations/{invitation.id}/withdraw").status_code == 303
    db.session.expire_all()
    assert db.session.scalars(select(Invitation)).one().withdrawn_at is not None
    assert "Withdrawn" in officer.get("/admin/invitations").text


def test_an_address_that_is_none_is_refused(officer: Browser) -> None:
    answer = officer.submit("/admin/invitations", email="nobody at all")
    assert answer.status_code == 422
    assert "nobody at all" in answer.text
    assert db.session.scalars(select(Invitation)).all() == []


def test_what_was_given_up_can_be_tried_again(officer: Browser, catch_up: Callable[[], int], clock: Clock) -> None:
    with write_transaction():
        enqueue("nobody.knows", "k", {}, NOW)
    catch_up()
    page = officer.get("/admin/jobs").text
    assert "no task is called nobody.knows" in page
    job = db.session.scalars(select(Job).where(Job.key == "k")).one()
    assert officer.submit(f"/admin/jobs/{job.id}/again").status_code == 303
    db.session.expire_all()
    assert db.session.get_one(Job, job.id).state == "queued"


def test_the_mail_log_tells_whom_and_when_but_not_what(officer: Browser, catch_up: Callable[[], int]) -> None:
    officer.submit("/admin/invitations", email="bo@example.org")
    catch_up()
    page = officer.get("/admin/mail").text
    assert "bo@example.org" in page
    assert "Sent" in page
    assert db.session.scalars(select(Mail)).one().facts == {}


def test_the_checks_and_the_head_of_the_chain_are_shown(officer: Browser) -> None:
    officer.submit("/admin/coop", **PROFILE)
    page = officer.get("/admin/checks").text
    assert "audit chain" in page
    assert "nothing" in page


def test_the_checklist_goes_away_when_all_is_done(officer: Browser, app: Flask) -> None:
    assert "First steps" in officer.get("/").text
    officer.submit("/admin/coop", **PROFILE)
    officer.submit("/admin/invitations", email="bo@example.org")
    officer.submit("/groups/new", name="Tech", summary="Servers", purpose="", joining="open", seats="")
    make.thread(make.group("Community"), make.member())
    assert "Set the tiers" in officer.get("/").text
    with write_transaction() as session:
        session.add(Tier(slug="member", name="Member", min_minor=100, currency="GBP", offered_from=NOW))
        session.add(JoiningTerms(id=1, by_hand="Sort code 00-00-00"))
    assert "First steps" not in officer.get("/").text


def test_only_the_officer_sees_the_checklist(app: Flask, client: Browser, sign_in: Callable[[int], Browser]) -> None:
    assert "First steps" not in client.get("/").text
    assert "First steps" not in sign_in(make.member().id).get("/").text


@pytest.mark.parametrize("path", ["/admin", "/admin/coop", "/admin/invitations", "/admin/jobs", "/admin/mail"])
def test_for_everybody_else_the_pages_do_not_exist(
    app: Flask, client: Browser, sign_in: Callable[[int], Browser], path: str
) -> None:
    assert sign_in(make.member().id).get(path).status_code == 404
    assert client.get(path).location.startswith("/sign-in?next=")


def test_an_office_that_has_ended_opens_nothing(app: Flask, sign_in: Callable[[int], Browser], clock: Clock) -> None:
    ada = make.officer("admin")
    browser = sign_in(ada.id)
    assert browser.get("/admin").status_code == 200
    with write_transaction() as session:
        session.query(make.Tenure).filter_by(party_id=ada.id).one().ends_at = clock()
    assert browser.get("/admin").status_code == 404


def test_offices_are_given_and_ended(officer: Browser, sign_in: Callable[[int], Browser]) -> None:
    bo = make.member("Bo")
    form = {"member": bo.id, "office": "treasurer"}
    assert officer.submit("/admin/offices", **form).status_code == 303
    assert "Bo" in officer.get("/admin/offices").text
    assert sign_in(bo.id).get("/treasury").status_code == 200
    assert officer.submit("/admin/offices", **form).status_code == 409
    assert officer.submit("/admin/offices", member=9999, office="treasurer").status_code == 422
    number = db.session.scalars(select(make.Tenure.id).where(make.Tenure.party_id == bo.id)).one()
    assert officer.submit(f"/admin/offices/{number}/end").status_code == 303
    assert sign_in(bo.id).get("/treasury").status_code == 404


def test_the_last_administrator_stays(officer: Browser) -> None:
    number = db.session.scalars(select(make.Tenure.id)).one()
    answer = officer.submit(f"/admin/offices/{number}/end")
    assert answer.status_code == 409
    assert "appoint another one first" in answer.text
