"""What happens in the co-op is announced once, in words anybody may read, and taken back when it is nobody's business."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from coopgov.core.errors import Refused
from coopgov.decisions.models import Closing, Proposal
from coopgov.decisions.services import drafting, opening, outcomes
from coopgov.discussion import services as talk
from coopgov.discussion.models import Thread
from coopgov.federation.models import Actor, Announcement
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.queries.announcements import may_be_told, standing
from coopgov.federation.queries.documents import note_document
from coopgov.federation.rules.announcing import LONGEST_POST, Post, length_of
from coopgov.federation.services import publishing
from coopgov.infra.audit import AuditRow
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW, Clock
from tests.decisions.scene import CLOSES, Scene, author_of, close, draft, opened, scene, vote, vote_all
from tests.federation.announcing import actor, announcements, did, follower, said, sent, the_one

CatchUp = Callable[[], int]
WORDS = "We have outgrown the shared machine. What now?"


def begin(on: Scene, title: str = "Where shall we host?", words: str = WORDS, is_public: bool = True) -> Thread:
    with write_transaction():
        return talk.open_thread(on.group, author_of(on.author), title, words, is_public, NOW)


def show_to(thread: Thread, is_public: bool, by: int) -> None:
    with write_transaction():
        talk.change_visibility(db.session.get_one(Thread, thread.id), is_public, by, True, NOW)


def hide(thread: Thread, by: int, act: str = "hide") -> None:
    turn = talk.hide_words if act == "hide" else talk.restore_words
    with write_transaction():
        turn(db.session.get_one(Thread, thread.id), None, by, "A reason.", NOW)


def record(proposal: Proposal, by: int, words: str, at: Clock) -> None:
    with write_transaction():
        outcomes.record_outcome(db.session.get_one(Proposal, proposal.id), by, words, None, at.now)


def text_of(announcement: Announcement) -> str:
    return f"{announcement.title}\n{announcement.words}"


@pytest.fixture
def on(app: Flask) -> Scene:
    """A co-op with an actor, and with a follower elsewhere."""
    actor()
    follower()
    return scene()


# Threads


def test_a_new_public_thread_is_announced(on: Scene, catch_up: CatchUp) -> None:
    thread = begin(on)
    catch_up()
    post = the_one("thread")
    assert text_of(post) == (
        "New discussion: Where shall we host?\n"
        "We have outgrown the shared machine. What now?\n"
        "Anybody can read along in our group Tech."
    )
    assert (post.path, post.tags, post.language) == (f"/t/{thread.id}", [["Tech", "/g/tech"]], "en")
    assert (post.subject, post.published_at, post.reply_to_id) == (f"thread:{thread.id}", NOW, None)
    assert did() == [("Create", post.id)]
    assert sent() == [("Create", "https://social.example/inbox", "queued")]


def test_a_post_of_a_long_text_is_short_and_says_in_plain_words_what_it_begins_with(
    on: Scene, catch_up: CatchUp
) -> None:
    begin(on, words="## What it costs\n\n**Forty** pounds a [month](https://example.org).\n\n" + "And more. " * 200)
    catch_up()
    post = the_one("thread")
    assert post.words.startswith("What it costs – Forty pounds a month. And more.")
    assert post.words.split("\n")[0].endswith("…")
    assert length_of(Post(post.title, post.words, post.path, "en", (("Tech", "/g/tech"),))) <= LONGEST_POST


def test_a_member_who_is_mentioned_is_not_named_elsewhere(on: Scene, catch_up: CatchUp) -> None:
    begin(on, words=f"Ask @{on.convenor.name}, who knows.")
    catch_up()
    assert the_one("thread").words.startswith("Ask a member, who knows.\n")


def test_a_thread_for_members_is_not_announced(on: Scene, catch_up: CatchUp) -> None:
    begin(on, is_public=False)
    catch_up()
    assert announcements() == []


def test_a_thread_that_was_hidden_before_the_worker_came_is_not_announced(on: Scene, catch_up: CatchUp) -> None:
    hide(begin(on), on.convenor.id)
    catch_up()
    assert announcements() == []


def test_a_comment_is_not_announced(on: Scene, catch_up: CatchUp) -> None:
    thread = begin(on)
    catch_up()
    with write_transaction():
        comment = talk.post_comment(thread, author_of(on.author), "I think so.", None, "", NOW)
        talk.edit_comment(thread, comment, "I do.", on.author.id, NOW)
        talk.hide_words(thread, comment, on.convenor.id, "Rude.", NOW)
    catch_up()
    assert did() == [("Create", the_one("thread").id)]


def test_an_edit_reaches_everybody_who_had_the_post(on: Scene, catch_up: CatchUp, clock: Clock) -> None:
    thread = begin(on)
    catch_up()
    follower("bob", "late.example")  # never had the post, so there is nothing to update
    clock.forward(hours=1)
    with write_transaction():
        talk.edit_thread(db.session.get_one(Thread, thread.id), "Where do we host?", WORDS, on.author.id, clock.now)
    catch_up()
    post = the_one("thread")
    assert (post.title, post.version, post.updated_at) == ("New discussion: Where do we host?", 2, clock.now)
    assert post.path == f"/t/{thread.id}"  # the short address outlives every title
    assert did() == [("Create", post.id), ("Update", post.id)]
    assert sent() == [
        ("Create", "https://social.example/inbox", "queued"),
        ("Update", "https://social.example/inbox", "queued"),
    ]


def test_an_edit_that_changes_nothing_of_the_post_tells_nobody(on: Scene, catch_up: CatchUp) -> None:
    thread = begin(on, words="Word " * 200)
    catch_up()
    with write_transaction():
        talk.edit_thread(thread, thread.title, "Word " * 200 + "and a footnote.", on.author.id, NOW)
    catch_up()
    assert did() == [("Create", the_one("thread").id)]


def test_an_edit_of_a_thread_from_before_the_actor_announces_nothing(on: Scene, catch_up: CatchUp) -> None:
    with write_transaction():
        talk.edit_thread(on.thread, "Where do we host?", WORDS, on.author.id, NOW)
    catch_up()
    assert announcements() == []


@pytest.mark.parametrize("act", ["members", "hide", "delete"])
def test_a_thread_that_is_no_longer_public_is_taken_back_and_leaves_no_words(
    on: Scene, catch_up: CatchUp, act: str
) -> None:
    """Edge case 25."""
    thread = begin(on)
    catch_up()
    if act == "members":
        show_to(thread, False, on.author.id)
    elif act == "hide":
        hide(thread, on.convenor.id)
    else:
        with write_transaction():
            talk.delete_words(db.session.get_one(Thread, thread.id), None, on.author.id, NOW)
    catch_up()
    post = the_one("thread")
    assert (post.withdrawn_at, post.title, post.words, post.path, post.tags) == (NOW, "", "", "/", [])
    assert did() == [("Create", post.id), ("Delete", post.id)]


@pytest.mark.parametrize("act", ["members", "hide"])
def test_a_thread_that_comes_back_is_announced_anew(on: Scene, catch_up: CatchUp, act: str) -> None:
    thread = begin(on)
    catch_up()
    if act == "members":
        show_to(thread, False, on.author.id)
        catch_up()
        show_to(thread, True, on.author.id)
    else:
        hide(thread, on.convenor.id)
        catch_up()
        hide(thread, on.convenor.id, "restore")
    catch_up()
    old, new = announcements("thread")
    assert (old.withdrawn_at, old.title) == (NOW, "")
    assert (new.withdrawn_at, new.title) == (None, "New discussion: Where shall we host?")
    assert did() == [("Create", old.id), ("Delete", old.id), ("Create", new.id)]


def test_a_thread_that_was_hidden_and_restored_between_two_runs_keeps_its_post(on: Scene, catch_up: CatchUp) -> None:
    thread = begin(on)
    catch_up()
    hide(thread, on.convenor.id)
    hide(thread, on.convenor.id, "restore")
    catch_up()
    assert did() == [("Create", the_one("thread").id)]


def test_a_restored_thread_from_before_the_actor_is_no_news(on: Scene, catch_up: CatchUp) -> None:
    hide(on.thread, on.convenor.id)
    hide(on.thread, on.convenor.id, "restore")
    catch_up()
    assert announcements() == []


# Proposals


def test_a_proposal_is_announced_when_voting_opens(on: Scene, catch_up: CatchUp) -> None:
    proposal = draft(on, source="We rent our own machine.")
    catch_up()
    assert announcements() == []
    with write_transaction():
        opening.open_voting(proposal, NOW)
    catch_up()
    post = the_one("opened")
    assert text_of(post) == (
        "Voting is open: Move to our own server\n"
        "We rent our own machine.\n"
        "All our members can vote until Sunday, 29 November 2026, 12:00 GMT.\n"
        f"Fixed with the opening, M: {proposal.manifest_hash}\n"
        f"Roll: {proposal.roll_root}"
    )
    assert (post.path, post.tags) == (f"/p/{proposal.id}", [["Tech", "/g/tech"]])


def test_a_vote_of_a_group_says_so(on: Scene, catch_up: CatchUp) -> None:
    opened(on, electorate="group")
    catch_up()
    assert "Our group Tech can vote until Sunday" in the_one("opened").words


def test_the_end_of_voting_is_announced_once_below_its_opening(on: Scene, catch_up: CatchUp, clock: Clock) -> None:
    """Edge case 53."""
    proposal = opened(on)
    catch_up()
    clock.now = CLOSES - timedelta(hours=20)
    catch_up()
    catch_up()
    clock.forward(hours=1)
    catch_up()
    post = the_one("closes_soon")
    assert post.reply_to_id == the_one("opened").id
    assert text_of(post) == (
        "Last day to vote: Move to our own server\n"
        "All our members can vote until Sunday, 29 November 2026, 12:00 GMT.\n"
        "Not voted yet? Now is the time."
    )
    assert post.path == f"/p/{proposal.id}"


def test_the_result_is_announced_with_its_verdict_and_counts(on: Scene, catch_up: CatchUp, clock: Clock) -> None:
    proposal = opened(on)
    catch_up()
    vote_all(proposal, [*on.members, on.author], "agree", "agree", "disagree", "abstain")
    clock.now = CLOSES + timedelta(minutes=1)
    catch_up()
    post = the_one("result")
    assert text_of(post) == (
        "Passed: Move to our own server\n"
        "2 of the 3 who took a side agree (66.6%). At least half is needed.\n"
        "4 of 5 on the roll voted (80%).\n"
        "Agree 2 (50%) · Abstain 1 (25%) · Disagree 1 (25%)\n"
        f"Fixed with the closing, D: {db.session.get_one(Closing, proposal.id).digest}"
    )
    assert post.reply_to_id == the_one("opened").id


@pytest.mark.parametrize(
    ("choices", "head", "sentence"),
    [
        (("disagree", "disagree"), "Not passed", "0 of the 2 who took a side agree (0%). At least half is needed."),
        (("agree", "agree", "block"), "Blocked", "1 block stops it: fewer than nine tenths agree"),
        ((), "Undecided", "Nobody voted."),
    ],
)
def test_every_verdict_has_its_words(
    on: Scene, catch_up: CatchUp, clock: Clock, choices: tuple[str, ...], head: str, sentence: str
) -> None:
    proposal = opened(on)
    vote_all(proposal, on.members, *choices)
    clock.now = CLOSES + timedelta(minutes=1)
    catch_up()
    post = the_one("result")
    assert post.title == f"{head}: Move to our own server"
    assert post.words.startswith(sentence), post.words


def test_what_follows_is_announced_below_the_result_and_a_later_word_replaces_it(
    on: Scene, catch_up: CatchUp, clock: Clock
) -> None:
    proposal = opened(on)
    clock.now = CLOSES + timedelta(minutes=1)
    catch_up()
    record(proposal, on.convenor.id, "We **rent** the machine by Friday.", clock)
    catch_up()
    post = the_one("outcome")
    assert text_of(post) == "What follows: Move to our own server\nWe rent the machine by Friday."
    assert post.reply_to_id == the_one("result").id
    record(proposal, on.convenor.id, "We rent it by Monday.", clock)
    catch_up()
    assert the_one("outcome").words == "We rent it by Monday."
    assert [act for act, number in did() if number == post.id] == ["Create", "Update"]


def test_a_review_is_announced_with_its_day(on: Scene, catch_up: CatchUp, clock: Clock) -> None:
    proposal = opened(on)
    clock.now = CLOSES + timedelta(minutes=1)
    catch_up()
    with write_transaction():
        outcomes.record_outcome(proposal, on.convenor.id, "We rent it.", clock.now + timedelta(days=90), clock.now)
    catch_up()
    assert the_one("outcome").words == "We rent it.\nTo be reviewed on 27 February 2027."


def test_a_withdrawn_proposal_says_so_in_its_first_post_and_calls_nobody_to_vote(
    on: Scene, catch_up: CatchUp, clock: Clock
) -> None:
    proposal = opened(on)
    catch_up()
    clock.now = CLOSES - timedelta(hours=20)
    catch_up()
    assert said() == ["opened", "closes_soon"]
    with write_transaction():
        drafting.withdraw(proposal, on.author.id, "We found a cheaper host.", clock.now)
    catch_up()
    assert said() == ["opened"]
    assert text_of(the_one("opened")) == (
        "Withdrawn: Move to our own server\n"
        "We found a cheaper host.\n"
        "Its author took the proposal back, so there is no result."
    )


def test_a_draft_that_is_taken_back_is_no_news(on: Scene, catch_up: CatchUp) -> None:
    proposal = draft(on)
    with write_transaction():
        drafting.withdraw(proposal, on.author.id, "Never mind.", NOW)
    catch_up()
    assert announcements() == []


def test_nothing_of_a_proposal_for_members_is_announced(app: Flask, catch_up: CatchUp, clock: Clock) -> None:
    actor()
    on = scene(is_public=False)
    proposal = opened(on)
    catch_up()
    clock.now = CLOSES - timedelta(hours=20)
    catch_up()
    clock.now = CLOSES + timedelta(minutes=1)
    catch_up()
    record(proposal, on.convenor.id, "We rent it.", clock)
    catch_up()
    assert announcements() == []


def test_a_vote_that_closed_before_the_worker_came_is_announced_by_its_result_alone(
    on: Scene, catch_up: CatchUp, clock: Clock
) -> None:
    proposal = opened(on)
    clock.now = CLOSES + timedelta(minutes=1)
    close(proposal)
    catch_up()
    assert said() == ["result"]
    assert the_one("result").reply_to_id is None


def test_a_ballot_changes_nothing_of_what_was_announced(on: Scene, catch_up: CatchUp) -> None:
    proposal = opened(on)
    catch_up()
    before = text_of(the_one("opened"))
    for choice in ("agree", "disagree"):
        vote(proposal, on.members[0], choice, "Because.")
        catch_up()
    assert text_of(the_one("opened")) == before
    assert did() == [("Create", the_one("opened").id)]


def test_a_proposal_stays_announced_when_its_thread_goes(on: Scene, catch_up: CatchUp) -> None:
    """A vote stays public to its end: what anybody may still read is not taken back."""
    opened(on)
    catch_up()
    show_to(on.thread, False, on.author.id)
    catch_up()
    assert said() == ["opened"]


def test_a_draft_whose_thread_is_private_when_voting_opens_is_not_announced(on: Scene, catch_up: CatchUp) -> None:
    proposal = draft(on)
    show_to(on.thread, False, on.author.id)
    with write_transaction():
        opening.open_voting(db.session.get_one(Proposal, proposal.id), NOW)
    catch_up()
    assert announcements() == []


# Silence, language, actor


def test_over_a_silenced_proposal_nothing_is_said_to_its_end(on: Scene, catch_up: CatchUp, clock: Clock) -> None:
    proposal = draft(on)
    with write_transaction():
        publishing.be_silent(f"proposal:{proposal.id}", on.author.id, NOW)
        publishing.be_silent(f"proposal:{proposal.id}", on.author.id, NOW)
        opening.open_voting(proposal, NOW)
    catch_up()
    clock.now = CLOSES + timedelta(minutes=1)
    catch_up()
    assert announcements() == []


def test_after_a_change_of_mind_it_is_announced(on: Scene, catch_up: CatchUp) -> None:
    proposal = draft(on)
    with write_transaction():
        publishing.be_silent(f"proposal:{proposal.id}", on.author.id, NOW)
        publishing.speak_again(f"proposal:{proposal.id}", on.author.id, NOW)
        publishing.speak_again(f"proposal:{proposal.id}", on.author.id, NOW)
        opening.open_voting(proposal, NOW)
    catch_up()
    assert said() == ["opened"]
    acts = [row.act for row in db.session.query(AuditRow).filter(AuditRow.act.like("announcement.%"))]
    assert acts == ["announcement.silenced", "announcement.unsilenced", "announcement.published"]


def test_posts_are_in_the_language_of_the_co_op(on: Scene, catch_up: CatchUp) -> None:
    with write_transaction():
        coop = the_coop()
        assert coop is not None
        coop.language, coop.zone = "de", "Europe/Berlin"
    opened(on, source="Wir mieten.")
    catch_up()
    post = the_one("opened")
    assert post.language == "de"
    assert post.title == "Abstimmung läuft: Move to our own server"
    assert "Sonntag, 29. November 2026, 13:00 CET" in post.words


def test_without_an_actor_nothing_is_announced(app: Flask) -> None:
    with write_transaction():
        assert publishing.publish("thread", "thread:9", Post("Title", "Words", "/t/9", "en"), NOW) is None
    assert announcements() == []


def test_without_followers_a_post_stands_and_goes_nowhere(app: Flask, catch_up: CatchUp) -> None:
    actor()
    begin(scene())
    catch_up()
    assert said() == ["thread"]
    assert sent() == []


def test_what_went_private_may_not_be_told_even_before_the_worker_has_taken_it_back(
    on: Scene, catch_up: CatchUp
) -> None:
    thread = begin(on)
    opened(on)
    catch_up()
    post = the_one("thread")
    assert may_be_told(post)
    assert may_be_told(the_one("opened"))
    show_to(thread, False, on.author.id)
    assert post.withdrawn_at is None
    assert not may_be_told(post)
    show_to(thread, True, on.author.id)
    hide(thread, on.convenor.id)
    assert not may_be_told(post)
    show_to(on.thread, False, on.author.id)
    assert may_be_told(the_one("opened"))  # a vote stays public to its end
    with write_transaction():
        by_hand = publishing.publish_by_hand(actor_of(), "", "Come by.", "cli", NOW)
    assert may_be_told(by_hand)
    with write_transaction():
        publishing.withdraw(by_hand, NOW)
        unknown = publishing.publish("result", "meeting:3", Post("Minutes", "Words", "/m/3", "en"), NOW)
    assert not may_be_told(by_hand)
    assert unknown is not None
    assert not may_be_told(unknown)  # of what nobody can judge nothing is told


# By hand, and services


def test_what_an_officer_writes_is_announced(on: Scene) -> None:
    by = make.officer("admin")
    with write_transaction():
        post = publishing.publish_by_hand(actor_of(), "Open day", "Come by.\r\n\r\nBring cake.", by.id, NOW)
    assert (post.kind, post.subject, post.title, post.words) == ("by_hand", "", "Open day", "Come by.\n\nBring cake.")
    assert sent() == [("Create", "https://social.example/inbox", "queued")]
    row = db.session.query(AuditRow).filter_by(act="announcement.published").one()
    assert (row.actor, row.object) == (f"party:{by.id}", f"announcement:{post.id}")


def test_a_post_by_hand_does_not_end_with_the_address_of_the_home_page(on: Scene, catch_up: CatchUp) -> None:
    with write_transaction():
        post = publishing.publish_by_hand(actor_of(), "Open day", "See https://example.org/day.", "cli", NOW)
    document = note_document(post)
    assert document["url"] == "http://localhost/"
    assert document["content"] == (
        '<p><strong>Open day</strong></p><p>See <a href="https://example.org/day">https://example.org/day</a>.</p>'
    )
    thread = begin(on)
    catch_up()
    assert f'<a href="http://localhost/t/{thread.id}">' in note_document(the_one("thread"))["content"]


def test_a_double_click_announces_once_and_another_day_again(on: Scene) -> None:
    with write_transaction():
        first = publishing.publish_by_hand(actor_of(), "", "Come by.", "cli", NOW)
        again = publishing.publish_by_hand(actor_of(), "", "Come by.", "cli", NOW + timedelta(minutes=9))
        other = publishing.publish_by_hand(actor_of(), "", "Come by!", "cli", NOW)
        later = publishing.publish_by_hand(actor_of(), "", "Come by.", "cli", NOW + timedelta(days=1))
    assert again.id == first.id
    assert len({first.id, other.id, later.id}) == 3


def test_what_was_announced_by_hand_can_be_edited_until_it_is_taken_back(on: Scene) -> None:
    with write_transaction():
        post = publishing.publish_by_hand(actor_of(), "", "Come by.", "cli", NOW)
        assert publishing.revise_by_hand(post, "", "Come by at six.", "cli", NOW)
        assert not publishing.revise_by_hand(post, "", "Come by at six.", "cli", NOW)
        publishing.withdraw(post, NOW)
        publishing.withdraw(post, NOW)
    assert [act for act, _ in did()] == ["Create", "Update", "Delete"]
    with pytest.raises(Refused, match=r"announcement\.withdrawn"), write_transaction():
        publishing.revise_by_hand(post, "", "Hello?", "cli", NOW)


def test_a_post_about_a_proposal_is_not_edited_by_hand(on: Scene, catch_up: CatchUp) -> None:
    opened(on)
    catch_up()
    with pytest.raises(Refused, match=r"announcement\.withdrawn"), write_transaction():
        publishing.revise_by_hand(the_one("opened"), "", "Vote yes!", "cli", NOW)


def test_of_one_kind_one_stands_about_one_subject(on: Scene) -> None:
    post = Post("Title", "Words", "/t/1", "en")
    with write_transaction():
        first = publishing.publish("thread", "thread:9", post, NOW)
        assert publishing.publish("thread", "thread:9", post, NOW) is None
        assert first is not None
        publishing.withdraw(first, NOW)
        second = publishing.publish("thread", "thread:9", post, NOW)
    assert second is not None
    assert standing("thread", "thread:9") == second


def test_a_post_that_is_taken_back_before_it_went_out_is_never_sent(on: Scene, catch_up: CatchUp) -> None:
    thread = begin(on)
    catch_up()
    show_to(thread, False, on.author.id)
    catch_up()
    assert sent() == [("Create", "https://social.example/inbox", "dropped")]


def actor_of() -> Actor:
    found = the_actor()
    assert found is not None
    return found
