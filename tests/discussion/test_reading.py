"""Threads as they are read: by the public, by members, by feed readers; and what that may cost."""

import gzip
import json
import re
from xml.etree.ElementTree import fromstring

import pytest
from sqlalchemy import select

from coopgov.discussion import queries
from coopgov.discussion.models import Comment, Thread
from coopgov.infra.db import db, write_transaction
from tests import factories as make

THREAD = {"title": "Where shall we meet?", "text": "In *Hull*?", "readers": "public"}


def rows(kind):
    return db.session.scalars(select(kind)).all()


class TestReading:
    def test_everybody_reads_a_public_thread_without_cookie_form_or_token(self, client, tech, ada):
        thread = make.thread(tech, ada, html="<p>What do you think?</p>")
        make.comment(thread, ada, "Indeed.")
        page = client.get(thread.path)
        assert page.status_code == 200
        assert "<p>What do you think?</p>" in page.text
        assert "<p>Indeed.</p>" in page.text
        assert "<form" not in page.text
        assert "form_token" not in page.text
        assert "Set-Cookie" not in page.headers
        assert page.headers["Cache-Control"].startswith("public")
        assert client.get(thread.path, headers={"If-None-Match": page.headers["ETag"]}).status_code == 304

    def test_a_new_comment_shows_at_once_to_the_public(self, client, tech, ada):
        thread = make.thread(tech, ada)
        client.get(thread.path)
        make.comment(thread, ada, "Fresh.")
        assert "Fresh." in client.get(thread.path).text

    def test_the_address_is_mended_by_number(self, client, tech, ada):
        thread = make.thread(tech, ada)
        for wrong in (f"/t/{thread.id}", f"/t/{thread.id}-something-else"):
            answer = client.get(wrong + "?page=2")
            assert (answer.status_code, answer.location) == (301, thread.path + "?page=2")

    def test_a_members_only_thread_does_not_exist_for_others(self, client, sign_in, tech, ada):
        thread = make.thread(tech, ada, is_public=False)
        make.comment(thread, ada)
        guest = sign_in(make.person().id)
        paths = [thread.path, f"/t/{thread.id}", f"{thread.path}.atom", f"{thread.path}.json"]
        paths += [f"/t/{thread.id}/c/1", f"/t/{thread.id}/history", f"/c/{rows(Comment)[0].id}/history"]
        for path in paths:
            assert client.get(path).status_code == 404, path
            assert guest.get(path).status_code == 404, path
        assert sign_in(make.member().id).get(thread.path).status_code == 200

    def test_a_missing_thread_answers_as_one_that_may_not_be_read(self, client, tech, ada):
        thread = make.thread(tech, ada, is_public=False)
        private, missing = client.get(f"/t/{thread.id}"), client.get("/t/999")
        assert private.status_code == missing.status_code == 404
        assert private.text.replace(f"/t/{thread.id}", "") == missing.text.replace("/t/999", "")

    def test_the_public_reads_names_as_chosen_and_members_the_full_ones(self, client, sign_in, tech):
        grace, hedy = make.member("Grace Hopper"), make.member("Hedy Lamarr")
        thread = make.thread(tech, grace, public_name="Grace H.")
        make.comment(thread, hedy, public_name="")
        public = client.get(thread.path).text
        assert "Grace H." in public
        assert "a member" in public
        assert "Hopper" not in public
        assert "Hedy" not in public
        mine = sign_in(make.member().id).get(thread.path).text
        assert "Grace Hopper" in mine
        assert "Hedy Lamarr" in mine

    def test_a_page_with_a_whole_name_stays_out_of_search_engines(self, client, tech, ada):
        short = make.thread(tech, ada, "Short", public_name="Ada L.")
        whole = make.thread(tech, ada, "Whole", public_name="Ada Lovelace")
        assert 'content="noindex"' not in client.get(short.path).text
        assert 'content="noindex"' in client.get(whole.path).text
        make.comment(short, ada, public_name="Ada Lovelace")
        assert 'content="noindex"' in client.get(short.path).text

    def test_comments_come_a_hundred_to_a_page_and_a_permalink_finds_its_page(self, client, tech, ada):
        thread = make.thread(tech, ada)
        with write_transaction():
            for n in range(1, 111):
                make.comment(thread, ada, f"Word {n}.")
        first, second = client.get(thread.path).text, client.get(thread.path + "?page=2").text
        assert "Word 100." in first
        assert "Word 101." not in first
        assert "Word 101." in second
        answer = client.get(f"/t/{thread.id}/c/107")
        assert (answer.status_code, answer.location) == (302, f"{thread.path}?page=2#c-107")
        assert 'id="c-107"' in second
        for number in (0, 111):
            assert client.get(f"/t/{thread.id}/c/{number}").status_code == 404

    def test_answers_nest_two_levels_deep_and_say_whom_they_answer_below(self, client, tech, ada, bob):
        thread = make.thread(tech, ada)
        first = make.comment(thread, ada, "One.")
        second = make.comment(thread, bob, "Two.", parent_id=first.id)
        make.comment(thread, ada, "Three.", parent_id=second.id)
        text = client.get(thread.path).text
        assert text.count('<ol class="comments">') == 2
        assert re.findall(r"in reply to <a href=\"/t/\d+/c/(\d+)\"><bdi>([^<]+)", text) == [("2", "Bob Bee")]

    def test_an_answer_to_an_earlier_page_says_what_it_answers(self, client, tech, ada):
        thread = make.thread(tech, ada)
        first = make.comment(thread, ada)
        with write_transaction():
            for _n in range(99):
                make.comment(thread, ada)
            make.comment(thread, ada, "Late.", parent_id=first.id)
        assert f'in reply to <a href="/t/{thread.id}/c/1">' in client.get(thread.path + "?page=2").text

    def test_hostile_words_and_names_stay_text(self, client, sign_in, tech):
        mallory = make.member("<script>alert(1)</script>")
        mine = sign_in(mallory.id)
        hostile = {"title": '"><script>alert(2)</script>', "text": '<img src=x onerror="alert(3)"> [x](javascript:1)'}
        path = mine.submit("/g/tech/threads/new", **THREAD | hostile).location.split("?")[0]
        mine.submit(f"/t/{rows(Thread)[0].id}/comments", text="<svg onload=alert(4)>", parent="")
        for browser in (client, mine):
            page = browser.get(path).text
            assert "<script>alert" not in page
            assert "<img" not in page
            assert "<svg onload" not in page
            assert 'href="javascript' not in page


class TestUnread:
    def test_new_comments_are_counted_marked_and_divided(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        make.comment(thread, ada, "Old.")
        browser = sign_in(bob.id)
        assert "Jump to the first unread" not in browser.get(thread.path).text
        browser.submit(f"/t/{thread.id}/read", number=1)
        for n in range(3):
            make.comment(thread, ada, f"New {n}.")
        text = browser.get(thread.path).text
        assert "Jump to the first unread (3 new)" in text
        assert f"/t/{thread.id}/c/2" in text
        assert text.index("Old.") < text.index('id="new"') < text.index("New 0.")
        assert text.count('<span class="tag open">') == 3
        assert "New since your last visit" in text

    def test_a_new_answer_among_old_comments_says_so(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        first = make.comment(thread, ada, "One.")
        make.comment(thread, ada, "Two.")
        browser = sign_in(bob.id)
        browser.submit(f"/t/{thread.id}/read", number=2)
        make.comment(thread, ada, "Answer.", parent_id=first.id)
        text = browser.get(thread.path).text
        assert text.index("One.") < text.index('id="new"') < text.index("Answer.") < text.index("Two.")
        assert "further ones are marked" in text

    def test_reading_marks_by_a_form_and_by_htmx(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        make.comment(thread, ada)
        browser = sign_in(bob.id)
        text = browser.get(thread.path).text
        assert 'hx-trigger="load"' in text
        answer = browser.submit(f"/t/{thread.id}/read", number=1)
        assert answer.location == f"{thread.path}?page=1&said=thread-read#reply"
        assert f'action="/t/{thread.id}/read"' not in browser.get(thread.path).text
        make.comment(thread, ada)
        fragment = browser.post(
            f"/t/{thread.id}/read",
            data={"number": 2, "form_token": browser.token()},
            headers={"HX-Request": "true", "Origin": "http://localhost"},
        )
        assert "You have read up to here." in fragment.text
        assert "<html" not in fragment.text
        assert queries.read_mark(bob.id, thread.id).number == 2

    def test_reading_a_page_writes_nothing(self, sign_in, tech, ada, bob, statements):
        thread = make.thread(tech, ada)
        with statements() as sent:
            sign_in(bob.id).get(thread.path)
        assert not [t for t in sent.texts if t.split()[0] in ("INSERT", "UPDATE", "DELETE") and "session" not in t]

    def test_rubbish_is_not_read_beyond_the_thread(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        for number in ("99999999999", "-3", "x", ""):
            assert sign_in(bob.id).submit(f"/t/{thread.id}/read", number=number).status_code == 303
        assert queries.read_mark(bob.id, thread.id).number == 0

    def test_a_list_marks_threads_with_something_new(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        browser = sign_in(bob.id)
        assert "(unread)" in browser.get("/g/tech").text
        browser.submit(f"/t/{thread.id}/read", number=0)
        assert "(unread)" not in browser.get("/g/tech").text
        make.comment(thread, ada)
        assert "(unread)" in browser.get("/g/tech").text


class TestFeeds:
    def test_a_public_thread_has_an_atom_and_a_json_twin(self, client, tech, ada):
        thread = make.thread(tech, ada, html="<p>Opening</p>", public_name="")
        make.comment(thread, ada, "Said", public_name="Ada L.")
        make.comment(thread, ada, "Gone", state="deleted")
        atom = client.get(f"{thread.path}.atom")
        assert atom.mimetype == "application/atom+xml"
        assert "Set-Cookie" not in atom.headers
        assert atom.headers["X-Robots-Tag"] == "noindex"
        assert len(fromstring(atom.data).findall("{http://www.w3.org/2005/Atom}entry")) == 2
        assert "Lovelace" not in atom.text
        feed = json.loads(client.get(f"/t/{thread.id}.json").data)
        assert [item["content_html"] for item in feed["items"]] == ["<p>Said</p>", "<p>Opening</p>"]
        assert feed["items"][0]["authors"] == [{"name": "Ada L."}]
        assert client.get(f"{thread.path}.atom", headers={"If-None-Match": atom.headers["ETag"]}).status_code == 304


class TestBars:
    def fill(self, tech, size, **fields):
        thread = make.thread(tech, make.member("First Author"), **fields)
        for n in range(size):
            make.comment(thread, make.member(f"Member {n}"), f"Comment {n} " + "with some words " * 20)
        return thread.id, thread.path  # plain values: reading the row again would be counted

    @pytest.mark.parametrize("size", [5, 120])
    def test_the_public_page_takes_three_statements_and_one_when_kept(self, client, tech, statements, size):
        _, path = self.fill(tech, size)
        client.get("/groups")  # the co-op's profile is in memory now
        with statements() as first:
            client.get(path)
        with statements() as again:
            client.get(path)
        assert len(first) <= 3
        assert len(again) <= 1

    def test_the_members_page_takes_at_most_twelve_statements_however_long_it_is(
        self, sign_in, tech, convenor, statements
    ):
        counts = []
        browser = sign_in(convenor.id)
        for size in (5, 120):
            number, path = self.fill(tech, size)
            browser.submit(f"/c/{rows(Comment)[-1].id}/hide", reason="r")
            browser.submit(f"/t/{number}/read", number=2)
            with statements() as sent:
                browser.get(path)
            counts.append(len(sent))
        assert counts[0] == counts[1] <= 12

    def test_a_public_page_of_20_comments_is_small(self, client, tech):
        _, path = self.fill(tech, 20)
        page = client.get(path)
        sheet = client.get(re.search(r'href="(/static/[^"]+site\.css)"', page.text)[1])
        assert len(gzip.compress(page.data)) + len(gzip.compress(sheet.data)) <= 15_000
