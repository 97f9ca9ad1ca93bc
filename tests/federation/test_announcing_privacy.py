"""Whatever happens, in whatever order: no word of members' own leaves, no voter, no number before the count."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import Outcome, Proposal, RollEntry
from coopgov.decisions.queries.proposals import is_public_now
from coopgov.decisions.services import drafting, opening, outcomes, voting
from coopgov.discussion import services as talk
from coopgov.discussion.models import Thread
from coopgov.federation.models import Activity, Actor, Announcement
from coopgov.federation.queries.documents import activity_body, as_bytes, featured, note_document, outbox
from coopgov.identity.models import Party
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from coopgov.tally.rule import PRESETS
from tests.conftest import Clock
from tests.decisions.scene import Scene, author_of, opened, scene, terms, vote
from tests.federation.announcing import actor, announcements, follower, the_one
from tests.federation.sinks import Sinks, followers

CatchUp = Callable[[], int]
ACTS = 50


class Town:
    """A co-op in which things happen by chance; every text that somebody writes holds a word of its own."""

    def __init__(self, on: Scene, rng: random.Random, clock: Clock) -> None:
        self.on, self.rng, self.clock = on, rng, clock
        self.words: dict[str, list[str]] = {}  # subject → the words that its texts have held, newest last
        self.number = 0

    def word(self, subject: str = "") -> str:
        self.number += 1
        word = f"word{self.number:04}x"
        if subject:
            self.words.setdefault(subject, []).append(word)
        return word

    def act(self) -> None:
        """One thing happens, if the rules let it."""
        acts = (
            *(self.open_thread, self.open_thread, self.edit, self.show, self.hide, self.restore, self.delete),
            *(self.comment, self.draft, self.draft, self.mend, self.open_vote, self.ballot, self.ballot),
            *(self.withdraw, self.let_time_pass, self.outcome),
        )
        try:
            with write_transaction():
                self.rng.choice(acts)()
        except (Refused, IndexError):  # IndexError: there is nothing yet to do it with
            db.session.rollback()

    def thread(self) -> Thread:
        return self.rng.choice(
            db.session.scalars(select(Thread).where(Thread.state != "deleted").order_by(Thread.id)).all()
        )

    def proposal(self, *states: str) -> Proposal:
        return self.rng.choice(
            db.session.scalars(select(Proposal).where(Proposal.state.in_(states)).order_by(Proposal.id)).all()
        )

    def open_thread(self) -> None:
        title, text = self.word(), self.word()
        is_public = self.rng.random() < 0.6
        made = talk.open_thread(self.on.group, author_of(self.on.author), title, text, is_public, self.clock.now)
        self.words[f"thread:{made.id}"] = [title, text]

    def edit(self) -> None:
        thread = self.thread()
        subject = f"thread:{thread.id}"
        talk.edit_thread(thread, self.word(subject), self.word(subject), thread.author_id, self.clock.now)

    def show(self) -> None:
        thread = self.thread()
        talk.change_visibility(thread, not thread.is_public, thread.author_id, True, self.clock.now)

    def hide(self) -> None:
        talk.hide_words(self.thread(), None, self.on.convenor.id, self.word("reasons"), self.clock.now)

    def restore(self) -> None:
        talk.restore_words(self.thread(), None, self.on.convenor.id, self.word("reasons"), self.clock.now)

    def delete(self) -> None:
        thread = self.thread()
        talk.delete_words(thread, None, thread.author_id, self.clock.now)

    def comment(self) -> None:
        member = self.rng.choice(self.on.members)
        talk.post_comment(self.thread(), author_of(member), self.word("comments"), None, "", self.clock.now)

    def draft(self) -> None:
        title, text = self.word(), self.word()
        closes = self.clock.now + timedelta(days=7)
        made = drafting.draft_proposal(
            self.thread(),
            author_of(self.on.author),
            terms(title=title, source=text, closes_at=closes, rule=PRESETS["ordinary"]),
            self.clock.now,
        )
        self.words[f"proposal:{made.id}"] = [title, text]

    def mend(self) -> None:
        proposal = self.proposal("draft")
        subject = f"proposal:{proposal.id}"
        changed = terms(title=self.word(subject), source=self.word(subject), closes_at=proposal.closes_at)
        drafting.mend_proposal(proposal, self.on.author.id, changed, self.clock.now)

    def open_vote(self) -> None:
        opening.open_voting(self.proposal("draft"), self.clock.now)

    def ballot(self) -> None:
        proposal = self.proposal("open")
        entries = db.session.scalars(
            select(RollEntry).where(RollEntry.proposal_id == proposal.id).order_by(RollEntry.id)
        ).all()
        voter = db.session.get_one(Party, self.rng.choice(entries).party_id)
        choice, now = self.rng.choice(("agree", "disagree", "abstain", "block")), self.clock.now
        voting.cast_ballot(proposal.id, voter.id, choice, self.word("reasons"), voter.name, "web", now, now)

    def withdraw(self) -> None:
        proposal = self.proposal("draft", "open")
        reason = self.word(f"proposal:{proposal.id}")
        drafting.withdraw(proposal, self.on.author.id, reason, self.clock.now)

    def let_time_pass(self) -> None:
        self.clock.forward(days=self.rng.choice((0.3, 1.2, 3)))

    def outcome(self) -> None:
        proposal = self.proposal("closed")
        words = self.word(f"proposal:{proposal.id}")
        outcomes.record_outcome(proposal, self.on.convenor.id, words, None, self.clock.now)


def told() -> str:
    """Everything of announcements that is kept to be sent or served, as one text."""
    db.session.rollback()
    rows: list[object] = [
        [one.title, one.words, one.path, one.tags, one.subject, one.language]
        for one in db.session.scalars(select(Announcement))
    ]
    rows += [[one.type, one.object] for one in db.session.scalars(select(Activity))]
    rows += [job.payload for job in db.session.scalars(select(Job).where(Job.kind.like("federation.%")))]
    return json.dumps(rows, ensure_ascii=False)


def private_subjects() -> Iterator[str]:
    """What the public may not read now, by subject."""
    for thread in db.session.scalars(select(Thread)):
        if not (thread.is_public and thread.state == "visible"):
            yield f"thread:{thread.id}"
    for proposal in db.session.scalars(select(Proposal)):
        if not is_public_now(proposal):
            yield f"proposal:{proposal.id}"


def served() -> str:
    """Everything that anybody could fetch or get delivered at this moment, as one text."""
    db.session.rollback()
    bodies = [activity_body(number) for number in db.session.scalars(select(Activity.id))]
    bodies += [as_bytes(note_document(one)) for one in db.session.scalars(select(Announcement))]
    actor_id = db.session.scalars(select(Actor.id)).one()
    lists = [*outbox(actor_id, None).items, *featured(actor_id, None).items]
    return b"\n".join(bodies).decode() + json.dumps(lists, ensure_ascii=False)


def leaked(town: Town, text: str) -> list[str]:
    """Words in ``text`` that the public may not read now, and names."""
    private = [word for subject in private_subjects() for word in town.words.get(subject, ())]
    private += [word for kind in ("comments", "reasons") for word in town.words.get(kind, ())]
    private += [party.name for party in db.session.scalars(select(Party))]
    return [word for word in private if word in text]


@pytest.mark.parametrize("seed", range(2))
def test_no_word_that_the_public_may_not_read_is_served_or_kept_to_be_told(
    app: Flask, catch_up: CatchUp, clock: Clock, seed: int
) -> None:
    actor()
    follower()
    rng = random.Random(seed)
    town = Town(scene(), rng, clock)
    private, public = 0, 0
    for _ in range(ACTS):
        town.act()
        assert leaked(town, served()) == []  # whether the worker has come or not
        if rng.random() < 0.6:
            catch_up()
            assert leaked(town, told()) == []
        private += len(list(private_subjects()))
        public += len([one for one in announcements() if one.withdrawn_at is None])
    assert private > 10, "nothing private was ever there, so nothing was tested"
    assert public > 10, "nothing was ever announced, so nothing was tested"


def test_while_voting_is_open_no_number_leaves(app: Flask, catch_up: CatchUp, clock: Clock) -> None:
    actor()
    on = scene(members=9)
    proposal = opened(on, title="Move", source="We move.")
    catch_up()
    clock.now = proposal.closes_at - timedelta(hours=20)
    before = None
    for number, member in enumerate(on.members):
        vote(proposal, member, ("agree", "abstain", "disagree")[number % 3], at=clock.now)
        catch_up()
        before = before or told()
        assert told() == before  # the same as after the first ballot
    for kind in ("opened", "closes_soon"):
        words = the_one(kind).words.replace("29 November 2026, 12:00", "")
        for fixed in (proposal.manifest_hash, proposal.roll_root):
            words = words.replace(fixed, "")
        assert not any(sign.isdigit() for sign in words), words


@pytest.mark.parametrize("act", ["members", "hide", "delete"])
def test_a_courier_that_is_quicker_than_the_worker_sends_nothing_that_went_private(
    app: Flask, catch_up: CatchUp, sinks: Sinks, deliver: Callable[..., None], clock: Clock, act: str
) -> None:
    followers([sinks.inbox("127.0.0.2"), sinks.inbox("127.0.0.3")])
    on = scene()
    with write_transaction():
        secret = talk.open_thread(on.group, author_of(on.author), "Secret", "Words.", True, clock.now)
        talk.open_thread(on.group, author_of(on.author), "Open", "Words.", True, clock.now)
    catch_up()
    with write_transaction():
        thread = db.session.get_one(Thread, secret.id)
        if act == "members":
            talk.change_visibility(thread, False, thread.author_id, True, clock.now)
        elif act == "hide":
            talk.hide_words(thread, None, on.convenor.id, "Rude.", clock.now)
        else:
            talk.delete_words(thread, None, thread.author_id, clock.now)
    deliver()
    catch_up()
    deliver()
    assert len(sinks.hits) == 2  # of the other thread; who never had this one has nothing to forget
    assert not any(b"Secret" in hit.body for hit in sinks.hits)


def test_an_outcome_is_told_with_the_proposal_only_while_that_is_public(
    app: Flask, catch_up: CatchUp, clock: Clock
) -> None:
    actor()
    on = scene(is_public=False)
    proposal = opened(on)
    clock.now = proposal.closes_at + timedelta(minutes=1)
    catch_up()
    with write_transaction():
        outcomes.record_outcome(
            db.session.get_one(Proposal, proposal.id), on.convenor.id, "Secret plans.", None, clock.now
        )
    catch_up()
    assert db.session.scalar(select(Outcome.id)) is not None
    assert "Secret" not in told()
    assert announcements() == []
