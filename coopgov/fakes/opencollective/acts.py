"""What may happen, by name, so that a file, a request or a test can tell the world what to do next.

A story is a JSON object: ``slug``, ``name``, ``currency``, ``host_currency``, ``seed``, ``begin_days_ago``,
``separate_fees_days_ago``, ``now`` (the clock then stands still there) and ``acts``, each with ``act``, what that
needs, and its time: ``at`` or ``days_ago``, else as soon as the one before it. ``as`` gives what it makes a name.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from coopgov.fakes.opencollective import crowd, giving, spending, undoing
from coopgov.fakes.opencollective.objects import Account, Expense, Group, Order, Tier
from coopgov.fakes.opencollective.passing import catch_up, move_by, move_to
from coopgov.fakes.opencollective.world import Unknown, World

FREQUENCIES = {"": "ONETIME", "month": "MONTHLY", "year": "YEARLY"}
Fields = Mapping[str, Any]


@dataclass
class Stage:
    """A world, the names that acts gave to what they made, and the file in which acts are kept (None: nowhere)."""

    world: World
    named: dict[str, Order | Expense] = field(default_factory=dict)
    journal: Path | None = None

    def act(self, fields: Fields) -> object:
        """Does it now and writes it down; raises Unknown for names that mean nothing, ValueError for what cannot be."""
        catch_up(self.world)
        at = self.world.present
        made = self._do(fields)
        if self.journal is not None:
            with self.journal.open("a") as file:
                file.write(json.dumps({**fields, "at": at.isoformat()}) + "\n")
        return made

    def replay(self, fields: Fields, anchor: datetime) -> None:
        """Does it at its own time."""
        move_to(self.world, _time_of(fields, anchor) or self.world.present)
        self._do(fields)

    def _do(self, fields: Fields) -> object:
        name = fields.get("act", "")
        if name not in ACTS:
            raise Unknown(f"No act {name}: one of {', '.join(sorted(ACTS))}")
        made = ACTS[name](self, fields)
        if "as" in fields and isinstance(made, Order | Expense):
            self.named[fields["as"]] = made
        return made

    def order(self, fields: Fields) -> Order:
        """The contribution that ``order`` names."""
        found = self.named.get(fields["order"])
        return found if isinstance(found, Order) else self.world.order(fields["order"])

    def payment(self, fields: Fields) -> Group:
        """The last payment of that contribution."""
        return undoing.last_payment(self.order(fields))

    def expense(self, fields: Fields) -> Expense:
        """The expense that ``expense`` names; raises Unknown."""
        found = self.named.get(fields["expense"])
        if not isinstance(found, Expense):
            raise Unknown(f"No expense {fields['expense']}")
        return found

    def tier(self, fields: Fields) -> Tier | None:
        """The tier that ``tier`` names, None for none."""
        return self.world.tier(fields["tier"]) if fields.get("tier") else None

    def who(self, fields: Fields, key: str = "by") -> Account:
        """The account that ``key`` names."""
        return self.world.account(fields[key])


def _time_of(fields: Fields, anchor: datetime) -> datetime | None:
    if "at" in fields:
        return _instant(fields["at"])
    return anchor - timedelta(days=fields["days_ago"]) if "days_ago" in fields else None


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _person(stage: Stage, fields: Fields) -> Account:
    return stage.world.new_account(
        fields["slug"],
        fields.get("name", fields["slug"]),
        fields.get("kind", "INDIVIDUAL"),
        email=fields.get("email", ""),
        is_incognito=fields.get("incognito", False),
        is_guest=fields.get("guest", False),
    )


def _tier(stage: Stage, fields: Fields) -> Tier:
    return stage.world.new_tier(
        fields["slug"],
        fields.get("name", fields["slug"]),
        fields["cents"],
        frequency=fields.get("frequency", "FLEXIBLE"),
        least_cents=fields.get("least_cents", fields["cents"]),
        kind=fields.get("kind", "MEMBERSHIP"),
    )


def _contribute(stage: Stage, fields: Fields) -> Order:
    card = fields.get("gift_card_from")
    offer = giving.Offer(
        cents=fields["cents"],
        frequency=FREQUENCIES[fields.get("interval", "")],
        tier=stage.tier(fields),
        method=fields.get("method", "card"),
        currency=fields.get("currency", ""),
        quantity=fields.get("quantity", 1),
        tip_cents=fields.get("tip_cents", 0),
        tags=tuple(fields.get("tags", ())),
        gift_card_from=stage.world.account(card) if card else None,
        to=stage.who(fields, "to") if fields.get("to") else None,
        outcome=fields.get("outcome", "paid"),
    )
    return giving.contribute(stage.world, stage.who(fields), offer)


def _expense(stage: Stage, fields: Fields) -> Expense:
    kind, fee = fields.get("kind", "INVOICE"), fields.get("fee_cents", 0)
    return spending.pay_expense(
        stage.world, stage.who(fields, "to"), fields["cents"], fields.get("title", "Expense"), kind, fee
    )


def _generate(stage: Stage, fields: Fields) -> int:
    until = stage.world.present + timedelta(days=fields["days"])
    return crowd.fill(stage.world, fields["transactions"], until, fields.get("seed", 1))


def _wait(stage: Stage, fields: Fields) -> None:
    span = timedelta(days=fields.get("days", 0), hours=fields.get("hours", 0))
    move_by(stage.world, _instant(fields["until"]) - stage.world.present if "until" in fields else span)


ACTS: dict[str, Callable[[Stage, Fields], object]] = {
    "person": _person,
    "tier": _tier,
    "contribute": _contribute,
    "expense": _expense,
    "generate": _generate,
    "wait": _wait,
    "settle": lambda s, f: giving.settle(s.world, s.order(f)),
    "decline": lambda s, f: giving.decline_next(s.order(f), f.get("times", 1)),
    "renew_card": lambda s, f: giving.renew_card(s.world, s.order(f)),
    "pause": lambda s, f: giving.pause(s.world, s.order(f)),
    "resume": lambda s, f: giving.resume(s.world, s.order(f)),
    "cancel": lambda s, f: giving.cancel(s.world, s.order(f)),
    "expire": lambda s, f: giving.expire(s.world, s.order(f)),
    "change_amount": lambda s, f: giving.change_amount(s.world, s.order(f), f["cents"]),
    "refund": lambda s, f: undoing.refund(s.world, s.payment(f)),
    "duplicate": lambda s, f: undoing.undo_duplicate(s.world, s.payment(f)),
    "reject": lambda s, f: undoing.reject(s.world, s.order(f)),
    "review": lambda s, f: undoing.review(s.world, s.payment(f)),
    "dispute": lambda s, f: undoing.dispute(s.world, s.payment(f)),
    "close_dispute": lambda s, f: undoing.close_dispute(s.world, s.payment(f), f["won"]),
    "add_funds": lambda s, f: spending.add_funds(s.world, s.who(f), f["cents"], s.tier(f)),
    "edit_added_funds": lambda s, f: undoing.edit_added_funds(s.world, s.payment(f), f["cents"]),
    "unpay_expense": lambda s, f: spending.unpay_expense(s.world, s.expense(f)),
    "project": lambda s, f: spending.open_project(s.world, f["slug"], f.get("name", f["slug"])),
    "close_project": lambda s, f: spending.close_project(s.world, s.who(f, "slug")),
    "merge": lambda s, f: spending.merge_accounts(s.world, s.who(f, "guest"), s.who(f, "into")),
    "rename": lambda s, f: s.world.rename(s.who(f, "who"), f["slug"]),
    "delete": lambda s, f: spending.delete_account(s.who(f, "who")),
}


def staged(story: Fields, now: Callable[[], datetime]) -> Stage:
    """The world that ``story`` tells, its last act done; it runs as ``now`` does unless the story stops it.

    Raises Unknown and ValueError as acts do, KeyError for an act that lacks something.
    """
    return _running(_told(story, now()), story, now)


def staged_from(path: Path, now: Callable[[], datetime]) -> Stage:
    """The world of the story in ``path``, and of whatever was done to it since, which is kept beside it.

    A story that was changed begins anew. Raises as ``staged`` does.
    """
    text = path.read_bytes()
    journal, mark = path.with_suffix(".acts"), hashlib.sha256(text).hexdigest()
    lines = journal.read_text().splitlines() if journal.exists() else []
    kept = [json.loads(line) for line in lines]
    if not kept or kept[0].get("story") != mark:
        kept = [_begin_journal(journal, text, now())]
    story = json.loads(text)
    stage = _told(story, _instant(kept[0]["anchor"]))
    for fields in kept[1:]:
        stage.replay(fields, stage.world.present)
    stage.journal = journal
    return _running(stage, story, now)


def keep_story(path: Path, story: Fields, anchor: datetime) -> None:
    """Writes ``story`` to ``path`` as one that began when its days counted from ``anchor``, for ``staged_from``."""
    text = json.dumps(story, ensure_ascii=False).encode()
    path.write_bytes(text)
    _begin_journal(path.with_suffix(".acts"), text, anchor)


def _begin_journal(journal: Path, text: bytes, anchor: datetime) -> dict[str, Any]:
    first = {"story": hashlib.sha256(text).hexdigest(), "anchor": anchor.isoformat()}
    journal.write_text(json.dumps(first) + "\n")
    return first


def world_at(now: datetime, **story: Any) -> World:
    """The world of ``story`` at ``now``, where its clock stands still: for tests."""
    return staged({"now": now.isoformat(), **story}, lambda: now).world


def _told(story: Fields, anchor: datetime) -> Stage:
    """``story`` up to ``anchor``, from which its days count, unless it has a now of its own; its clock stands still."""
    anchor = _instant(story["now"]) if "now" in story else anchor
    separate = story.get("separate_fees_days_ago")
    world = World(
        story.get("slug", "demo-coop"),
        story.get("name", "Demo Co-op"),
        anchor - timedelta(days=story.get("begin_days_ago", 0)),
        currency=story.get("currency", "GBP"),
        host_currency=story.get("host_currency", ""),
        seed=story.get("seed", 1),
        separate_fees_from=None if separate is None else anchor - timedelta(days=separate),
    )
    stage = Stage(world)
    for fields in story.get("acts", ()):
        stage.replay(fields, anchor)
    move_to(world, anchor)
    return stage


def _running(stage: Stage, story: Fields, now: Callable[[], datetime]) -> Stage:
    stage.world.clock = None if "now" in story else now
    return stage
