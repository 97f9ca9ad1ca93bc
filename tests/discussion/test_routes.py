"""Threads and comments as they are written, changed, deleted and moderated: who may do what."""

import re

import pytest
from markupsafe import Markup
from sqlalchemy import select

from coopgov.discussion.models import Comment, Thread
from coopgov.infra.db import db
from coopgov.infra.web.panels import Panel
from tests import factories as make

THREAD = {"title": "Where shall we meet?", "text": "In *Hull*?", "readers": "public"}


def rows(kind):
    return db.session.scalars(select(kind)).all()


class TestThreads:
    def test_a_member_opens_a_public_thread(self, sign_in, client, tech, ada):
        answer = sign_in(ada.id).submit("/g/tech/threads/new", **THREAD)
        assert answer.status_code == 303
        path = answer.location.split("?")[0]
        assert "In <em>Hull</em>?" in client.get(path).text
        assert "Where shall we meet?" in client.get("/g/tech").text
        assert "Where shall we meet?" in client.get("/g/tech/threads").text

    def test_a_member_opens_a_thread_for_members(self, sign_in, client, tech, ada):
        answer = sign_in(ada.id).submit("/g/tech/threads/new", **THREAD | {"readers": "members"})
        assert client.get(answer.location).status_code == 404
        assert "Where shall we meet?" not in client.get("/g/tech").text
        text = sign_in(ada.id).get(answer.location.split("?")[0]).text
        assert "Members only." in text
        assert 'content="noindex"' in text

    def test_who_reads_has_no_default(self, sign_in, tech, ada):
        browser = sign_in(ada.id)
        assert "checked" not in browser.get("/g/tech/threads/new").text
        answer = browser.submit("/g/tech/threads/new", title="T", text="Words that were typed.")
        assert answer.status_code == 422
        assert answer.text.count("Choose who can read this.") == 2
        assert "Words that were typed." in answer.text
        assert rows(Thread) == []

    @pytest.mark.parametrize(
        ("wrong", "says"),
        [
            ({"title": " "}, "Give the discussion a title."),
            ({"title": "x" * 151}, "1 character too many"),
            ({"text": ""}, "Write something first."),
            ({"text": "x" * 20_001}, "1 character too many"),
            ({"text": "é" * 15_000}, "This text is too long"),
            ({"readers": "aliens"}, "Choose one of the options."),
        ],
    )
    def test_what_cannot_be_meant_comes_back(self, sign_in, tech, ada, wrong, says):
        answer = sign_in(ada.id).submit("/g/tech/threads/new", **THREAD | wrong)
        assert answer.status_code == 422
        assert says in answer.text
        assert rows(Thread) == []

    def test_a_stale_form_keeps_the_words(self, sign_in, tech, ada):
        answer = sign_in(ada.id).post("/g/tech/threads/new", data=THREAD, headers={"Origin": "http://localhost"})
        assert answer.status_code == 422
        assert "In *Hull*?" in answer.text
        assert rows(Thread) == []

    def test_a_double_tap_opens_one_thread(self, sign_in, tech, ada):
        browser = sign_in(ada.id)
        answers = [browser.submit("/g/tech/threads/new", **THREAD) for _tap in range(2)]
        assert answers[0].location == answers[1].location
        assert len(rows(Thread)) == 1

    def test_a_preview_posts_nothing_and_keeps_the_form(self, sign_in, tech, ada):
        browser = sign_in(ada.id)
        page = browser.submit("/g/tech/threads/new", **THREAD, preview="1")
        assert page.status_code == 200
        assert "In <em>Hull</em>?" in page.text
        assert "In *Hull*?" in page.text
        assert "checked" in page.text
        assert rows(Thread) == []

    def test_only_members_open_threads(self, client, sign_in, tech):
        assert client.get("/g/tech/threads/new").status_code == 303
        assert client.submit("/g/tech/threads/new", **THREAD).status_code == 403
        guest = sign_in(make.person().id)
        assert guest.get("/g/tech/threads/new").status_code == 403
        assert guest.submit("/g/tech/threads/new", **THREAD).status_code == 403
        assert sign_in(make.member().id).get("/g/nothing/threads/new").status_code == 404
        assert rows(Thread) == []

    def test_a_long_list_of_threads_has_pages(self, client, tech, ada):
        for n in range(31):
            make.thread(tech, ada, f"Thread {n}")
        assert "All discussions" in client.get("/g/tech").text
        page = client.get("/g/tech/threads")
        assert page.text.count('class="entry-title"') == 30
        assert client.get("/g/tech/threads?page=2").text.count('class="entry-title"') == 1
        assert client.get("/g/nothing/threads").status_code == 404


class TestComments:
    def test_a_member_comments_and_lands_on_the_comment(self, sign_in, client, tech, ada, bob):
        thread = make.thread(tech, ada)
        answer = sign_in(bob.id).submit(f"/t/{thread.id}/comments", text="**Yes.**", parent="", form_key="k")
        assert answer.location == f"{thread.path}?page=1&said=comment-posted#c-1"
        assert "<strong>Yes.</strong>" in client.get(thread.path).text

    def test_a_reply_link_works_without_javascript(self, sign_in, client, tech, ada, bob):
        thread = make.thread(tech, ada)
        make.comment(thread, ada, "One.")
        browser = sign_in(bob.id)
        link = re.search(r'href="([^"]+reply=1#reply)"', browser.get(thread.path).text)
        page = browser.get(link[1].replace("&amp;", "&")).text
        assert "Reply to Ada Lovelace" in page
        assert re.search(r'name="parent"[^>]*value="1"', page)
        browser.submit(f"/t/{thread.id}/comments", text="Two.", parent="1")
        assert rows(Comment)[1].parent_id == rows(Comment)[0].id

    def test_a_double_tap_posts_one_comment(self, sign_in, tech, ada):
        thread, browser = make.thread(tech, ada), sign_in(ada.id)
        key = re.search(r'name="form_key"[^>]*value="([^"]+)"', browser.get(thread.path).text)[1]
        places = {browser.submit(f"/t/{thread.id}/comments", text="Yes.", form_key=key).location for _tap in range(2)}
        assert len(places) == len(rows(Comment)) == 1

    def test_each_form_has_a_key_of_its_own(self, sign_in, tech, ada):
        thread, browser = make.thread(tech, ada), sign_in(ada.id)
        keys = {re.search(r'name="form_key"[^>]*value="([^"]+)"', browser.get(thread.path).text)[1] for _n in range(2)}
        assert len(keys) == 2

    @pytest.mark.parametrize(
        ("form", "says"),
        [
            ({"text": " "}, "Write something first."),
            ({"text": "x" * 20_001}, "character too many"),
            ({"text": "Typed.", "parent": "77"}, "not in this discussion"),
            ({"text": "é" * 15_000}, "This text is too long"),
        ],
    )
    def test_what_cannot_be_posted_comes_back(self, sign_in, tech, ada, form, says):
        thread = make.thread(tech, ada)
        answer = sign_in(ada.id).submit(f"/t/{thread.id}/comments", **form)
        assert answer.status_code in (409, 422)
        assert says in answer.text
        assert rows(Comment) == []

    def test_a_stale_form_keeps_the_comment_and_its_key(self, sign_in, tech, ada):
        thread = make.thread(tech, ada)
        form = {"text": "Long thought.", "form_key": "k1", "parent": ""}
        answer = sign_in(ada.id).post(f"/t/{thread.id}/comments", data=form, headers={"Origin": "http://localhost"})
        assert answer.status_code == 422
        assert "Long thought." in answer.text
        assert 'value="k1"' in answer.text
        assert rows(Comment) == []

    def test_an_answer_cannot_point_into_another_thread(self, sign_in, tech, ada):
        thread, other = make.thread(tech, ada), make.thread(tech, ada, "Other")
        make.comment(other, ada)
        answer = sign_in(ada.id).submit(f"/t/{thread.id}/comments", text="Swap", parent="1")
        assert answer.status_code == 409
        assert len(rows(Comment)) == 1

    def test_only_members_comment_and_nobody_where_they_may_not_read(self, client, sign_in, tech, ada):
        thread = make.thread(tech, ada, is_public=False)
        assert client.submit(f"/t/{thread.id}/comments", text="Hello").status_code == 403
        guest = sign_in(make.person().id)
        for path in ("comments", "preview", "read", "readers"):
            assert guest.submit(f"/t/{thread.id}/{path}", text="Hello").status_code == 403
            assert sign_in(ada.id).submit(f"/t/99/{path}", text="Hello").status_code == 404
        assert rows(Comment) == []

    def test_a_preview_is_a_fragment_for_htmx_and_a_page_without(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        make.comment(thread, bob, "Asked.")
        browser = sign_in(ada.id)
        form = {"text": "*Hm* @Bob Bee", "parent": "1", "form_key": "k2"}
        page = browser.submit(f"/t/{thread.id}/preview", **form)
        assert page.status_code == 200
        assert "<em>Hm</em>" in page.text
        assert 'class="mention"' in page.text
        assert "*Hm* @Bob Bee" in page.text
        assert "Asked." in page.text
        assert 'value="k2"' in page.text
        headers = {"HX-Request": "true", "Origin": "http://localhost"}
        fragment = browser.post(
            f"/t/{thread.id}/preview", data={**form, "form_token": browser.token()}, headers=headers
        )
        assert "<em>Hm</em>" in fragment.text
        assert "<form" not in fragment.text
        assert len(rows(Comment)) == 1


class TestEditing:
    def test_an_author_edits_with_history_that_everybody_reads(self, sign_in, client, tech, ada):
        thread = make.thread(tech, ada, source="We meet Monday.", html="<p>We meet Monday.</p>")
        comment = make.comment(thread, ada, "Bring tea.")
        browser = sign_in(ada.id)
        assert "We meet Monday." in browser.get(f"/t/{thread.id}/edit").text
        assert browser.submit(f"/t/{thread.id}/edit", title="New", text="We meet Friday.").status_code == 303
        assert "Bring tea." in browser.get(f"/c/{comment.id}/edit").text
        browser.submit(f"/c/{comment.id}/edit", text="Bring coffee.")
        public = client.get(f"/t/{thread.id}-new").text
        assert "We meet Friday." in public
        assert f"/t/{thread.id}/history" in public
        history = client.get(f"/t/{thread.id}/history")
        assert "Set-Cookie" not in history.headers
        assert "<del>Monday</del><ins>Friday</ins>" in history.text
        assert "<del>tea</del><ins>coffee</ins>" in client.get(f"/c/{comment.id}/history").text

    def test_a_preview_of_an_edit_saves_nothing(self, sign_in, tech, ada):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, ada, "Old")
        page = sign_in(ada.id).submit(f"/c/{comment.id}/edit", text="*New*", preview="1")
        assert "<em>New</em>" in page.text
        assert rows(Comment)[0].source == "Old"

    @pytest.mark.parametrize("form", [{"text": ""}, {"text": "x" * 20_001}, {"text": "é" * 15_000}])
    def test_bad_edits_come_back(self, sign_in, tech, ada, form):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, ada, "Old")
        browser = sign_in(ada.id)
        assert browser.submit(f"/c/{comment.id}/edit", **form).status_code == 422
        assert browser.submit(f"/t/{thread.id}/edit", title="T", **form).status_code == 422
        assert browser.submit(f"/t/{thread.id}/edit", title="", text="Words").status_code == 422
        assert rows(Comment)[0].source == "Old"

    def test_nobody_edits_somebody_elses_words(self, sign_in, client, tech, ada, convenor):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, ada)
        for path in (f"/t/{thread.id}/edit", f"/c/{comment.id}/edit"):
            browser = sign_in(convenor.id)
            assert browser.get(path).status_code == 403
            assert browser.submit(path, title="x", text="x").status_code == 403
            assert client.get(path).status_code == 303
            assert client.submit(path, title="x", text="x").status_code == 403
        assert rows(Comment)[0].source == "I think so."
        for path in ("/t/99/edit", "/c/99/edit", "/c/99/history", "/c/99/delete", "/c/99/hide"):
            assert sign_in(ada.id).get(path).status_code == 404

    def test_a_long_history_has_pages(self, sign_in, client, tech, ada):
        thread = make.thread(tech, ada)
        browser = sign_in(ada.id)
        for n in range(12):
            browser.submit(f"/t/{thread.id}/edit", title=f"T{n}", text=f"Words {n}")
        first, second = (client.get(f"/t/{thread.id}/history?page={n}").text for n in (1, 2))
        assert first.count('class="card version"') == 10
        assert second.count('class="card version"') == 3
        assert "As first written" in second


class TestDeleting:
    def test_an_author_deletes_a_comment_for_everybody(self, sign_in, client, tech, ada, convenor):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, ada, "My secret")
        browser = sign_in(ada.id)
        browser.submit(f"/c/{comment.id}/edit", text="My old secret")
        assert "Delete your comment?" in browser.get(f"/c/{comment.id}/delete").text
        answer = browser.submit(f"/c/{comment.id}/delete")
        assert answer.location == f"{thread.path}?said=words-deleted#c-1"
        for reader in (client, browser, sign_in(convenor.id)):
            page = reader.get(thread.path).text
            assert "Deleted by its author." in page
            assert "secret" not in page
            assert reader.get(f"/c/{comment.id}/history").status_code == 404

    def test_an_author_deletes_a_thread_that_nobody_answered(self, sign_in, client, tech, ada):
        thread = make.thread(tech, ada)
        make.comment(thread, ada)
        browser = sign_in(ada.id)
        assert browser.submit(f"/t/{thread.id}/delete").location == "/g/tech?said=thread-deleted"
        for path in (thread.path, f"{thread.path}.atom", f"/t/{thread.id}/c/1", f"/c/{rows(Comment)[0].id}/history"):
            assert client.get(path).status_code == 404
            assert browser.get(path).status_code == 404

    def test_a_thread_that_others_answered_stays(self, sign_in, tech, ada, bob):
        thread = make.thread(tech, ada)
        make.comment(thread, bob)
        browser = sign_in(ada.id)
        assert browser.get(f"/t/{thread.id}/delete").status_code == 409
        answer = browser.submit(f"/t/{thread.id}/delete")
        assert answer.status_code == 409
        assert "Others have answered" in answer.text

    def test_a_thread_that_something_above_needs_stays(self, app, sign_in, tech, ada):
        thread = make.thread(tech, ada)
        app.extensions["coopgov.panels"] += (Panel("thread.keeps", lambda _viewer, _subject: Markup("a proposal")),)
        answer = sign_in(ada.id).submit(f"/t/{thread.id}/delete")
        assert answer.status_code == 409
        assert "A proposal belongs to this discussion" in answer.text

    def test_others_delete_nothing(self, sign_in, client, tech, ada, convenor):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, ada)
        for path in (f"/t/{thread.id}/delete", f"/c/{comment.id}/delete"):
            browser = sign_in(convenor.id)
            assert browser.get(path).status_code == 403
            assert browser.submit(path).status_code == 403
            assert client.submit(path).status_code == 403
        assert rows(Comment)[0].state == "visible"

    def test_an_author_who_left_the_coop_may_delete_in_public(self, sign_in, tech, ada):
        gone = make.person("Gone")
        comment = make.comment(make.thread(tech, ada), gone)
        assert sign_in(gone.id).submit(f"/c/{comment.id}/delete").status_code == 303
        assert rows(Comment)[0].state == "deleted"


class TestModeration:
    def test_a_convenor_hides_and_restores_with_a_reason_in_the_public_log(
        self, sign_in, client, tech, ada, bob, convenor
    ):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, bob, "Rude words")
        browser = sign_in(convenor.id)
        assert "Rude words" in browser.get(f"/c/{comment.id}/hide").text
        answer = browser.submit(f"/c/{comment.id}/hide", reason="An insult.")
        assert answer.location == f"{thread.path}?said=words-hidden#c-1"
        public = client.get(thread.path).text
        assert "Hidden by a convenor on 22 November 2026: An insult." in public
        assert "Rude words" not in public
        log = client.get("/moderation")
        assert "An insult." in log.text
        assert "Rude words" not in log.text
        assert "Connie" not in log.text
        assert "Set-Cookie" not in log.headers
        assert "Rude words" not in sign_in(ada.id).get(thread.path).text
        assert client.get(f"/c/{comment.id}/history").status_code == 404
        assert sign_in(ada.id).get(f"/c/{comment.id}/history").status_code == 404
        for reader in (browser, sign_in(bob.id)):
            assert "Rude words" in reader.get(f"/c/{comment.id}/history").text
        browser.submit(f"/c/{comment.id}/restore", reason="Meant kindly.")
        assert "Rude words" in client.get(thread.path).text
        assert "Meant kindly." in client.get("/moderation").text

    def test_a_hidden_opening_post_keeps_its_title_too(self, sign_in, client, tech, ada, bob, convenor):
        thread = make.thread(tech, ada, "Slander about Bob", html="<p>Slander</p>")
        make.comment(thread, bob, "Not so.")
        sign_in(convenor.id).submit(f"/t/{thread.id}/hide", reason="Slander of a member.")
        pages = [client.get(f"/t/{thread.id}"), client.get("/moderation"), client.get("/g/tech")]
        pages += [client.get(f"/t/{thread.id}.atom"), client.get(f"/t/{thread.id}.json")]
        assert [page.status_code for page in pages] == [200] * 5
        for page in pages:
            assert "Slander about Bob" not in page.text
            assert "<p>Slander</p>" not in page.text
        assert "A hidden discussion" in pages[0].text
        assert "Not so." in pages[0].text
        assert "Slander about Bob" in sign_in(ada.id).get(f"/t/{thread.id}/history").text

    def test_entries_of_members_only_threads_are_for_members(self, sign_in, client, tech, ada, convenor):
        thread = make.thread(tech, ada, "Private matter", is_public=False)
        sign_in(convenor.id).submit(f"/c/{make.comment(thread, ada).id}/hide", reason="Private reason.")
        public = client.get("/moderation").text
        assert "Private reason." not in public
        assert "Private matter" not in public
        assert "Private reason." in sign_in(ada.id).get("/moderation").text
        assert "Private reason." not in sign_in(make.person().id).get("/moderation").text

    def test_a_log_of_many_entries_has_pages_and_constant_statements(
        self, sign_in, client, tech, ada, convenor, statements
    ):
        thread = make.thread(tech, ada)
        browser = sign_in(convenor.id)
        client.get("/groups")
        with statements() as few:
            client.get("/moderation")
        for n in range(51):
            browser.submit(f"/c/{make.comment(thread, ada).id}/hide", reason=f"Reason {n}.")
        with statements() as many:
            page = client.get("/moderation").text
        assert "Reason 50." in page
        assert "Reason 0." not in page
        assert "Reason 0." in client.get("/moderation?page=2").text
        assert len(few) == len(many) <= 3

    @pytest.mark.parametrize("reason", ["", "   ", "x" * 301])
    def test_no_act_without_a_reason_that_fits(self, sign_in, tech, ada, convenor, reason):
        comment = make.comment(make.thread(tech, ada), ada)
        assert sign_in(convenor.id).submit(f"/c/{comment.id}/hide", reason=reason).status_code == 422
        assert rows(Comment)[0].state == "visible"

    def test_nobody_but_a_convenor_of_the_group_or_an_admin_moderates(self, sign_in, client, tech, ada, bob):
        thread = make.thread(tech, ada)
        comment = make.comment(thread, bob)
        elsewhere = make.member()
        make.seat(make.group("Finance"), elsewhere, "convenor")
        for kind in (f"/t/{thread.id}", f"/c/{comment.id}"):
            for act in ("hide", "restore"):
                for party in (ada, bob, elsewhere):
                    browser = sign_in(party.id)
                    assert browser.get(f"{kind}/{act}").status_code == 403
                    assert browser.submit(f"{kind}/{act}", reason="r").status_code == 403
                assert client.submit(f"{kind}/{act}", reason="r").status_code == 403
        assert sign_in(make.officer().id).submit(f"/c/{comment.id}/hide", reason="r").status_code == 303

    def test_a_convenor_cannot_hide_twice(self, sign_in, tech, ada, convenor):
        comment = make.comment(make.thread(tech, ada), ada)
        browser = sign_in(convenor.id)
        assert [browser.submit(f"/c/{comment.id}/hide", reason="r").status_code for _n in range(2)] == [303, 409]


class TestReaders:
    def test_a_convenor_makes_a_thread_members_only_at_once(self, sign_in, client, tech, ada, bob, convenor):
        thread = make.thread(tech, ada)
        make.comment(thread, bob)
        assert client.get(thread.path).status_code == 200
        browser = sign_in(convenor.id)
        assert "Make this discussion members-only?" in browser.get(f"/t/{thread.id}/readers").text
        assert browser.submit(f"/t/{thread.id}/readers", to="members").status_code == 303
        assert client.get(thread.path).status_code == 404
        assert thread.title not in client.get("/g/tech").text
        assert browser.get(f"/t/{thread.id}/readers").status_code == 403

    def test_an_author_alone_makes_a_thread_public(self, sign_in, client, tech, ada):
        thread = make.thread(tech, ada, is_public=False)
        browser = sign_in(ada.id)
        assert "Make this discussion public?" in browser.get(f"/t/{thread.id}/readers").text
        browser.submit(f"/t/{thread.id}/readers", to="public")
        assert client.get(thread.path).status_code == 200

    def test_an_answered_thread_stays_with_its_members(self, sign_in, client, tech, ada, bob):
        thread = make.thread(tech, ada, is_public=False)
        make.comment(thread, bob)
        answer = sign_in(ada.id).submit(f"/t/{thread.id}/readers", to="public")
        assert answer.status_code == 409
        assert "cannot become public" in answer.text
        assert client.get(thread.path).status_code == 404

    def test_others_change_nothing(self, sign_in, client, tech, ada, bob):
        thread = make.thread(tech, ada)
        assert sign_in(bob.id).get(f"/t/{thread.id}/readers").status_code == 403
        assert sign_in(bob.id).submit(f"/t/{thread.id}/readers", to="members").status_code == 403
        assert client.submit(f"/t/{thread.id}/readers", to="members").status_code == 403
        assert rows(Thread)[0].is_public

    def test_a_form_without_an_answer_changes_nothing(self, sign_in, tech, ada):
        thread = make.thread(tech, ada)
        sign_in(ada.id).submit(f"/t/{thread.id}/readers", to="aliens")
        assert rows(Thread)[0].is_public
