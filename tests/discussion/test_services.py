from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from coopgov.core.errors import NotFound, Refused
from coopgov.core.viewer import NOBODY, Viewer
from coopgov.discussion import queries, services
from coopgov.discussion.models import Comment, Moderation, ReadMark, Revision
from coopgov.discussion.models import Thread as ThreadRow
from coopgov.discussion.rules import Author
from coopgov.infra.audit import broken_at
from coopgov.infra.db import db, write_transaction
from coopgov.infra.outbox import EventRow
from coopgov.membership.models import Membership
from tests import factories as make
from tests.conftest import NOW

LATER = NOW + timedelta(hours=1)


def events() -> list[str]:
    return list(db.session.scalars(select(EventRow.name).order_by(EventRow.id)))


def author(party) -> Author:
    return Author(party.id, party.name, party.name)


def open_thread(group, party, title="Where?", source="What do *you* think?", is_public=True, now=NOW):
    with write_transaction():
        return services.open_thread(group, author(party), title, source, is_public, now)


def post(thread, party, source="I think so.", parent_id=None, form_key="", now=NOW):
    with write_transaction():
        return services.post_comment(thread, author(party), source, parent_id, form_key, now)


def test_a_thread_keeps_source_and_clean_html(tech, ada):
    before = tech.version
    thread = open_thread(tech, ada, "Où ?", "Hello <script>alert(1)</script> *you*")
    assert thread.source == "Hello <script>alert(1)</script> *you*"
    assert "<em>you</em>" in thread.html
    assert "<script" not in thread.html
    assert (thread.slug, thread.path, thread.comment_count) == ("ou", f"/t/{thread.id}-ou", 0)
    assert tech.version > before
    assert events() == ["discussion.thread_opened"]
    assert broken_at() is None


def test_the_same_thread_sent_twice_is_one_thread(tech, ada, bob):
    first = open_thread(tech, ada)
    assert open_thread(tech, ada, now=NOW + timedelta(minutes=2)).id == first.id
    assert open_thread(tech, ada, source="Other words").id != first.id
    assert open_thread(tech, bob).id != first.id
    assert open_thread(tech, ada, now=NOW + timedelta(minutes=11)).id != first.id


def test_who_is_no_member_writes_nothing(tech, ada):
    guest, thread = make.person(), open_thread(tech, ada)
    for act in (lambda: open_thread(tech, guest), lambda: post(thread, guest)):
        with pytest.raises(Refused) as refused:
            act()
        assert refused.value.reason == "comment.members_only"


def test_a_text_of_too_many_bytes_is_refused_beside_its_field(tech, ada):
    with pytest.raises(Refused) as refused:
        open_thread(tech, ada, source="é" * 15_000)
    assert (refused.value.reason, refused.value.field) == ("text.too_long", "text")
    assert db.session.scalar(select(ThreadRow)) is None


def test_comments_are_numbered_and_the_thread_follows(tech, ada, bob):
    thread = open_thread(tech, ada)
    version = thread.version
    assert [post(thread, bob).number, post(thread, ada, now=LATER).number] == [1, 2]
    assert (thread.comment_count, thread.last_at) == (2, LATER)
    assert thread.version == version + 2
    assert queries.participants(thread.id) == {ada.id, bob.id}


def test_a_repeated_form_key_gives_the_first_comment(tech, ada):
    thread = open_thread(tech, ada)
    first = post(thread, ada, form_key="k1")
    assert post(thread, ada, "Something else", form_key="k1").id == first.id
    assert thread.comment_count == 1


def test_somebody_elses_form_key_is_worth_nothing(tech, ada, bob):
    thread, other = open_thread(tech, ada), open_thread(tech, ada, "Other")
    first = post(thread, ada, form_key="k1")
    assert post(thread, bob, "Mine", form_key="k1").id != first.id
    assert post(other, ada, "There", form_key="k1").thread_id == other.id


def test_an_answer_stays_in_its_thread(tech, ada):
    thread, other = open_thread(tech, ada), open_thread(tech, ada, "Other")
    elsewhere = post(other, ada)
    for parent_id in (elsewhere.id, 999):
        with pytest.raises(Refused) as refused:
            post(thread, ada, parent_id=parent_id)
        assert refused.value.reason == "comment.no_such_parent"
    here = post(thread, ada)
    assert post(thread, ada, parent_id=here.id).parent_id == here.id


def test_nothing_is_added_to_a_deleted_thread(tech, ada):
    thread = open_thread(tech, ada)
    with write_transaction():
        services.delete_words(thread, None, ada.id, NOW)
    with pytest.raises(Refused) as refused:
        post(thread, ada)
    assert refused.value.reason == "thread.gone"


def test_two_replies_at_once_get_distinct_numbers(app, tech, ada, bob):
    thread_id, authors = open_thread(tech, ada).id, [author(ada), author(bob)]
    start, failures = Barrier(8), []

    def reply(n: int) -> None:
        with app.app_context():
            start.wait()
            try:
                thread = db.session.get_one(ThreadRow, thread_id)
                with write_transaction():
                    services.post_comment(thread, authors[n % 2], f"Number {n}", None, f"key{n // 2}", NOW)
            except Exception as error:
                failures.append(error)
            finally:
                db.session.remove()

    replies = [Thread(target=reply, args=(n,)) for n in range(8)]
    for one in replies:
        one.start()
    for one in replies:
        one.join()
    assert failures == []
    db.session.rollback()
    numbers = list(db.session.scalars(select(Comment.number).order_by(Comment.number)))
    assert numbers == list(range(1, 9))
    assert db.session.get_one(ThreadRow, thread_id).comment_count == 8
    assert broken_at() is None


def test_an_edit_keeps_what_was_said_before(tech, ada):
    thread = open_thread(tech, ada)
    comment = post(thread, ada, "First")
    with write_transaction():
        services.edit_thread(thread, "New title", "New words", ada.id, LATER)
        services.edit_comment(thread, comment, "Second", ada.id, LATER)
    kept = db.session.scalars(select(Revision).order_by(Revision.id)).all()
    assert [(r.title, r.source, r.comment_id) for r in kept] == [
        ("Where?", "What do *you* think?", None),
        ("", "First", comment.id),
    ]
    assert (thread.title, thread.slug, thread.edited_at) == ("New title", "new-title", LATER)
    assert (comment.html, comment.edited_at) == ("<p>Second</p>", LATER)
    assert events().count("discussion.words_edited") == 2


def test_an_edit_that_changes_nothing_leaves_no_trace(tech, ada):
    thread = open_thread(tech, ada)
    comment, version = post(thread, ada, "Same"), thread.version + 0
    with write_transaction():
        services.edit_comment(thread, comment, "Same", ada.id, LATER)
        services.edit_thread(thread, thread.title, thread.source, ada.id, LATER)
    assert (comment.edited_at, thread.edited_at, thread.version) == (None, None, version)
    assert db.session.scalar(select(Revision)) is None


def test_versions_follow_each_other_from_the_newest(tech, ada):
    thread = open_thread(tech, ada)
    comment = post(thread, ada, "v1")
    for n in range(2, 6):
        with write_transaction():
            services.edit_comment(thread, comment, f"v{n}", ada.id, NOW + timedelta(hours=n))
    words = queries.Words(thread, comment)
    total = queries.revision_count(words) + 1
    every = queries.versions(words, total, 10)
    assert [(v.number, v.source, v.source_before) for v in every] == [
        (5, "v5", "v4"),
        (4, "v4", "v3"),
        (3, "v3", "v2"),
        (2, "v2", "v1"),
        (1, "v1", ""),
    ]
    assert [v.at for v in every] == [NOW + timedelta(hours=n) for n in (5, 4, 3, 2)] + [NOW]
    paged = [v for offset in (0, 2, 4) for v in queries.versions(words, total, 2, offset)]
    assert paged == every


def test_only_the_author_changes_words(tech, ada, bob):
    thread = open_thread(tech, ada)
    comment = post(thread, ada)
    for act in (
        lambda: services.edit_thread(thread, "x", "x", bob.id, NOW),
        lambda: services.edit_comment(thread, comment, "x", bob.id, NOW),
        lambda: services.delete_words(thread, comment, bob.id, NOW),
        lambda: services.delete_words(thread, None, bob.id, NOW),
    ):
        with pytest.raises(Refused) as refused, write_transaction():
            act()
        assert refused.value.reason == "words.not_yours"


def test_deleted_words_are_gone_and_their_place_stays(tech, ada):
    thread = open_thread(tech, ada)
    comment = post(thread, ada, "Secret")
    with write_transaction():
        services.delete_words(thread, comment, ada.id, LATER)
    assert (comment.state, comment.source, comment.html, thread.comment_count) == ("deleted", "", "", 1)
    with pytest.raises(NotFound):
        queries.visible_words("c", comment.id, Viewer(party_id=ada.id, member_number=1))


def test_a_thread_that_others_answered_is_not_deleted(tech, ada, bob):
    thread = open_thread(tech, ada)
    post(thread, ada)
    comment = post(thread, bob)
    with pytest.raises(Refused) as refused, write_transaction():
        services.delete_words(thread, None, ada.id, NOW)
    assert refused.value.reason == "thread.answered"
    with write_transaction():
        services.delete_words(thread, comment, bob.id, NOW)
    with pytest.raises(Refused), write_transaction():
        services.delete_words(thread, None, ada.id, NOW)


def test_hiding_and_restoring_stand_in_the_log_with_their_reasons(tech, ada, bob):
    thread = open_thread(tech, ada)
    comment = post(thread, ada)
    with write_transaction():
        services.hide_words(thread, comment, bob.id, "Names a patient.", NOW)
    assert comment.state == "hidden"
    with write_transaction():
        services.restore_words(thread, comment, bob.id, "A misunderstanding.", LATER)
    assert comment.state == "visible"
    log = db.session.scalars(select(Moderation).order_by(Moderation.id)).all()
    assert [(e.act, e.reason, e.moderator_id) for e in log] == [
        ("hide", "Names a patient.", bob.id),
        ("restore", "A misunderstanding.", bob.id),
    ]
    assert events().count("discussion.words_hidden") == 2


def test_hidden_words_are_hidden_once_and_not_edited(tech, ada, bob):
    thread = open_thread(tech, ada)
    comment = post(thread, ada)
    with write_transaction():
        services.hide_words(thread, comment, bob.id, "r", NOW)
    for act in (
        lambda: services.hide_words(thread, comment, bob.id, "r", NOW),
        lambda: services.edit_comment(thread, comment, "x", ada.id, NOW),
    ):
        with pytest.raises(Refused) as refused, write_transaction():
            act()
        assert refused.value.reason == "words.not_visible"
    with pytest.raises(Refused) as refused, write_transaction():
        services.restore_words(thread, None, bob.id, "r", NOW)
    assert refused.value.reason == "words.not_hidden"


def test_a_thread_becomes_public_only_while_its_author_is_alone(tech, ada, bob):
    thread = open_thread(tech, ada, is_public=False)
    post(thread, ada)
    with write_transaction():
        services.change_visibility(thread, True, ada.id, False, NOW)
        services.change_visibility(thread, False, bob.id, True, NOW)
    assert not thread.is_public
    post(thread, bob)
    with pytest.raises(Refused) as refused, write_transaction():
        services.change_visibility(thread, True, ada.id, True, NOW)
    assert refused.value.reason == "thread.stays_private"


def test_a_read_mark_never_goes_back_nor_beyond_what_there_is(tech, ada, bob):
    thread = open_thread(tech, ada)
    for _n in range(3):
        post(thread, ada)
    for asked, stands in ((2, 2), (1, 2), (99, 3), (-5, 3)):
        with write_transaction():
            services.mark_read(bob.id, thread.id, asked, NOW)
        assert queries.read_mark(bob.id, thread.id).number == stands
    assert len(db.session.scalars(select(ReadMark)).all()) == 2


def test_ones_own_comment_is_read_unless_something_before_it_is_not(tech, ada, bob):
    thread = open_thread(tech, ada)
    post(thread, ada)
    assert queries.read_mark(ada.id, thread.id).number == 1
    post(thread, bob)
    post(thread, ada)
    assert queries.read_mark(ada.id, thread.id).number == 1
    assert queries.read_mark(bob.id, thread.id) is None


def test_mentions_of_members_become_links_and_are_known(tech, ada, bob):
    make.person("Carol Guest")
    thread = open_thread(tech, bob, source="Hello @Ada Lovelace")
    comment = post(thread, ada, "@bob bee and @Carol Guest, see a@bob.org and `@Bob Bee`")
    assert '<a href="/g/tech/people" class="mention"' in comment.html
    assert comment.html.count('class="mention"') == 1
    assert queries.mentioned_in_comment(comment.id) == {bob.id}
    assert queries.mentioned_in_thread(thread.id) == {ada.id}
    assert queries.mentioned_in_comment(999) == queries.mentioned_in_thread(999) == set()


def test_names_are_not_loaded_for_a_text_without_a_sign(tech, ada, statements):
    thread = open_thread(tech, ada)
    with statements() as sent:
        post(thread, ada, "No mention")
    assert not [text for text in sent.texts if "JOIN membership" in text]


def test_a_member_who_left_is_not_mentioned(tech, ada, bob):
    with write_transaction() as session:
        session.scalars(select(Membership).where(Membership.party_id == bob.id)).one().ceased_at = NOW
    comment = post(open_thread(tech, ada), ada, "@Bob Bee", now=LATER)
    assert "mention" not in comment.html
    assert queries.mentioned_in_comment(comment.id) == set()


def test_a_touched_thread_and_its_group_count_up(tech, ada):
    thread = open_thread(tech, ada)
    before = (thread.version + 0, tech.version + 0)
    with write_transaction():
        services.touch_thread(thread.id, LATER)
    assert (thread.version, tech.version, thread.last_at) == (before[0] + 1, before[1] + 1, LATER)


def test_lists_leave_out_what_the_viewer_may_not_read(tech, ada, bob):
    public = open_thread(tech, ada, "Public")
    private = open_thread(tech, ada, "Private", is_public=False, now=LATER)
    hidden, deleted = open_thread(tech, ada, "Hidden"), open_thread(tech, ada, "Deleted")
    with write_transaction():
        services.hide_words(hidden, None, bob.id, "r", NOW)
        services.delete_words(deleted, None, ada.id, NOW)
    member = Viewer(party_id=bob.id, member_number=2)
    assert [line.id for line in queries.threads_of(tech.id, NOBODY, 10)] == [public.id]
    assert [line.id for line in queries.threads_of(tech.id, member, 10)] == [private.id, public.id]
    assert [line.id for line in queries.threads_of(tech.id, member, 1, 1)] == [public.id]
    assert (queries.thread_count(tech.id, NOBODY), queries.thread_count(tech.id, member)) == (1, 2)
    assert [line.id for line in queries.public_threads_latest(10)] == [public.id]
    assert queries.last_activity(NOBODY) == {tech.id: NOW}
    assert queries.last_activity(member) == {tech.id: LATER}


def test_a_stamp_is_for_what_the_public_may_read(tech, ada):
    thread = open_thread(tech, ada)
    stamp = queries.thread_stamp(thread.id)
    assert stamp == queries.head(thread.id, NOBODY).stamp
    post(thread, ada)
    assert queries.thread_stamp(thread.id) != stamp
    with write_transaction():
        services.change_visibility(thread, False, ada.id, False, NOW)
    assert queries.thread_stamp(thread.id) is None
    assert queries.thread_stamp(999) is None
