"""Being read by a person: the secretary's queue and pages; on both databases."""

import re
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.core.errors import Refused
from coopgov.identity.models import Login, Party
from coopgov.infra.audit import AuditRow, broken_at
from coopgov.infra.db import db, write_transaction
from coopgov.infra.mail import Mail
from coopgov.membership.models import Application, ApplicationNote, JoiningTerms, Membership
from coopgov.membership.services import reviewing as services
from coopgov.membership.services.register import cease, invite
from tests import factories
from tests.conftest import NOW, Browser, Clock
from tests.membership.applying import (
    DAY,
    HOUR,
    application,
    edit,
    link_in,
    read_by,
    secretary,
    state_of,
    status_path,
    terms,
)

Mails = Callable[[], list[Any]]
SignIn = Callable[[int], Browser]


def base(row: Application) -> str:
    return f"/membership/applications/{row.id}"


def kinds() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Mail.kind).order_by(Mail.id)))


def acts(row: Application) -> list[tuple[str, str]]:
    db.session.rollback()
    query = select(AuditRow.actor, AuditRow.act).where(AuditRow.object == f"application:{row.id}")
    return [(actor, act) for actor, act in db.session.execute(query.order_by(AuditRow.number))]


@pytest.fixture
def sue(app: Flask) -> Party:
    terms()
    return secretary()


@pytest.fixture
def desk(sue: Party, sign_in: SignIn) -> Browser:
    """The secretary's browser."""
    return sign_in(sue.id)


class TestQueue:
    def test_it_shows_what_waits_the_first_one_first(self, desk: Browser) -> None:
        application(email="late@example.org", name="Late", since=NOW - HOUR)
        application(email="early@example.org", name="Early", since=NOW - 2 * DAY)
        application("started", email="unsure@example.org", name="Unsure")
        application("approved", email="joins@example.org", name="Joins")
        application("needs_info", email="asked@example.org", name="Asked")
        page = desk.get("/membership").text
        assert page.index("Early") < page.index("Late")
        for name in ("Unsure", "Joins", "Asked"):
            assert name not in page
        figures = re.findall(r'<dd class="value">(\d+)</dd>', page)
        assert figures == ["2", "1", "1"]
        assert 'the first since <time datetime="2026-11-20T12:00Z">' in page
        assert "Joins" in desk.get("/membership?show=joining").text
        assert "Asked" in desk.get("/membership?show=questions").text
        assert desk.get("/membership?show=nonsense").status_code == 404

    def test_when_nobody_waits_it_says_what_to_do(self, desk: Browser) -> None:
        page = desk.get("/membership").text
        assert "No applications" in page
        assert '<a href="/join">http://localhost/join</a>' in page
        assert "People cannot apply now" not in page

    def test_it_is_paged_and_costs_the_same_however_many_wait(self, desk: Browser, statements: Any) -> None:
        desk.get("/membership")
        counts = []
        for n in (3, 30):
            for k in range(n):
                application(email=f"{n}-{k}@example.org")
            with statements() as sent:
                page = desk.get("/membership").text
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 12
        assert "Page 1 of 2" in page
        assert page.count('class="entry-title"') == 25

    def test_the_secretary_has_a_tab_for_it_and_nobody_else(self, desk: Browser, sign_in: SignIn) -> None:
        assert 'href="/membership"' in desk.get("/").text
        assert 'href="/membership"' not in sign_in(factories.officer("treasurer").id).get("/").text


class TestApplication:
    def test_it_shows_all_that_is_known(self, desk: Browser, sue: Party) -> None:
        tech = factories.group("Tech")
        with write_transaction():
            invite("ada@example.org", "", sue.id, "en", NOW)
        row = application(
            organisation="Engines Ltd",
            skills="Maths",
            handle="ada",
            heard_from="Bob",
            groups=[tech.id],
            prompt="Why here?",
        )
        page = desk.get(base(row)).text
        for words in (
            *("Ada Lovelace", "I write programs.", "ada@example.org", "Engines Ltd", "Maths", "Bob", "Tech"),
            *("Why here?", "Sue Secretary", "version 3", "18 or over"),
        ):
            assert words in page, words

    def test_one_that_is_not_confirmed_does_not_exist_yet(self, desk: Browser) -> None:
        assert desk.get(base(application("started"))).status_code == 404

    def test_what_was_erased_is_named_so(self, desk: Browser) -> None:
        row = application("declined", email="", name="", about="", decided_by=factories.person().id, decided_at=NOW)
        assert "Erased" in desk.get(base(row)).text
        assert "Erased" in desk.get("/membership?show=ended").text

    def test_who_is_perhaps_known_is_only_suggested(self, desk: Browser) -> None:
        factories.member("ada lovelace", email="other@example.org")
        factories.member("Somebody", email="a.d.a+x@example.org")
        application("withdrawn", name="A. L.")
        application("declined", email="ad.a@example.org", name="A. L.")
        page = desk.get(base(application())).text
        assert "Same e-mail as" not in page
        assert page.count("Same name or a similar e-mail:") == 3
        assert "Applied before with this e-mail" in page
        assert "Perhaps known" not in desk.get(base(application(email="eve@example.org", name="Eve"))).text

    def test_wild_cards_in_an_address_suggest_nobody(self, desk: Browser) -> None:
        factories.member("Somebody", email="ada+x@example.org")
        assert "Perhaps known" not in desk.get(base(application(email="%@example.org", name="%"))).text

    def test_a_private_note_is_kept_for_secretaries(self, desk: Browser, app: Flask, client: Browser) -> None:
        row = application()
        assert desk.submit(f"{base(row)}/notes", note="").status_code == 422
        assert desk.submit(f"{base(row)}/notes", note="Ask <b>Bob</b>.").status_code == 303
        assert "Ask &lt;b&gt;Bob&lt;/b&gt;." in desk.get(base(row)).text
        assert "Ask" not in client.get(status_path(app, row)).text


class TestReading:
    def test_a_clear_case_takes_two_clicks_and_a_person_is_there(
        self, desk: Browser, sue: Party, catch_up: Callable[[], int], mails: Mails
    ) -> None:
        row = application()
        assert desk.submit(f"{base(row)}/claim").headers["Location"] == f"{base(row)}?said=review.claimed"
        assert "You have taken it until" in desk.get(base(row)).text
        assert desk.submit(f"{base(row)}/approve", revision="1").status_code == 303
        assert state_of(row) == "approved"
        assert (row.decided_by, row.decided_at) == (sue.id, NOW)
        ada = db.session.get_one(Party, row.party_id)
        assert (ada.name, ada.language) == ("Ada Lovelace", "")
        assert db.session.scalars(select(Login.email).where(Login.party_id == ada.id)).one() == "ada@example.org"
        assert db.session.scalar(select(func.count()).select_from(Membership)) == 1  # Sue's: nobody is admitted unpaid
        catch_up()
        (mail,) = mails()
        assert (mail["To"], mail["Subject"]) == ("ada@example.org", "You are approved: finish joining Test Co-op")
        assert link_in(mail, "/join/finish/")
        assert link_in(mail, "/join/status/")
        assert acts(row) == [(f"party:{sue.id}", "application.moved")] * 2

    def test_a_former_member_keeps_their_party(self, desk: Browser, sue: Party) -> None:
        ada = factories.member("Ada L", email="ada@example.org")
        with write_transaction():
            cease(ada.id, "resigned", NOW, ada.id)
        row = read_by(sue)
        assert "Same e-mail as former member no. 2 (resigned" in desk.get(base(row)).text
        desk.submit(f"{base(row)}/approve", revision="1")
        assert (state_of(row), row.party_id) == ("approved", ada.id)

    def test_who_became_a_member_another_way_is_not_approved(self, desk: Browser, sue: Party) -> None:
        row = read_by(sue)
        factories.member(email="ada@example.org")
        answer = desk.submit(f"{base(row)}/approve", revision="1")
        assert (answer.status_code, "is a member already" in answer.text) == (409, True)
        assert state_of(row) == "in_review"

    def test_applicants_keep_the_language_in_which_they_applied(self, desk: Browser, sue: Party) -> None:
        row = read_by(sue, language="de")
        desk.submit(f"{base(row)}/approve", revision="1")
        assert (state_of(row), db.session.get_one(Party, row.party_id).language) == ("approved", "de")

    def test_a_question_goes_out_and_its_answer_comes_back_to_who_asked(
        self, desk: Browser, sue: Party, catch_up: Callable[[], int], mails: Mails, client: Browser
    ) -> None:
        row = read_by(sue)
        assert "Could you tell us a bit more" in desk.get(f"{base(row)}/ask?begin=who").text
        assert desk.submit(f"{base(row)}/ask", revision="1", question="").status_code == 422
        assert desk.submit(f"{base(row)}/ask", revision="1", question="Who\nare you?").status_code == 303
        assert state_of(row) == "needs_info"
        assert "The answer comes back to Sue Secretary." in desk.get(base(row)).text
        catch_up()
        (mail,) = mails()
        assert "> Who\n> are you?" in mail.get_body(("plain",)).get_content()
        path = link_in(mail, "/join/status/")
        assert client.submit(f"{path}/answer", answer="Me.").status_code == 303
        page = desk.get(base(row)).text
        assert "Me." in page
        assert "Approve</button>" in page
        assert desk.submit(f"{base(row)}/approve", revision="1").status_code == 409  # not with the answer read
        assert desk.submit(f"{base(row)}/approve", revision="2").status_code == 303

    def test_a_question_begins_in_the_applicants_language(self, desk: Browser, sue: Party) -> None:
        assert "Danke für deine Bewerbung" in desk.get(f"{base(read_by(sue, language='de'))}/ask?begin=who").text

    def test_declining_shows_the_mail_and_then_sends_it(
        self, desk: Browser, sue: Party, catch_up: Callable[[], int], mails: Mails
    ) -> None:
        row = read_by(sue)
        path, form = f"{base(row)}/decline", {"revision": "1", "reason": "not_enough", "words": "Sorry,\r\nSue"}
        assert "We could not tell from the text who you are" in desk.get(path).text
        assert desk.submit(path, revision="1").status_code == 422
        assert desk.submit(path, revision="1", reason="other").status_code == 422
        preview = desk.submit(path, **form)
        for words in (
            "The reason: We could not tell",
            "&gt; Sorry,<br>&gt; Sue",
            "30 days from now",
            "ada@example.org",
        ):
            assert words in preview.text
        assert (state_of(row), kinds()) == ("in_review", [])
        assert "Sorry,\nSue</textarea>" in desk.submit(path, **form, act="edit").text.replace("\r", "")
        assert desk.submit(path, **form, act="send").status_code == 303
        assert (state_of(row), row.reason_key, row.reason_text) == ("declined", "not_enough", "Sorry,\nSue")
        catch_up()
        assert "> Sorry,\n> Sue" in mails()[0].get_body(("plain",)).get_content()
        assert db.session.scalar(select(func.count()).select_from(Party)) == 1

    def test_spam_is_put_away_without_a_word(self, desk: Browser) -> None:
        row = application()
        assert "Is this spam?" in desk.get(f"{base(row)}/spam").text
        assert desk.submit(f"{base(row)}/spam").status_code == 303
        assert (state_of(row), kinds()) == ("spam", [])

    def test_an_unknown_reason_is_a_mistake_of_the_program(self, app: Flask, sue: Party) -> None:
        row = read_by(sue)
        with pytest.raises(ValueError, match="mood"), write_transaction():
            services.decline(row, "mood", "", 1, sue.id, NOW)


class TestTogether:
    """More than one secretary."""

    def test_what_somebody_reads_is_theirs_for_48_hours(self, desk: Browser, sue: Party, clock: Clock) -> None:
        row = read_by(bob := secretary("Bob"))
        page = desk.get(base(row)).text
        assert "Bob is reading it, until" in page
        assert "I&#39;ll take this" not in page
        assert "Bob is reading it" in desk.get("/membership").text
        for act in ("claim", "approve", "spam", "release"):
            answer = desk.submit(f"{base(row)}/{act}", revision="1")
            assert (answer.status_code, "Bob is reading this application already." in answer.text) == (409, True)
        clock.forward(hours=48)  # the clockwork that releases it has not come round yet
        assert "Bob had taken it" in desk.get("/membership").text
        assert "Take this application first" in desk.submit(f"{base(row)}/approve", revision="1").text
        assert desk.submit(f"{base(row)}/claim").status_code == 303
        assert (state_of(row), row.claimed_by) == ("in_review", sue.id)
        with pytest.raises(Refused, match=r"application\.claimed"), write_transaction():
            services.approve(row, 1, bob.id, clock.now)

    def test_nothing_is_decided_that_nobody_has_taken(self, desk: Browser) -> None:
        row = application()
        for act, form in (
            ("approve", {}),
            ("ask", {"question": "Who?"}),
            ("decline", {"reason": "code", "act": "send"}),
        ):
            answer = desk.submit(f"{base(row)}/{act}", revision="1", **form)
            assert (answer.status_code, "Take this application first" in answer.text) == (409, True)

    def test_it_can_be_left_to_somebody_else(self, desk: Browser, sue: Party) -> None:
        row = read_by(sue)
        assert desk.submit(f"{base(row)}/release").status_code == 303
        assert (state_of(row), row.claimed_by) == ("submitted", None)

    def test_the_second_hears_who_was_quicker_and_when(self, desk: Browser, clock: Clock) -> None:
        for state, words in (("approved", "Already approved by Bob at"), ("declined", "Already declined by Bob at")):
            row = application(state, email=f"{state}@example.org", decided_by=secretary("Bob").id, decided_at=NOW)
            for act, form in (
                *(("claim", {}), ("approve", {}), ("spam", {})),
                *(("ask", {"question": "Who?"}), ("decline", {"reason": "code", "act": "send"})),
            ):
                answer = desk.submit(f"{base(row)}/{act}", revision="1", **form)
                assert answer.status_code == 409
                assert f"{words} 22 Nov 2026, 12:00." in answer.text
            assert state_of(row) == state

    def test_what_was_withdrawn_meanwhile_is_not_decided(self, desk: Browser, sue: Party) -> None:
        row = application("withdrawn", claimed_by=sue.id)
        answer = desk.submit(f"{base(row)}/approve", revision="1")
        assert (answer.status_code, "“Withdrawn”" in answer.text) == (409, True)

    @pytest.mark.parametrize("revision", ["1", "", "x", "9" * 50, "²"])
    def test_a_text_that_changed_meanwhile_is_read_again(self, desk: Browser, sue: Party, revision: str) -> None:
        row = read_by(sue, revision=2, about="I write poems.")
        for act, form in (
            ("approve", {}),
            ("ask", {"question": "Who?"}),
            ("decline", {"reason": "code", "act": "send"}),
        ):
            answer = desk.submit(f"{base(row)}/{act}", revision=revision, **form)
            assert answer.status_code == 409
            assert "The applicant has changed the text meanwhile" in answer.text
            assert "I write poems." in answer.text
        assert (state_of(row), kinds()) == ("in_review", [])

    def test_nobody_decides_on_their_own_application(self, desk: Browser, sue: Party) -> None:
        own = db.session.scalars(select(Login.email).where(Login.party_id == sue.id)).one()
        by_address = application(email=own.upper())
        by_party = application(email="sue2@example.org", party_id=sue.id)
        for row in (by_address, by_party):
            for act in ("claim", "spam"):
                answer = desk.submit(f"{base(row)}/{act}")
                assert (answer.status_code, "Nobody decides on their own" in answer.text) == (403, True)
            edit(row, state="in_review", claimed_by=sue.id, claimed_at=NOW)
            for act, form in (
                ("approve", {}),
                ("ask", {"question": "Who?"}),
                ("decline", {"reason": "code", "act": "send"}),
            ):
                assert desk.submit(f"{base(row)}/{act}", revision="1", **form).status_code == 403
            assert state_of(row) == "in_review"

    def test_a_stale_form_decides_nothing(self, desk: Browser, sue: Party) -> None:
        row = read_by(sue)
        answer = desk.post(f"{base(row)}/approve", data={"revision": "1"}, headers={"Origin": "http://localhost"})
        assert answer.status_code == 422
        assert state_of(row) == "in_review"

    def test_of_many_who_approve_at_once_one_does(self, app: Flask, sue: Party) -> None:
        """Two secretaries in two windows each, within one second: one person, one mail, the others hear of it."""
        row, others = read_by(sue), [secretary("Bob").id, sue.id, sue.id]
        application_id, refused = row.id, []
        start = threading.Barrier(4)
        db.session.rollback()

        def approve(by: int) -> None:
            with app.app_context():
                start.wait()
                try:
                    with write_transaction() as session:
                        services.approve(session.get_one(Application, application_id), 1, by, NOW)
                except Refused as refusal:
                    refused.append(refusal.reason)
                finally:
                    db.session.remove()

        threads = [threading.Thread(target=approve, args=(by,)) for by in (sue.id, *others)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 3
        assert refused.count("application.approved") >= 2
        assert (state_of(row), kinds()) == ("approved", ["application-approved"])
        assert (
            db.session.scalar(select(func.count()).select_from(Login).where(Login.email_key == "ada@example.org")) == 1
        )
        assert broken_at() is None

    def test_of_two_who_take_it_at_once_one_has_it(self, app: Flask, sue: Party) -> None:
        row, bob = application(), secretary("Bob")
        with write_transaction():
            services.claim(row, sue.id, NOW)
        with write_transaction():
            services.claim(row, sue.id, NOW + timedelta(minutes=1))  # pressing twice
        with pytest.raises(Refused, match=r"application\.claimed"), write_transaction():
            services.claim(row, bob.id, NOW)
        assert len(acts(row)) == 1


class TestTerms:
    def form(self, **fields: Any) -> dict[str, Any]:
        given = {"is_open": "y", "prompt": "Why?", "min_age": "16", "code_url": "/code", "code_version": "4"}
        return given | {"by_hand": "IBAN GB00\r\nName"} | fields

    def test_they_are_written_down_for_the_first_time(self, app: Flask, sign_in: SignIn, client: Browser) -> None:
        desk = sign_in(secretary().id)
        assert "We are not taking members" in client.get("/join").text
        assert 'href="/join"' not in client.get("/about").text
        assert "People cannot apply now" in desk.get("/membership").text
        assert desk.submit("/membership/terms", **self.form()).status_code == 303
        row = db.session.get_one(JoiningTerms, 1)
        assert (row.is_open, row.min_age, row.code_version, row.by_hand) == (True, 16, "4", "IBAN GB00\nName")
        assert "I am 16 or over" in client.get("/join").text
        assert 'href="/join"' in client.get("/contact").text

    def test_they_are_changed_and_counted(self, desk: Browser) -> None:
        assert 'value="/about"' in desk.get("/membership/terms").text
        form = self.form()
        del form["is_open"]
        desk.submit("/membership/terms", **form)
        row = db.session.get_one(JoiningTerms, 1)
        assert (row.is_open, row.version, row.prompt) == (False, 2, "Why?")

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"min_age": "-1"}, "Write an age from 0 to 99."),
            ({"min_age": "old"}, "Write a whole number."),
            ({"min_age": ""}, "Write an age"),
            ({"code_url": "http://["}, "Write an address that begins with"),
            ({"code_url": "javascript:alert(1)"}, "Write an address that begins with"),
            ({"code_version": ""}, "Write the version too"),
            ({"by_hand": "x" * 501}, "1 character too many"),
        ],
    )
    def test_what_is_wrong_is_said(self, desk: Browser, fields: dict[str, Any], words: str) -> None:
        answer = desk.submit("/membership/terms", **self.form(**fields))
        assert answer.status_code == 422
        assert words in answer.text
        assert db.session.get_one(JoiningTerms, 1).min_age == 18


def test_notes_are_in_the_order_in_which_they_were_written(app: Flask) -> None:
    sue, row = secretary(), application()
    with write_transaction():
        services.note(row, "One", sue.id, NOW)
        services.note(row, "Two", sue.id, NOW)
    assert list(db.session.scalars(select(ApplicationNote.text).order_by(ApplicationNote.id))) == ["One", "Two"]
