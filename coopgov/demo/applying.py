"""Who applies in the demonstration: at every stage of the queue, and those who joined lately, from form to member."""

import tomllib
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any

from sqlalchemy import select

from coopgov.core.text import fold_email, slug_of
from coopgov.demo.cast import HERE, Person, book
from coopgov.demo.diary import Act, awake
from coopgov.demo.paying import begin_paying
from coopgov.demo.reading import look_at_subscription, read_open_collective
from coopgov.demo.stage import Stage
from coopgov.discussion.models import Thread
from coopgov.identity.queries import party
from coopgov.identity.services import edit_profile
from coopgov.infra.db import writing_session
from coopgov.membership.models import Application
from coopgov.membership.queries.terms import joining_terms
from coopgov.membership.services import applications, reviewing
from coopgov.membership.services.applications import Wish
from coopgov.membership.services.joining import admit_payer
from coopgov.membership.services.terms import Terms, edit_terms

PERSONA = "applicant"
CONFIRMED = timedelta(minutes=8)  # after sending
READS = timedelta(minutes=20)  # before deciding
READ_WITHIN = (0.8, 2.6)  # days
CODE, CODE_SINCE = "code-of-conduct", 95.0  # the story of its present version; days ago, from then on it is accepted
LINGERED = (0.1, 0.5)  # days from approval to payment


@cache
def applications_book() -> dict[str, Any]:
    """applications.toml: who applies, and what they write."""
    return tomllib.loads((HERE / "applications.toml").read_text())


def plan_applications(stage: Stage) -> None:
    """Writes into the diary what has to be accepted, who is in the queue, and how far they are."""
    stage.diary.write(stage.diary.days_ago(CODE_SINCE), partial(_ask_for_the_code, stage))
    for plain in applications_book()["waiting"]:
        sent = stage.diary.days_ago(plain["days_ago"])
        stage.diary.write(sent, partial(_send, _wish(stage, plain)))
        if plain["to"] != "started":
            stage.diary.write(sent + CONFIRMED, partial(_confirm, _wish(stage, plain).email))
        if "after" in plain:
            decided = sent + timedelta(days=plain["after"])
            if plain["to"] in _READ:
                stage.diary.write(decided - READS, partial(_claim, stage, plain, _wish(stage, plain).email))
            stage.diary.write(decided, partial(_MOVES[plain["to"]], stage, plain, _wish(stage, plain).email))


def plan_joining_by_application(stage: Stage, person: Person) -> None:
    """Writes into the diary how somebody applied, was read, paid, and so became a member when they joined."""
    chance, joined = stage.chance, stage.joined[person.key]
    approved = joined - timedelta(days=chance.uniform(*LINGERED))
    sent = approved - timedelta(days=chance.uniform(*READ_WITHIN))
    about = chance.choice(applications_book()["joined"]["about"])
    wish = Wish(email=person.email, name=person.name, about=about)
    stage.applicants.add(person.key)
    steps: list[tuple[datetime, Act]] = [
        (sent, partial(_send, wish)),
        (sent + CONFIRMED, partial(_confirm, person.email)),
        (awake(approved) - READS, partial(_claim, stage, {}, person.email)),
        (awake(approved), partial(_let_in, stage, person)),
        (joined, partial(_finish, stage, person)),
    ]
    for at, act in steps:
        stage.diary.write(min(at, joined), act)


def application_id(stage: Stage) -> int:
    """The application of the persona who is about to choose what to give."""
    wish = _wish(stage, next(plain for plain in applications_book()["waiting"] if plain.get("key") == PERSONA))
    return _application(wish.email).id


# Steps


def _ask_for_the_code(stage: Stage, now: datetime) -> None:
    """Whoever applies from now on accepts the code of conduct, and can read how it came to be."""
    terms, thread = joining_terms(), writing_session().get_one(Thread, stage.threads[CODE])
    assert terms is not None
    asked = Terms(
        is_open=True,
        prompt=terms.prompt,
        min_age=terms.min_age,
        code_url=thread.path,
        code_version="3",
        by_hand=terms.by_hand,
    )
    edit_terms(asked, "cli", now)


def _wish(stage: Stage, plain: dict[str, Any]) -> Wish:
    """What they fill in; a former member does so under the address that they had."""
    former = (
        next((p for p in stage.people if p.key == stage.left[plain["former"]]), None) if "former" in plain else None
    )
    name = former.name if former else plain["name"]
    email = former.email if former else f"{slug_of(name).replace('-', '.')}@example.org"
    told = {key: plain[key] for key in ("organisation", "skills", "heard_from") if key in plain}
    return Wish(email=email, name=name, about=plain["about"], **told)


def _send(wish: Wish, now: datetime) -> None:
    terms = joining_terms()
    assert terms is not None
    applications.apply(wish, terms, "en", now)


def _application(email: str) -> Application:
    query = select(Application).where(Application.email_key == fold_email(email))
    return writing_session().scalars(query.order_by(Application.id.desc()).limit(1)).one()


def _confirm(email: str, now: datetime) -> None:
    applications.confirm(_application(email), now)


def _secretary(stage: Stage) -> int:
    return stage.parties[book()["personas"]["membership_secretary"]]


def _claim(stage: Stage, _plain: dict[str, Any], email: str, now: datetime) -> None:
    reviewing.claim(_application(email), _secretary(stage), now)


def _approve(stage: Stage, _plain: dict[str, Any], email: str, now: datetime) -> None:
    row = _application(email)
    reviewing.approve(row, row.revision, _secretary(stage), now)


def _ask(stage: Stage, plain: dict[str, Any], email: str, now: datetime) -> None:
    row = _application(email)
    reviewing.ask(row, plain["question"], row.revision, _secretary(stage), now)


def _decline(stage: Stage, plain: dict[str, Any], email: str, now: datetime) -> None:
    row = _application(email)
    reviewing.decline(row, plain["reason"], plain["words"], row.revision, _secretary(stage), now)


def _spam(stage: Stage, _plain: dict[str, Any], email: str, now: datetime) -> None:
    reviewing.mark_as_spam(_application(email), _secretary(stage), now)


def _withdraw(_stage: Stage, _plain: dict[str, Any], email: str, now: datetime) -> None:
    applications.withdraw(_application(email), now)


_MOVES = {
    "in_review": _claim,
    "needs_info": _ask,
    "approved": _approve,
    "declined": _decline,
    "spam": _spam,
    "withdrawn": _withdraw,
}
_READ = ("needs_info", "approved", "declined")  # moves of who has taken the application


def _let_in(stage: Stage, person: Person, now: datetime) -> None:
    _approve(stage, {}, person.email, now)
    stage.parties[person.key] = _application(person.email).party_id or 0


def _finish(stage: Stage, person: Person, now: datetime) -> None:
    """They choose, pay, come back, and are a member."""
    begin_paying(stage, person, stage.purses[person.key], now)
    if person.key in stage.subscriptions:
        look_at_subscription(stage, person.key, now)
    else:
        read_open_collective(stage, now)
    admit_payer(stage.parties[person.key], now)
    if person.public_name != "full":
        edit_profile(party(stage.parties[person.key]), person.name, person.public_name, "", "", now)
