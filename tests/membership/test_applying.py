"""Applying: the form, the confirmation, the status page; on both databases."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.errors import Refused
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail import Mail
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Application, ApplicationNote, JoiningTerms, WaitingListEntry
from coopgov.membership.rules.applications import COOL_DOWN, STAMP
from coopgov.membership.services import applications as services
from tests import factories
from tests.conftest import NOW, Browser, Clock
from tests.membership.applying import (
    DAY,
    application,
    confirm_path,
    edit,
    filled,
    link_in,
    read_by,
    secretary,
    state_of,
    status_path,
    terms,
    tier,
)

Mails = Callable[[], list[Any]]
CatchUp = Callable[[], int]


def count(model: type) -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def kinds() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Mail.kind).order_by(Mail.id)))


@pytest.fixture
def opened(app: Flask) -> Flask:
    terms()
    return app


class TestForm:
    def test_it_asks_three_questions_and_two_ticks_and_folds_the_rest(self, opened: Flask, client: Browser) -> None:
        factories.group("Tech")
        tier(100)
        page = client.get("/join").text
        for words in ("E-mail", "What should we call you?", "Tell us a bit about yourself", "I am 18 or over"):
            assert words in page
        assert "I accept the code of conduct (version 3)" in page
        assert 'href="/about" target="_blank"' in page
        assert '<option selected value="">Choose later</option>' in page
        assert "From 100: £1 a month or more" in page
        assert "<details><summary>Optional</summary>" in page
        assert "Tech" in page
        assert page.count('type="checkbox"') == 3

    def test_a_tier_that_is_renamed_is_shown_so_at_once(self, opened: Flask, client: Browser) -> None:
        row = tier(100)
        assert "From 100" in client.get("/join").text
        with write_transaction() as session:
            session.get_one(type(row), row.id).name = "Solidarity"
        assert "Solidarity: £1 a month or more" in client.get("/join").text

    def test_it_is_public_without_a_cookie_and_costs_one_statement_when_kept(
        self, opened: Flask, client: Browser, statements: Any
    ) -> None:
        client.get("/about")
        with statements() as sent:
            answer = client.get("/join")
        assert len(sent) <= 4
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["Cache-Control"].startswith("public")
        with statements() as sent:
            client.get("/join")
        assert len(sent) <= 1

    def test_what_is_sent_is_kept_and_a_mail_asks_whether_the_address_is_right(
        self, opened: Flask, client: Browser, catch_up: CatchUp, mails: Mails
    ) -> None:
        tech, wished = factories.group("Tech"), tier(100)
        extra = {"groups": [str(tech.id), "999", "x"], "tier": str(wished.id), "handle": "@ada", "skills": "Maths"}
        answer = client.submit("/join", **filled(opened, **extra, heard_from="Bob", organisation="Engines Ltd"))
        assert answer.status_code == 200
        assert "Check your e-mail" in answer.text
        row = db.session.scalars(select(Application)).one()
        assert (row.state, row.name, row.about, row.code_version) == (
            "started",
            "Ada Lovelace",
            "I write programs.",
            "3",
        )
        assert (row.groups, row.tier_id, row.handle, row.skills) == ([tech.id], wished.id, "ada", "Maths")
        assert (row.heard_from, row.organisation, row.min_age) == ("Bob", "Engines Ltd", 18)
        catch_up()
        (mail,) = mails()
        assert (mail["To"], mail["Subject"]) == ("ada@example.org", "Confirm your application")
        assert db.session.scalars(select(EventRow.name)).all() == ["membership.application_moved"]
        assert run_checks() == {name: [] for name in run_checks()}

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"email": ""}, "Write an e-mail address."),
            ({"email": "ada"}, "like name@example.org"),
            ({"name": ""}, "Write the name that members shall know you by."),
            ({"about": " \r\n "}, "Write a few words about yourself"),
            ({"code": None}, "you have to accept the code of conduct"),
            ({"age": None}, "you have to be old enough"),
            ({"handle": "a da"}, "Use the letters a to z"),
            ({"tier": "77"}, "Choose one of the options."),
            ({"form_token": "stale"}, "had been open too long"),
            ({"promise": "16 2 /about"}, "has changed meanwhile"),
        ],
    )
    def test_what_is_wrong_is_said_and_everything_typed_is_kept(
        self, opened: Flask, client: Browser, fields: dict[str, Any], words: str
    ) -> None:
        form = {key: value for key, value in filled(opened, skills="Maths").items() if key not in fields}
        form |= {key: value for key, value in fields.items() if value is not None}
        answer = client.submit("/join", **form)
        assert answer.status_code == 422
        assert words in answer.text
        assert 'role="alert"' in answer.text
        assert "<title>Error: " in answer.text
        assert "<details open>" in answer.text
        assert 'value="Maths"' in answer.text
        assert count(Application) == 0

    def test_the_terms_that_changed_are_read_and_then_accepted(self, opened: Flask, client: Browser) -> None:
        answer = client.submit("/join", **filled(opened, promise="16 2 /about"))
        assert 'name="promise" type="hidden" value="18 3 /about"' in answer.text

    def test_500_characters_beyond_the_first_plane_are_accepted_and_501_are_one_too_many(
        self, opened: Flask, client: Browser
    ) -> None:
        answer = client.submit("/join", **filled(opened, about="😀" * 501))
        assert answer.status_code == 422
        assert "1 character too many: at most 500." in answer.text
        assert "😀" * 501 in answer.text
        assert client.submit("/join", **filled(opened, about="😀" * 500)).status_code == 200
        assert count(Application) == 1

    def test_a_line_end_counts_as_one_character(self, opened: Flask, client: Browser) -> None:
        assert client.submit("/join", **filled(opened, about="a\r\n" * 249 + "ab")).status_code == 200
        db.session.rollback()
        assert len(db.session.scalars(select(Application.about)).one()) == 500

    def test_without_a_code_of_conduct_there_is_one_tick(self, app: Flask, client: Browser) -> None:
        terms(code_url="", code_version="")
        assert "code of conduct" not in client.get("/join").text
        form = filled(app, promise="18  ")
        del form["code"]
        assert client.submit("/join", **form).status_code == 200
        assert count(Application) == 1

    def test_the_coops_own_question_stands_above_the_text_and_is_kept_with_the_answer(
        self, app: Flask, client: Browser
    ) -> None:
        terms(prompt="Which instance are you from?")
        assert "Which instance are you from?" in client.get("/join").text
        client.submit("/join", **filled(app))
        db.session.rollback()
        assert db.session.scalars(select(Application.prompt)).one() == "Which instance are you from?"


class TestMachines:
    @pytest.mark.parametrize("fault", ["trap", "fast", "no stamp", "forged stamp"])
    def test_what_a_machine_sends_is_dropped_without_a_word(self, opened: Flask, client: Browser, fault: str) -> None:
        now = opened.extensions["coopgov.signer"].sign(STAMP, int(NOW.timestamp()) - 2)
        changes = {"trap": {"website": "x"}, "fast": {"stamp": now}, "no stamp": {"stamp": ""}}
        answer = client.submit("/join", **filled(opened, **changes.get(fault, {"stamp": "forged"})))
        assert (answer.status_code, "Check your e-mail" in answer.text) == (200, True)
        assert (count(Application), count(Mail)) == (0, 0)

    def test_who_corrects_a_mistake_at_once_is_no_machine(self, opened: Flask, client: Browser) -> None:
        form = filled(opened)
        page = client.submit("/join", **form | {"name": ""}).text
        assert f'value="{form["stamp"]}"' in page

    def test_too_many_from_one_network_wait_and_keep_what_they_typed(self, opened: Flask, client: Browser) -> None:
        for n in range(20):
            assert client.submit("/join", **filled(opened, email=f"ada{n}@example.org")).status_code == 200
        answer = client.submit("/join", **filled(opened, email="ada20@example.org"))
        assert answer.status_code == 429
        assert "works again in about" in answer.text
        assert "I write programs." in answer.text
        assert int(answer.headers["Retry-After"]) > 0
        assert count(Application) == 20

    def test_one_address_is_not_mailed_without_end(self, opened: Flask, client: Browser) -> None:
        statuses = [client.submit("/join", **filled(opened)).status_code for _ in range(6)]
        assert statuses == [200] * 5 + [429]


class TestClosed:
    @pytest.mark.parametrize("written_down", [True, False])
    def test_it_says_so_and_offers_a_waiting_list(self, app: Flask, client: Browser, written_down: bool) -> None:
        if written_down:
            terms(is_open=False)
        page = client.get("/join").text
        assert "We are not taking members now" in page
        assert page.count("<input") == 3  # token, address, trap
        assert client.submit("/join", **filled(app)).status_code == 409
        assert count(Application) == 0

    def test_who_waits_is_written_to_once_when_it_opens_and_then_forgotten(
        self, app: Flask, client: Browser, catch_up: CatchUp, mails: Mails, clock: Clock
    ) -> None:
        terms(is_open=False)
        for email in ("ada@example.org", "ADA@example.org", "bob@example.org"):
            assert "You are on the waiting list" in client.submit("/join/waiting-list", email=email).text
        assert client.submit("/join/waiting-list", email="nobody").status_code == 422
        client.submit("/join/waiting-list", email="bot@example.org", website="x")
        assert count(WaitingListEntry) == 2
        catch_up()
        assert mails() == []
        with write_transaction() as session:
            session.get_one(JoiningTerms, 1).is_open = True
        for _ in range(2):
            clock.forward(hours=1)
            catch_up()
        assert [mail["To"] for mail in mails()] == ["ada@example.org", "bob@example.org"]
        assert link_in(mails()[0], "/join") == "/join"
        assert count(WaitingListEntry) == 0

    def test_it_opens_for_everybody_at_once(self, app: Flask, client: Browser) -> None:
        terms(is_open=False)
        client.get("/join")
        with write_transaction() as session:
            row = session.get_one(JoiningTerms, 1)
            row.is_open, row.version = True, 2
        assert "Send application" in client.get("/join").text

    def test_the_service_refuses_when_it_closed_meanwhile(self, app: Flask) -> None:
        row = terms(is_open=False)
        wish = services.Wish(email="a@example.org", name="A", about="B")
        with pytest.raises(Refused, match=r"application\.closed"), write_transaction():
            services.apply(wish, row, "en", NOW)


class TestKnown:
    """Whoever applies sees the same page; what differs is the mail."""

    def apply(self, app: Flask, client: Browser, email: str = "ada@example.org") -> str:
        answer = client.submit("/join", **filled(app, email=email))
        assert (answer.status_code, "Check your e-mail" in answer.text) == (200, True)
        return kinds()[-1]

    def test_a_member_hears_that_they_are_one(self, opened: Flask, client: Browser) -> None:
        factories.member(email="ada@example.org")
        assert self.apply(opened, client, "Ada@Example.org") == "application-member"
        assert count(Application) == 0

    def test_who_has_applied_gets_the_link_to_how_it_stands(self, opened: Flask, client: Browser) -> None:
        application("needs_info")
        assert self.apply(opened, client, "ADA@example.org") == "application-again"
        assert count(Application) == 1

    def test_what_is_written_last_counts_until_it_is_confirmed_and_is_shown_before(
        self, opened: Flask, client: Browser
    ) -> None:
        self.apply(opened, client)
        client.submit("/join", **filled(opened, about="I mistyped. This is right.", name="Ada L."))
        (row,) = db.session.scalars(select(Application))
        assert (row.about, row.name, row.state) == ("I mistyped. This is right.", "Ada L.", "started")
        assert "I mistyped. This is right." in client.get(confirm_path(opened, row)).text

    def test_who_has_not_confirmed_yet_gets_that_link_again(self, opened: Flask, client: Browser, clock: Clock) -> None:
        assert self.apply(opened, client) == "application-confirm"
        clock.forward(minutes=1)
        assert self.apply(opened, client) == "application-confirm"
        assert (count(Application), len(kinds())) == (1, 2)

    def test_after_a_decline_it_is_too_early_for_30_days(self, opened: Flask, client: Browser) -> None:
        row = application("declined", decided_at=NOW - COOL_DOWN + timedelta(minutes=1))
        assert self.apply(opened, client) == "application-too-early"
        edit(row, decided_at=NOW - COOL_DOWN)
        assert self.apply(opened, client) == "application-confirm"
        assert count(Application) == 2

    def test_after_an_expulsion_one_may_ask_and_the_secretary_is_told(
        self, opened: Flask, client: Browser, sign_in: Callable[[int], Browser]
    ) -> None:
        gone = factories.member("Ada L", email="ada@example.org")
        from coopgov.membership.services.register import cease

        with write_transaction():
            cease(gone.id, "expelled", NOW - 400 * DAY, "cli")
        assert self.apply(opened, client) == "application-confirm"
        row = db.session.scalars(select(Application)).one()
        edit(row, state="submitted", submitted_at=NOW)
        browser = sign_in(secretary().id)
        assert "this address is known" in browser.get("/membership").text
        page = browser.get(f"/membership/applications/{row.id}").text
        assert "Same e-mail as former member no. 1 (expelled, 18 October 2025)." in page

    def test_dots_and_tags_make_another_address(self, opened: Flask, client: Browser) -> None:
        factories.member(email="ada.l@example.org")
        assert self.apply(opened, client, "adal+coop@example.org") == "application-confirm"


class TestConfirming:
    def test_opening_the_link_changes_nothing_and_the_button_sends_it(
        self, opened: Flask, client: Browser, catch_up: CatchUp, mails: Mails
    ) -> None:
        client.submit("/join", **filled(opened, about="I write\nprograms."))
        catch_up()
        path = link_in(mails()[0], "/join/confirm/")
        for _ in range(2):
            page = client.get(path)
            assert "Confirm</button>" in page.text
            assert "Set-Cookie" not in page.headers
        row = db.session.scalars(select(Application)).one()
        assert state_of(row) == "started"
        answer = client.submit(path)
        assert answer.status_code == 303
        page = client.get(answer.headers["Location"])
        assert "Application received" in page.text
        assert "A person reads it. You get a mail as soon as there is news." in page.text
        assert state_of(row) == "submitted"
        catch_up()
        copy = mails()[1]
        assert copy["Subject"] == "Test Co-op has your application"
        assert "> I write\n> programs." in copy.get_body(("plain",)).get_content()
        assert client.get(link_in(copy, "/join/status/")).status_code == 200

    def test_pressing_twice_sends_it_once(self, opened: Flask, client: Browser) -> None:
        path = confirm_path(opened, row := application("started"))
        assert [client.submit(path).status_code for _ in range(2)] == [303, 303]
        assert client.get(path).headers["Location"].startswith("/join/status/")
        assert (state_of(row), kinds()) == ("submitted", ["application-received"])

    def test_a_link_that_is_too_old_is_exchanged_with_one_click(
        self, opened: Flask, client: Browser, catch_up: CatchUp, mails: Mails
    ) -> None:
        row = application("started", since=NOW - 3 * DAY)
        path = confirm_path(opened, row, NOW)
        page = client.get(path)
        assert page.status_code == 410
        assert "Send a new link" in page.text
        assert client.submit(path).status_code == 410
        assert state_of(row) == "started"
        assert "Check your e-mail" in client.submit(f"{path}/again").text
        catch_up()
        assert client.submit(link_in(mails()[0], "/join/confirm/")).status_code == 303
        assert state_of(row) == "submitted"

    def test_what_is_erased_can_only_be_begun_again(self, opened: Flask, client: Browser) -> None:
        row = application("expired", email="", name="", about="")
        for path in (confirm_path(opened, row), status_path(opened, row)):
            answer = client.get(path)
            assert answer.status_code == 410
            assert 'href="/join"' in answer.text
        for path in (confirm_path(opened, row), confirm_path(opened, row) + "/again"):
            assert client.submit(path).status_code == 410
        assert kinds() == []

    def test_how_long_it_takes_is_said_from_the_last_decisions(self, opened: Flask, client: Browser) -> None:
        for n in range(5):
            spent = {"submitted_at": NOW - 9 * DAY, "decided_at": NOW - 7 * DAY}
            application("declined", email=f"{n}@example.org", **spent)
        page = client.get(status_path(opened, application())).text
        assert "A person reads it, usually within 2 days." in page

    def test_a_foreign_or_edited_token_does_not_exist(self, opened: Flask, client: Browser) -> None:
        row = application("started")
        token = status_path(opened, row).rsplit("/", 1)[1]
        for path in (f"/join/confirm/{token}", confirm_path(opened, row)[:-1], f"/join/status/{token[:-1]}"):
            assert client.get(path).status_code == 404


class TestStatus:
    def test_it_says_in_words_and_as_a_way_how_it_stands(self, opened: Flask, client: Browser) -> None:
        titles = {
            "submitted": "Application received",
            "in_review": "Your application is being read",
            "needs_info": "There is a question for you",
            "approved": "You are approved",
            "admitted": "You are a member",
            "declined": "Your application was declined",
            "expired": "Your application has expired",
            "withdrawn": "You have withdrawn your application",
            "spam": "Your application has expired",
        }
        for state, title in titles.items():
            page = client.get(status_path(opened, application(state, email=f"{state}@example.org"))).text
            assert f"<h1>{title}</h1>" in page, state
            assert '<ol class="timeline">' in page
            assert "I write programs." in page
            assert '<meta name="robots" content="noindex">' in page

    def test_who_is_approved_is_led_on(self, opened: Flask, client: Browser) -> None:
        page = client.get(status_path(opened, application("approved"))).text
        assert 'href="/join/finish/' in page

    def test_the_text_is_corrected_until_somebody_reads_it(self, opened: Flask, client: Browser) -> None:
        path = status_path(opened, row := application())
        assert "Correct my text" in client.get(path).text
        assert "I write programs." in client.get(f"{path}/text").text
        assert client.submit(f"{path}/text", about="x" * 501).status_code == 422
        assert client.submit(f"{path}/text", about="I write poems.").status_code == 303
        edit(row, state="in_review")
        assert row.about == "I write poems."
        assert row.revision == 2
        assert "Correct my text" not in client.get(path).text
        assert client.get(f"{path}/text").status_code == 303
        answer = client.submit(f"{path}/text", about="I write letters.")
        assert (answer.status_code, "Somebody is reading your text" in answer.text) == (409, True)
        assert "I write letters." in answer.text
        db.session.rollback()
        (note,) = db.session.scalars(select(ApplicationNote))
        assert (note.kind, note.text) == ("former_text", "I write programs.")

    def test_saving_the_same_text_is_no_correction(self, opened: Flask, client: Browser) -> None:
        path = status_path(opened, row := application())
        client.submit(f"{path}/text", about=row.about)
        assert count(ApplicationNote) == 0

    def test_a_question_is_answered_there(self, opened: Flask, client: Browser) -> None:
        sue = secretary()
        row = application("needs_info", claimed_by=sue.id, claimed_at=NOW - 9 * DAY)
        with write_transaction() as session:
            session.add(ApplicationNote(application_id=row.id, kind="question", by_id=sue.id, text="Who?", at=NOW))
            session.add(ApplicationNote(application_id=row.id, kind="note", by_id=sue.id, text="Odd.", at=NOW))
        path = status_path(opened, row)
        page = client.get(path).text
        assert "Who?" in page
        assert "Odd." not in page
        assert "Sue" not in page
        assert client.submit(f"{path}/answer", answer="").status_code == 422
        assert client.submit(f"{path}/answer", answer="Me.").status_code == 303
        assert "Me." in client.get(path).text
        assert state_of(row) == "in_review"
        assert (row.claimed_by, row.claimed_at, row.revision) == (sue.id, NOW, 2)
        assert client.submit(f"{path}/answer", answer="Me again.").status_code == 409

    @pytest.mark.parametrize("state", ["submitted", "in_review", "needs_info", "approved"])
    def test_it_is_withdrawn_after_a_question(self, opened: Flask, client: Browser, state: str) -> None:
        path = status_path(opened, row := application(state))
        assert "Withdraw your application?" in client.get(f"{path}/withdraw").text
        assert state_of(row) == state
        assert client.submit(f"{path}/withdraw").status_code == 303
        assert state_of(row) == "withdrawn"
        assert client.get(f"{path}/withdraw").status_code == 303
        assert client.submit(f"{path}/withdraw").status_code == 409

    def test_who_was_approved_goes_on_with_one_click_after_the_time_is_over(
        self, opened: Flask, client: Browser
    ) -> None:
        ada = factories.person(email="ada@example.org")
        path = status_path(opened, row := application("expired", since=NOW - 89 * DAY, party_id=ada.id))
        assert "I still want to join" in client.get(path).text
        assert client.submit(f"{path}/revive").status_code == 303
        assert (state_of(row), kinds()) == ("approved", ["application-approved"])
        assert client.submit(f"{path}/revive").status_code == 409

    def test_nobody_goes_on_twice_or_after_90_days_or_without_approval(self, opened: Flask, client: Browser) -> None:
        ada = factories.person(email="ada@example.org")
        row = application("expired", party_id=ada.id)
        application("submitted")
        assert client.submit(f"{status_path(opened, row)}/revive").status_code == 409
        for fields in ({"since": NOW - 90 * DAY, "party_id": ada.id}, {"email": "b@example.org"}):
            row = application("expired", **fields)
            assert "I still want" not in client.get(status_path(opened, row)).text
            assert client.submit(f"{status_path(opened, row)}/revive").status_code == 409

    def test_a_link_to_finish_that_is_opened_by_a_scanner_changes_nothing(self, opened: Flask, client: Browser) -> None:
        row = application("approved")
        before = db.session.scalar(select(func.count()).select_from(AuditRow))
        client.get(status_path(opened, row))
        assert (state_of(row), db.session.scalar(select(func.count()).select_from(AuditRow))) == ("approved", before)

    def test_the_applicants_language_goes_along(self, opened: Flask, client: Browser) -> None:
        page = client.get(status_path(opened, application(language="de"))).text
        assert '<html lang="de"' in page


class TestHome:
    def test_visitors_are_asked_to_join_from_the_lowest_sum_on(
        self, opened: Flask, client: Browser, statements: Any
    ) -> None:
        tier(300)
        tier(100)
        page = client.get("/").text
        assert "Join for £1 a month or more" in page
        assert "Anybody aged 18 or over can apply" in page
        with statements() as sent:
            client.get("/")
        assert len(sent) <= 1

    def test_without_tiers_they_are_asked_to_join(self, opened: Flask, client: Browser) -> None:
        assert '<a class="btn primary" href="/join">Join</a>' in client.get("/").text

    def test_a_tier_that_comes_shows_at_once(self, opened: Flask, client: Browser) -> None:
        client.get("/")
        tier(200)
        assert "£2 a month" in client.get("/").text

    def test_members_and_visitors_of_a_closed_coop_are_not_asked(
        self, app: Flask, client: Browser, sign_in: Callable[[int], Browser]
    ) -> None:
        assert 'href="/join"' not in client.get("/").text
        terms()
        app.extensions.pop("coopgov.profile", None)
        assert 'href="/join"' not in sign_in(factories.member().id).get("/").text
        assert 'href="/join"' in sign_in(factories.person().id).get("/").text

    def test_every_page_leads_to_joining_and_needs_no_statement_for_it(
        self, opened: Flask, client: Browser, statements: Any
    ) -> None:
        assert 'href="/join"' in client.get("/about").text
        with statements() as sent:
            client.get("/about")
        assert len(sent) == 0


def test_robots_stay_away_from_what_is_one_persons(app: Flask, client: Browser) -> None:
    page = client.get("/robots.txt").text
    for path in ("/join/status/", "/join/confirm/", "/membership"):
        assert f"Disallow: {path}\n" in page


def test_the_page_on_privacy_says_what_an_application_keeps(app: Flask, client: Browser) -> None:
    assert "If you apply to join" in client.get("/privacy").text


def test_a_reader_sees_nobody_elses_part(app: Flask, client: Browser) -> None:
    row = read_by(secretary())
    assert "Sue" not in client.get(status_path(app, row)).text
