"""Words that were hidden or deleted are gone from every corner."""

from sqlalchemy import select

from coopgov.discussion.models import Comment, Revision, Thread
from coopgov.discussion.services import delete_words, edit_comment, hide_words
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW

SECRET = "Kim Doe stole the till"


def test_the_title_of_a_hidden_thread_is_not_told_beside_a_comment(tech, ada, bob, convenor, sign_in):
    thread = make.thread(tech, ada, SECRET)
    with write_transaction():
        hide_words(db.session.get_one(Thread, thread.id), None, convenor.id, "Names somebody", NOW)
    browser = sign_in(bob.id)
    answers = [
        browser.submit(f"/t/{thread.id}/preview", text="Hello"),
        browser.submit(f"/t/{thread.id}/comments", text=""),
        browser.submit(f"/t/{thread.id}/comments", text="Hello"),
    ]
    for answer in answers:
        assert "Kim Doe" not in answer.text
        assert "kim-doe" not in answer.text + answer.headers.get("Location", "")


def test_a_deleted_thread_takes_all_its_words_along(app, tech, ada):
    thread = make.thread(tech, ada, SECRET)
    comment = make.comment(thread, ada, "Ask Kim.")
    with write_transaction():
        row = db.session.get_one(Thread, thread.id)
        edit_comment(row, db.session.get_one(Comment, comment.id), "Ask Kim again.", ada.id, NOW)
        delete_words(row, None, ada.id, NOW)
    db.session.rollback()
    kept = db.session.get_one(Thread, thread.id)
    assert (kept.title, kept.slug, kept.source, kept.html) == ("", "", "", "")
    assert db.session.execute(select(Comment.state, Comment.source, Comment.html)).all() == [("deleted", "", "")]
    assert db.session.scalars(select(Revision)).all() == []
