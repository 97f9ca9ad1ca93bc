"""A co-op that is served: the application in a thread with a worker beside it, its mail sink, and people who do things.

What people do here without a browser goes through the same services; the clock can be moved on.

For joining and paying, ``served_with_fakes`` has both providers' fakes answer over HTTP beside the co-op, told of each
other as in the demonstration: webhooks and nudges arrive, and ``site.fakes`` plays fate in this process. A new co-op
lets people join after ``site.opens_to_join()``; a seeded demonstration's folder goes on where its history ended::

    with served_with_fakes(copied(empty_coop, tmp_path / "data")) as site:
        site.opens_to_join()
        ...                                                   # a tab goes to Checkout: a page of site.fakes.stripe_url
        site.fakes.stripe.settle(intent_id, succeeds=True)    # a direct debit arrives
        site.forward(days=40)                                 # the co-op's clock and both fakes', with all that falls due
        site.fakes.collective.act({"act": "decline", "order": "or_…", "times": 2})
"""

import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import func, or_, select
from werkzeug.exceptions import HTTPException

from coopgov.app import create_app
from coopgov.config import read_settings
from coopgov.core.money import Money
from coopgov.core.text import slug_of
from coopgov.core.time import utc_now
from coopgov.decisions.models import Ballot, Proposal, RollEntry
from coopgov.decisions.rules.stages import Terms
from coopgov.decisions.services import drafting, voting
from coopgov.demo.providers import SLUG, STORY, STRIPE_STATE, settings_for
from coopgov.demo.sink import SunkMail, sunk_ids, sunk_mail
from coopgov.discussion import services as discussion
from coopgov.discussion.models import Comment, Thread
from coopgov.discussion.rules import Author
from coopgov.fakes.credentials import STRIPE_WEBHOOK_SECRET
from coopgov.fakes.opencollective import server as opencollective_server
from coopgov.fakes.opencollective.acts import Stage as CollectiveStage
from coopgov.fakes.opencollective.acts import staged_from
from coopgov.fakes.opencollective.passing import move_by
from coopgov.fakes.stripe import server as stripe_server
from coopgov.fakes.stripe.world import World as StripeWorld
from coopgov.funding.providers.opencollective.addresses import webhook_url
from coopgov.groups import services as groups
from coopgov.groups.models import Group
from coopgov.groups.queries import group_by_slug
from coopgov.identity.queries import login_by_email
from coopgov.identity.services import create_person, start_session
from coopgov.infra import server
from coopgov.infra.crypto import Signer
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job, is_due
from coopgov.infra.worker import Crew
from coopgov.membership.queries.applications import open_application
from coopgov.membership.queries.terms import open_terms
from coopgov.membership.services import applications, reviewing
from coopgov.membership.services import terms as joining
from coopgov.membership.services.register import admit, appoint
from coopgov.membership.services.standing import RuleTerms, set_rule
from coopgov.membership.services.tiers import TierTerms, save_tier
from coopgov.tally.rule import PRESETS, Rule

PATIENCE_S = 20.0


class MovableClock:
    """The real time, or as much later as a test says."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def __call__(self) -> datetime:
        return utc_now() + self.ahead

    def forward(self, **span: float) -> None:
        self.ahead += timedelta(**span)


@dataclass(frozen=True)
class Person:
    id: int
    name: str
    email: str

    @property
    def author(self) -> Author:
        return Author(self.id, self.name, self.name)


@dataclass(frozen=True)
class Fakes:
    """Both providers beside a site, answering at these addresses; what they know can be asked and changed here."""

    stripe: StripeWorld
    collective: CollectiveStage
    stripe_url: str
    opencollective_url: str

    def forward(self, span: timedelta) -> None:
        """Moves both clocks on; whatever falls due on the way happens."""
        self.stripe.advance(int(span.total_seconds()))
        with self.collective.world.lock:
            move_by(self.collective.world, span)


class Site:
    """A co-op that answers on ``url``; ``fakes`` are there with ``served_with_fakes`` alone."""

    fakes: Fakes

    def __init__(self, app: Flask, url: str, clock: MovableClock) -> None:
        self.app, self.url, self.clock = app, url, clock
        self.mail_url = app.extensions["coopgov.settings"].mail_url

    def page_at(self, path: str) -> str:
        """The name of the page under the path."""
        for method in ("GET", "POST"):
            with suppress(HTTPException):
                return str(self.app.url_map.bind("").match(path, method)[0])
        return "nothing"

    @contextmanager
    def open(self) -> Iterator[None]:
        """Inside it the database can be asked."""
        with self.app.app_context():
            yield

    def do(self, act: Callable[[datetime], Any]) -> Any:
        """What ``act`` gives, in a write transaction of its own; the rows it gives can be read later."""
        with self.open(), write_transaction() as session:
            session.expire_on_commit = False
            return act(self.clock())

    def ask(self, query: Any) -> Any:
        """The one value that ``query`` gives."""
        with self.open():
            return db.session.scalar(query)

    # People, and what they have done already

    def member(self, name: str) -> Person:
        """Somebody who has just become a member."""

        def act(now: datetime) -> Person:
            party = create_person(name, f"{slug_of(name)}@example.org", "", now)
            admit(party.id, now, "cli")
            return Person(party.id, name, f"{slug_of(name)}@example.org")

        return self.do(act)

    def officer(self, name: str, office: str) -> Person:
        """A member who holds the office."""
        person = self.member(name)
        self.do(lambda now: appoint(person.id, office, now, "cli"))
        return person

    def opens_to_join(self) -> None:
        """Dues are asked from now on, in three tiers from £1 (at the fake Open Collective, too), and people can join."""
        for slug, minor in (("solidarity", 100), ("member", 300), ("supporter", 500)):
            at_oc = {"act": "tier", "slug": slug, "name": slug.capitalize(), "cents": minor, "least_cents": minor}
            tier = self.fakes.collective.act(at_oc)
            given = TierTerms(
                name=slug.capitalize(),
                minimum=Money(minor, "GBP"),
                suggested=[Money(minor, "GBP")],
                oc_tier=f"{slug}-{tier.legacy_id}",
                position=minor,
            )
            self.do(lambda now, given=given: save_tier(None, given, "cli", now))
        rule = RuleTerms(
            asks_dues=True, grace_days=30, pending_votes=False, pending_days=14, min_age_days=0, longest_pause_months=12
        )
        self.do(lambda now: set_rule(rule, now, None, now))
        code = {"code_url": "/about", "code_version": "3"}
        terms = joining.Terms(is_open=True, prompt="", min_age=18, by_hand="", **code)
        self.do(lambda now: joining.edit_terms(terms, "cli", now))

    def approved(self, name: str, reader: Person) -> Person:
        """Somebody whom the secretary ``reader`` has just approved: the mail to finish joining is on its way."""
        email = f"{slug_of(name)}@example.org"

        def act(now: datetime) -> Person:
            terms = open_terms()
            assert terms is not None
            applications.apply(applications.Wish(email=email, name=name, about="I bake bread."), terms, "en", now)
            row = open_application(email)
            assert row is not None
            applications.confirm(row, now)
            reviewing.claim(row, reader.id, now)
            return Person(reviewing.approve(row, row.revision, reader.id, now).id, name, email)

        return self.do(act)

    def known(self, email: str) -> Person:
        """Who has the address."""
        with self.open():
            login = login_by_email(email)
            assert login is not None
            return Person(login.party_id, "", email)

    def cookie_of(self, person: Person) -> str:
        """The cookie of a browser in which they have just signed in."""

        def act(now: datetime) -> str:
            login = login_by_email(person.email)
            assert login is not None
            return start_session(login, "mail", "Firefox on Linux", now)

        return self.do(act)

    def group(self, name: str, convenor: Person, *others: Person) -> Group:
        """A group that every member may join, with these people in it."""

        def act(now: datetime) -> Group:
            found = groups.found_group(name, "Looks after things.", "We *look after* things.", "open", convenor.id, now)
            for other in others:
                groups.join(found, other.id, now)
            return found

        return self.do(act)

    def seat(self, slug: str, person: Person) -> None:
        """They join the group now."""
        self.do(lambda now: groups.join(group_by_slug(slug), person.id, now))

    def thread(self, group: Group, author: Person, title: str, is_public: bool = True) -> Thread:
        """A thread in the group."""
        words = "We could **do it** this way:\n\n- one\n- two\n\nWhat do you think?"
        return self.do(lambda now: discussion.open_thread(group, author.author, title, words, is_public, now))

    def comment(self, thread: Thread, author: Person, words: str) -> Comment:
        """A comment below it."""

        def act(now: datetime) -> Comment:
            row = db.session.get_one(Thread, thread.id)
            key = f"{author.id}-{words}"[:60]
            return discussion.post_comment(row, author.author, words, None, key, now)

        return self.do(act)

    def proposal(
        self, thread: Thread, author: Person, title: str, open_now: bool = True, rule: Rule = PRESETS["ordinary"]
    ) -> Proposal:
        """A proposal of the group's members, open for six days, under the ordinary rule unless another is given."""

        def act(now: datetime) -> Proposal:
            given = Terms(
                title=title,
                source="We do it **this** way, from next month on.",
                rule=rule,
                rule_name="ordinary" if rule == PRESETS["ordinary"] else "",
                electorate="group",
                opens_at=None,
                closes_at=now + timedelta(days=6),
                open_now=open_now,
            )
            return drafting.draft_proposal(db.session.get_one(Thread, thread.id), author.author, given, now)

        return self.do(act)

    def vote(self, proposal: Proposal, person: Person, choice: str, reason: str) -> None:
        """Their ballot, cast signed in."""
        self.do(lambda now: voting.cast_ballot(proposal.id, person.id, choice, reason, person.name, "web", now, now))

    # What came of it

    def mail(self, to: str, words: str) -> SunkMail:
        """The newest mail to the address with ``words`` in its subject; waits for it."""
        return self.wait_for(
            lambda: next((one for one in self.mails(to) if words in one.subject), None), f"a mail to {to}: {words}"
        )

    def mails(self, to: str = "") -> list[SunkMail]:
        """All mails in the sink, newest first."""
        return [sunk_mail(self.mail_url, one) for one in sunk_ids(self.mail_url, to)]

    def rest(self) -> None:
        """Waits until the worker has nothing left to do now."""
        self.app.extensions["coopgov.waker"].wake()

        def is_done() -> bool:
            waits = or_(Job.state == "running", is_due(self.clock()))
            return not self.ask(select(func.count()).select_from(Job).where(waits))

        self.wait_for(is_done, "the worker to finish")

    def forward(self, **span: float) -> None:
        """Moves the clock on, and lets the worker do what is due then."""
        self.clock.forward(**span)
        if hasattr(self, "fakes"):
            self.fakes.forward(timedelta(**span))
        self.app.extensions["coopgov.waker"].wake()

    def wait_for(self, look: Callable[[], Any], what: str) -> Any:
        """What ``look`` gives once it is something."""
        ends = time.monotonic() + PATIENCE_S
        while time.monotonic() < ends:
            if found := look():
                return found
            time.sleep(0.05)
        raise AssertionError(f"waited in vain for {what}")

    def ballots(self, proposal: Proposal) -> list[tuple[int, str, str]]:
        """Every ballot cast so far, those that were replaced too: who, how, and why."""
        with self.open():
            query = select(RollEntry.party_id, Ballot.choice, Ballot.reason).join(
                RollEntry, RollEntry.id == Ballot.roll_entry_id
            )
            rows = db.session.execute(query.where(Ballot.proposal_id == proposal.id).order_by(Ballot.id))
            return [tuple(row) for row in rows]


def link_in(mail: SunkMail, words: str) -> str:
    """The path of the link below ``words`` in the mail."""
    return next(path for label, path in mail.links if words in label)


def _free_port() -> int:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


@contextmanager
def served_with_fakes(folder: Path, **settings: Any) -> Iterator[Site]:
    """The co-op in ``folder``, with both fakes beside it, which begin as the files in there say, else anew."""
    port, stripe, story = _free_port(), StripeWorld(), folder / STORY
    if (folder / STRIPE_STATE).exists():
        stripe.load(json.loads((folder / STRIPE_STATE).read_text()))
    if not story.exists():
        story.write_text(json.dumps({"slug": SLUG, "name": "Harbour Social", "acts": []}))
    collective = staged_from(story, utc_now)
    base = read_settings({}, data_dir=str(folder), base_url=f"http://127.0.0.1:{port}")
    stripe.tell(f"{base.base_url}/webhooks/stripe", STRIPE_WEBHOOK_SECRET)
    nudge = webhook_url(Signer(base.keys), base)
    minutes = count(0, 60)  # for the rate limit, which is not what these tests are about
    there = opencollective_server.make_app(
        collective.world, nudge_url=nudge, stage=collective, clock=lambda: float(next(minutes))
    )
    with (
        stripe_server.running(stripe) as one,
        opencollective_server.running(there) as other,
        served(folder, port, **settings_for(one, other), **settings) as site,
    ):
        site.fakes = Fakes(stripe, collective, one, other)
        yield site


@contextmanager
def served(folder: Path, port: int = 0, **settings: Any) -> Iterator[Site]:
    """The co-op in ``folder``, answering on a free port until the end."""
    port = port or _free_port()
    url, clock = f"http://127.0.0.1:{port}", MovableClock()
    values = {"base_url": url, "mail_url": f"file:{folder / 'mail'}", "contact": "hello@example.org"}
    values |= {"key_dir": str(keys)} if (keys := keys_beside(folder)).exists() else {}
    app = create_app(read_settings({}, data_dir=str(folder), **values, **settings), clock)
    crew = Crew(app, clock)
    stop, is_ready = threading.Event(), threading.Event()

    def answer() -> None:
        server.serve(app.wsgi_app, "127.0.0.1", port, stop=stop, ready=is_ready.set, threads=4)

    web = threading.Thread(target=answer)
    for part in (web, crew):
        part.start()
    try:
        assert is_ready.wait(PATIENCE_S)
        yield Site(app, url, clock)
    finally:
        crew.stop()
        stop.set()
        web.join()
        with app.app_context():
            db.session.remove()
            db.engine.dispose()


def set_up(folder: Path, name: str) -> None:
    """What `coopgov init` makes of an empty folder."""
    command = [str(Path(sys.executable).with_name("coopgov")), "init", "--name", name, "--base-url", "http://127.0.0.1"]
    answers = ["--contact", "hello@example.org", "--mail-url", ""]
    subprocess.run([*command, *answers], env={"COOPGOV_DATA_DIR": str(folder)}, check=True, capture_output=True)


def keys_beside(folder: Path) -> Path:
    """Where a co-op that holds secret votes has their keys: apart from its data."""
    return folder.with_name(f"{folder.name}-keys")


def copied(template: Path, folder: Path) -> Path:
    """A fresh co-op like the one in ``template``."""
    if keys_beside(template).exists():
        shutil.copytree(keys_beside(template), keys_beside(folder))
    return Path(shutil.copytree(template, folder))
