"""The desk: my page and my inbox."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.discussion.models import ReadMark
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Membership
from coopgov.notifications.models import Notice
from coopgov.notifications.queries import unread_count
from tests import factories
from tests.conftest import NOW


@pytest.fixture
def ada(app):
    return factories.member("Ada Lovelace")


def notice(party, title="Where shall we host?", kind="mention", at=NOW, **fields) -> Notice:
    """A notice of an event that is only there to point at."""
    with write_transaction() as session:
        event = EventRow(name="test", version=1, payload={}, at=at)
        session.add(event)
        session.flush()
        row = Notice(
            **{
                "party_id": party.id,
                "kind": kind,
                "event_id": event.id,
                "title": title,
                "by_name": "Ben Okri",
                "path": "/t/1",
                "created_at": at,
            }
            | fields
        )
        session.add(row)
    return row


class TestInbox:
    def test_it_lists_what_came_newest_first_by_day(self, ada, sign_in):
        notice(ada, "Old matter", at=NOW - timedelta(days=2))
        notice(ada, "New matter")
        page = sign_in(ada.id).get("/inbox").text
        assert page.index("22 November 2026") < page.index("New matter") < page.index("20 November 2026")
        assert page.index("20 November 2026") < page.index("Old matter")
        assert "Ben Okri mentioned you." in page

    def test_days_are_those_of_the_coops_clock(self, ada, sign_in):
        notice(ada, at=NOW.replace(month=7, hour=23, minute=30))  # half past midnight in London
        assert "23 July 2026" in sign_in(ada.id).get("/inbox").text

    def test_unread_ones_are_marked_counted_and_can_be_shown_alone(self, ada, sign_in):
        notice(ada, "Seen", read_at=NOW)
        notice(ada, "Unseen")
        browser = sign_in(ada.id)
        everything, unread = browser.get("/inbox").text, browser.get("/inbox?show=unread").text
        assert everything.count('class="unread"') == 1
        assert "Seen" in everything
        assert ">Seen<" not in unread
        assert "Unseen" in unread

    def test_reading_the_thread_that_far_reads_the_notice(self, app, ada, sign_in):
        thread = factories.thread(factories.group(), ada)
        notice(ada, thread_id=thread.id, number=3)
        notice(ada, thread_id=thread.id, number=4)
        with write_transaction() as session:
            session.add(ReadMark(party_id=ada.id, thread_id=thread.id, number=3, at=NOW))
        assert unread_count(ada.id) == 1
        assert sign_in(ada.id).get("/inbox").text.count('class="unread"') == 1

    def test_another_readers_mark_says_nothing(self, app, ada):
        thread = factories.thread(factories.group(), ada)
        notice(ada, thread_id=thread.id, number=0)
        with write_transaction() as session:
            session.add(ReadMark(party_id=factories.member().id, thread_id=thread.id, number=9, at=NOW))
        assert unread_count(ada.id) == 1

    def test_all_can_be_marked_as_read(self, ada, sign_in):
        notice(ada)
        other = factories.member()
        notice(other)
        answer = sign_in(ada.id).submit("/inbox/read")
        assert answer.headers["Location"] == "/inbox?said=inbox.read"
        assert (unread_count(ada.id), unread_count(other.id)) == (0, 1)

    def test_one_can_be_marked_as_read(self, ada, sign_in):
        row = notice(ada)
        notice(ada)
        answer = sign_in(ada.id).submit(f"/inbox/{row.id}/read?show=unread")
        assert answer.headers["Location"] == "/inbox?show=unread"
        assert unread_count(ada.id) == 1

    def test_somebody_elses_stays_as_it_is(self, ada, sign_in):
        row = notice(factories.member())
        sign_in(ada.id).submit(f"/inbox/{row.id}/read")
        assert db.session.get_one(Notice, row.id).read_at is None

    def test_an_empty_inbox_says_what_will_come(self, ada, sign_in):
        page = sign_in(ada.id).get("/inbox").text
        assert "Nothing here yet" in page
        assert 'href="/groups"' in page

    def test_it_is_paged(self, ada, sign_in):
        for n in range(31):
            notice(ada, f"Matter {n}", at=NOW + timedelta(minutes=n))
        browser = sign_in(ada.id)
        assert ">Matter 0<" not in browser.get("/inbox").text
        assert ">Matter 0<" in browser.get("/inbox?page=2").text

    def test_its_statements_do_not_grow_with_it(self, ada, sign_in, statements):
        browser = sign_in(ada.id)
        browser.get("/inbox")  # the co-op's profile is in memory from here on
        counts = []
        for _ in range(2):
            for _each in range(5):
                notice(ada)
            with statements() as sent:
                browser.get("/inbox")
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 12

    def test_a_former_member_sees_no_titles_of_members_threads(self, app, ada, sign_in):
        group = factories.group()
        private = factories.thread(group, ada, "Salaries", is_public=False)
        public = factories.thread(group, ada, "Summer party")
        for thread in (private, public):
            notice(ada, thread.title, thread_id=thread.id, number=0)
        with write_transaction() as session:
            session.scalars(select(Membership).filter_by(party_id=ada.id)).one().ceased_at = NOW
        page = sign_in(ada.id).get("/inbox").text
        assert "Salaries" not in page
        assert "Summer party" in page

    def test_who_is_signed_out_signs_in_first(self, client):
        assert client.get("/inbox").headers["Location"] == "/sign-in?next=%2Finbox"
        assert client.submit("/inbox/read").status_code == 403

    def test_a_form_from_elsewhere_is_refused(self, ada, sign_in):
        notice(ada)
        answer = sign_in(ada.id).post("/inbox/read", headers={"Origin": "http://evil.example"})
        assert answer.status_code == 403
        assert unread_count(ada.id) == 1


class TestMyPage:
    def test_it_shows_number_groups_and_votes_that_wait(self, ada, sign_in):
        tech = factories.group("Tech")
        factories.group("Finance")
        factories.seat(tech, ada, "convenor")
        author = factories.member()
        proposal = factories.proposal(factories.thread(tech, author), author, NOW, title="Move?", state="open")
        factories.roll(proposal, ada)
        page = sign_in(ada.id).get("/me").text
        assert "Member number 1 of Test Co-op" in page
        assert "You convene this group." in page
        assert "/g/finance" not in page
        assert "Waiting for your vote" in page
        assert "Move?" in page

    def test_a_vote_for_which_one_is_not_on_the_roll_does_not_wait(self, ada, sign_in):
        author = factories.member()
        factories.proposal(factories.thread(factories.group(), author), author, NOW, title="Move?", state="open")
        assert "No vote waits for you." in sign_in(ada.id).get("/me").text

    def test_a_former_member_is_told_what_they_can_still_do(self, app, sign_in):
        page = sign_in(factories.person("Guest").id).get("/me").text
        assert "You are not a member at present" in page
        assert "You are in no group yet" in page

    def test_who_is_signed_out_signs_in_first(self, client):
        assert client.get("/me").status_code == 303

    def test_it_is_never_kept_by_others(self, ada, sign_in):
        assert sign_in(ada.id).get("/me").headers["Cache-Control"] == "private, no-store"
