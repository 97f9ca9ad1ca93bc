"""How the stories' proposals are decided: drafted, opened, voted on, reminded of, counted, and what followed."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from coopgov.core.text import shown_in_public
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import rolls
from coopgov.decisions.rules.casting import DRAIN
from coopgov.decisions.rules.options import Option, numbered
from coopgov.decisions.rules.stages import REMIND_BEFORE, Terms
from coopgov.decisions.secrecy import SECRET
from coopgov.decisions.services import closing, drafting, opening, outcomes, secret, voting
from coopgov.demo.cast import book
from coopgov.demo.diary import JUST_NOW, awake
from coopgov.demo.stage import Stage
from coopgov.demo.story import RULES, Motion, Story
from coopgov.discussion.models import Thread
from coopgov.infra.db import writing_session
from coopgov.tally.methods import METHODS
from coopgov.tally.rule import PRESETS
from coopgov.tally.vote import Shape

DRAFTED_BEFORE = timedelta(hours=27)  # a proposal can be read for a day before it opens
OPENS = "18:00"
BY_MAIL = 0.55  # share of ballots that come by the mailed link
DRAFT_WAITS = timedelta(days=30)  # until the closing that a draft has pencilled in


@dataclass(frozen=True)
class Window:
    """When a proposal is drafted, opened and closed; ``opened`` is None for a draft."""

    drafted: datetime
    opened: datetime | None
    closes: datetime


@dataclass(frozen=True)
class Cast:
    """A ballot to be cast."""

    voter: int
    choice: Any
    reason: str


def plan_motion(stage: Stage, story: Story, number: int) -> None:
    """Writes one of the thread's proposals into the diary, from its draft to what followed from it."""
    motion, diary = story.motions[number], stage.diary
    window = window_of(stage, motion)
    diary.write(window.drafted, partial(_draft, stage, story, number, window))
    if window.opened is None or window.opened > diary.now:
        return
    box: list[Cast] = []
    diary.write(window.opened, partial(_open, stage, story, number, box))
    for at in _instants(stage, motion, window):
        diary.write(at, partial(_cast_next, stage, story, number, box))
    if motion.withdrawn:
        at = window.opened + timedelta(days=motion.withdrawn_after_days)
        diary.write(at, partial(_withdraw, stage, story, number))
        return
    _plan_end(stage, story, number, window)


def window_of(stage: Stage, motion: Motion) -> Window:
    """When the proposal is drafted, opened and closed."""
    diary, runs = stage.diary, timedelta(days=motion.days)
    if motion.draft:
        return Window(diary.days_ago(motion.created_days_ago or 0), None, diary.on_the_hour(0) + DRAFT_WAITS)
    if motion.opens_in_days is not None:
        opens = diary.on_the_clock(-motion.opens_in_days, OPENS)
        return Window(diary.now - DRAFTED_BEFORE, opens, opens + runs)
    if motion.closes_in_hours is not None:
        opened = diary.on_the_hour(0) + timedelta(hours=motion.closes_in_hours) - runs
    else:
        opened = diary.on_the_clock(motion.opened_days_ago or 0, OPENS)
    return Window(opened - DRAFTED_BEFORE, opened, opened + runs)


def _instants(stage: Stage, motion: Motion, window: Window) -> list[datetime]:
    """When the ballots come in: many on the first day and after the reminder, few at night."""
    assert window.opened is not None
    end = min(window.closes, stage.diary.now - JUST_NOW) - timedelta(minutes=5)
    if motion.withdrawn:
        end = window.opened + timedelta(days=motion.withdrawn_after_days, minutes=-5)
    drawn = [
        window.opened + (end - window.opened) * stage.rng.betavariate(0.6, 0.9)
        for _ in range(motion.cast + motion.changed)
    ]
    return sorted(late if (late := awake(at)) < end else at for at in drawn)


def _plan_end(stage: Stage, story: Story, number: int, window: Window) -> None:
    motion, diary = story.motions[number], stage.diary
    acts = [
        (window.closes - REMIND_BEFORE, partial(_remind, stage, story, number)),
        (window.closes, partial(_begin_counting, stage, story, number)),
        (window.closes + DRAIN, partial(_close, stage, story, number)),
    ]
    if motion.outcome:
        recorded = awake(window.closes + timedelta(days=motion.outcome_after_days))
        acts.append((recorded, partial(_record_outcome, stage, story, number)))
    for at, act in acts:
        if at <= diary.now:
            diary.write(at, act)


def _draft(stage: Stage, story: Story, number: int, window: Window, now: datetime) -> None:
    motion = story.motions[number]
    terms = Terms(
        title=motion.title,
        source=motion.text,
        rule=RULES[motion.rule],
        rule_name=motion.rule if motion.rule in PRESETS else "",
        method=motion.method,
        options=_options(motion, window.closes),
        settings=motion.settings,
        electorate=motion.electorate,
        opens_at=window.opened if motion.opens_in_days is not None else None,
        closes_at=window.closes,
    )
    thread = writing_session().get_one(Thread, stage.threads[story.name])
    proposal = drafting.draft_proposal(thread, stage.author(motion.by), terms, now)
    stage.proposals[story.name, number] = proposal.id
    stage.kept.append(proposal)


def _options(motion: Motion, closes: datetime) -> tuple[Option, ...]:
    """What the author lists: nothing where the method has options of its own."""
    if not motion.meets:
        return numbered(motion.options)
    walls = [(closes + timedelta(days=days)).strftime(f"%Y-%m-%dT{clock}:00Z") for days, clock in motion.meets]
    return tuple(Option(instant, instant) for instant in walls)


def _open(stage: Stage, story: Story, number: int, box: list[Cast], now: datetime) -> None:
    proposal = _proposal(stage, story, number)
    opening.open_voting(proposal, now)
    box.extend(_ballots(stage, story.motions[number], proposal, sorted(rolls.electors(proposal.id))))


def _choice(words: list[str], marks: list[Any], has_points: bool) -> list[Any]:
    """Marks in options' numbers as the choice that the method takes: options, levels, or options with points."""

    def meant(mark: Any) -> Any:
        if isinstance(mark, int):
            return words[mark - 1]
        return [words[mark[0] - 1], mark[1]] if has_points else [words[number - 1] for number in mark]

    return [meant(mark) for mark in marks]


def _ballots(stage: Stage, motion: Motion, proposal: Proposal, electors: list[int]) -> list[Cast]:
    """As many ballots of each choice as the story says, some cast otherwise at first."""
    named = {stage.parties[line[2]] for line in motion.reasons if len(line) > 2}
    away = named | {stage.parties[key] for key in motion.absent}
    voters = stage.rng.sample([party for party in electors if party not in away], motion.cast)
    if motion.ballots:
        words, shape = [option["id"] for option in proposal.options], METHODS[motion.method].shape
        choices = [_choice(words, marks, shape is Shape.POINTS) for marks, n in motion.ballots for _ in range(n)]
        stage.rng.shuffle(choices)
        return [Cast(voters.pop(), choice, "") for choice in choices]
    final = [
        Cast(stage.parties[whose[0]] if whose else voters.pop(), choice, reason)
        for choice, count in motion.votes.items()
        for reason, *whose in _reasons(motion, choice, count)
    ]
    return _with_changes(final, motion.changed, stage.rng)


def _reasons(motion: Motion, choice: str, count: int) -> list[list[str]]:
    given = [line[1:] for line in motion.reasons if line[0] == choice]
    if len(given) > count:
        raise ValueError(f"more reasons than votes to {choice}: {motion.title}")
    return given + [[""]] * (count - len(given))


def _with_changes(final: list[Cast], changed: int, rng: random.Random) -> list[Cast]:
    rng.shuffle(final)
    first = [Cast(cast.voter, "abstain" if cast.choice == "agree" else "agree", "") for cast in final[:changed]]
    return first + final[changed:] + final[:changed]


def _cast_next(stage: Stage, story: Story, number: int, box: list[Cast], now: datetime) -> None:
    cast = box.pop(0)
    person = stage.person(stage.key_of(cast.voter))
    shown = shown_in_public(person.name, person.public_name)
    channel = "mail" if stage.rng.random() < BY_MAIL else "web"
    proposal_id = stage.proposals[story.name, number]
    if _proposal(stage, story, number).secrecy == SECRET:
        secret.cast_secret_ballot(proposal_id, cast.voter, cast.choice, f"{stage.rng.getrandbits(128):032x}", "", now)
        return
    voting.cast_ballot(proposal_id, cast.voter, cast.choice, cast.reason, shown, channel, now, now)


def _remind(stage: Stage, story: Story, number: int, now: datetime) -> None:
    closing.remind(_proposal(stage, story, number), now)


def _begin_counting(stage: Stage, story: Story, number: int, now: datetime) -> None:
    closing.begin_counting(_proposal(stage, story, number), now)


def _close(stage: Stage, story: Story, number: int, now: datetime) -> None:
    closing.count_and_close(_proposal(stage, story, number), now)


def _record_outcome(stage: Stage, story: Story, number: int, now: datetime) -> None:
    motion = story.motions[number]
    review = now + timedelta(days=motion.review_in_days) if motion.review_in_days else None
    convenor = stage.parties[book()["groups"][story.group]["convenor"]]
    outcomes.record_outcome(_proposal(stage, story, number), convenor, motion.outcome, review, now)


def _withdraw(stage: Stage, story: Story, number: int, now: datetime) -> None:
    motion = story.motions[number]
    drafting.withdraw(_proposal(stage, story, number), stage.parties[motion.by], motion.withdrawn, now)


def _proposal(stage: Stage, story: Story, number: int) -> Proposal:
    return writing_session().get_one(Proposal, stage.proposals[story.name, number])
