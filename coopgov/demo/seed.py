"""Fills an empty database with the demonstration, through the same services that people's clicks go through."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import current_app
from sqlalchemy import select, update

from coopgov.config import Settings
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries.rolls import entry_of
from coopgov.demo.applying import PERSONA, application_id, plan_applications, plan_joining_by_application
from coopgov.demo.cast import book, people, personas
from coopgov.demo.diary import Act, Diary
from coopgov.demo.joining import BY_APPLYING, FOUNDED, PEOPLE, plan_groups, plan_joining
from coopgov.demo.links import persona_path
from coopgov.demo.paying import plan_money
from coopgov.demo.reading import plan_readings
from coopgov.demo.stage import Stage
from coopgov.demo.story import Story, stories
from coopgov.demo.talk import mark_what_was_read, plan_talk
from coopgov.demo.tills import Tills
from coopgov.demo.voting import plan_motion
from coopgov.discussion.models import Thread
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.services.actors import begin_actor
from coopgov.infra.crypto import Signer
from coopgov.infra.db import db, write_transaction, writing_session
from coopgov.infra.jobs import DatabaseTask, Job, work
from coopgov.infra.mail import Mail
from coopgov.membership.rules.applications import FINISH

TOLD_SINCE = 14.0  # days: what happened before is in nobody's inbox
MAILED_SINCE = 2.0  # days: older mails count as sent long ago
CHANCE = 1844  # of the money's story
ACTS_AT_ONCE = 1000  # in one transaction: each costs a wait for the disk


@dataclass(frozen=True)
class Demo:
    """Where to look in the demonstration: paths within the site, and whose ballot waits."""

    public_thread: str
    private_thread: str
    open_proposal: str
    closed_proposal: str
    secret_proposal: str
    actor: str
    ballot: dict[str, int]  # payload of the member's mailed link for the open proposal
    application: int  # of somebody who is approved and may choose what to give
    tills: Tills  # what both fakes know at the end


def seed_demo(now: datetime, rng: random.Random) -> Demo:
    """Makes the history of a co-op of 300 members over fourteen months that ends at ``now``.

    Opens its own write transactions, on a migrated database without a co-op; the same ``now`` and ``rng`` give the
    same history. What happened lately waits as jobs for the worker; older mails count as sent.
    """
    told = stories()
    diary = Diary(now)
    tills = Tills(book()["coop"]["name"], diary.days_ago(FOUNDED))
    stage = Stage(diary, rng, people(PEOPLE, rng), tills, random.Random(CHANCE))  # noqa: S311 - a story, no secret
    plan_joining(stage)
    for person in stage.people:
        if stage.joined[person.key] >= diary.days_ago(BY_APPLYING):
            plan_joining_by_application(stage, person)
    plan_applications(stage)
    plan_money(stage)
    plan_groups(stage)
    for story in told:
        plan_talk(stage, story)
        for number in range(len(story.motions)):
            plan_motion(stage, story, number)
    plan_readings(stage)
    _perform(stage.diary)
    with write_transaction():
        mark_what_was_read(stage, told, now)
        _settle_mails(stage.diary.days_ago(MAILED_SINCE))
        return _demo(stage, told)


def _perform(diary: Diary) -> None:
    entries, since = list(diary.entries()), diary.days_ago(TOLD_SINCE)
    old = [entry for entry in entries if entry[0] < since]
    for chunk in _chunks(old):
        with write_transaction():
            for at, act in chunk:
                act(at)
            _settle_jobs()
    with write_transaction():
        begin_actor(book()["coop"]["name"], since)  # what happens from here on is announced
    for chunk in _chunks(entries[len(old) :]):
        with write_transaction():
            for at, act in chunk:
                act(at)
                _do_jobs(at)


def _chunks(entries: Sequence[tuple[datetime, Act]]) -> Iterator[Sequence[tuple[datetime, Act]]]:
    for start in range(0, len(entries), ACTS_AT_ONCE):
        yield entries[start : start + ACTS_AT_ONCE]


def _settle_jobs() -> None:
    """Nobody is told of what happened long ago: the jobs that ask for it count as done."""
    done = {"state": "done", "finished_at": Job.run_after}
    writing_session().execute(update(Job).where(Job.state == "queued").values(done))


def _do_jobs(at: datetime) -> None:
    """What the worker would have done in the database at ``at``; mails wait."""
    session, inside = writing_session(), _database_tasks()
    query = select(Job).where(Job.state == "queued", Job.kind.in_(inside)).order_by(Job.id)
    for job in session.scalars(query).all():
        inside[job.kind].run(job.payload, at)
        job.state, job.finished_at = "done", at
    session.flush()


def _database_tasks() -> dict[str, DatabaseTask]:
    return {kind: task for kind, task in work().tasks.items() if isinstance(task, DatabaseTask)}


def _settle_mails(before: datetime) -> None:
    session = writing_session()
    old = {"state": "sent", "settled_at": Mail.created_at, "facts": {}}
    session.execute(update(Mail).where(Mail.created_at < before).values(old))
    done = {"state": "done", "finished_at": Job.run_after}
    session.execute(update(Job).where(Job.state == "queued", Job.run_after < before).values(done))


def _demo(stage: Stage, told: list[Story]) -> Demo:
    by_name = {story.name: db.session.get_one(Thread, stage.threads[story.name]).path for story in told}
    open_id, closed_id = stage.proposals["mandate", 0], stage.proposals["budget", 0]
    entry, actor = entry_of(open_id, stage.parties[book()["personas"]["member"]]), the_actor()
    assert entry is not None
    assert actor is not None
    return Demo(
        public_thread=by_name["code-of-conduct"],
        private_thread=by_name["report-review"],
        open_proposal=db.session.get_one(Proposal, open_id).path,
        closed_proposal=db.session.get_one(Proposal, closed_id).path,
        secret_proposal=db.session.get_one(Proposal, stage.proposals["officers", 0]).path,
        actor=actor.path,
        ballot={"p": open_id, "e": entry.id},
        application=application_id(stage),
        tills=stage.tills,
    )


def demo_facts(demo: Demo, settings: Settings) -> dict[str, Any]:
    """What demo.json says: addresses that work, with the server at ``settings.base_url``."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    url = settings.base_url.rstrip("/")
    facts: dict[str, Any] = {
        "url": url,
        "public_thread": url + demo.public_thread,
        "private_thread": url + demo.private_thread,
        "open_proposal": url + demo.open_proposal,
        "closed_proposal": url + demo.closed_proposal,
        "secret_proposal": url + demo.secret_proposal,
        "actor": url + demo.actor,
        "ballot_link": f"{url}/vote/{signer.sign('ballot', demo.ballot)}",
    }
    if settings.demo:
        facts["personas"] = {persona: url + persona_path(persona) for persona in personas()}
        facts["personas"][PERSONA] = f"{url}/join/finish/{signer.sign(FINISH, demo.application)}"
    return facts
