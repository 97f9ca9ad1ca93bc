"""When people can come: each time with those who can, those who could if need be, and those who cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from coopgov.decisions.pictures.frame import Count, Picture, framed, share
from coopgov.infra.i18n import brief_time, current_zone, number, percent
from coopgov.infra.i18n import gettext as _


@dataclass(frozen=True, kw_only=True)
class Slot:
    """One time in the reader's zone. ``width`` is the part of the bar for yes, ``maybe_x`` and ``maybe_width`` that for
    if need be; a full bar is everybody who answered."""

    instant: datetime
    label: str
    yes: int
    if_need_be: int
    no: int
    share_of_cast: str
    width: str
    maybe_x: str
    maybe_width: str
    look: str = ""
    icon: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Times(Picture):
    """``slots`` in the order of time, the best of them marked; ``zone``: the name of the reader's zone."""

    kind: ClassVar[str] = "times"
    slots: tuple[Slot, ...]
    zone: str


def times(count: Count) -> Times:
    """The times of a meeting as its reader's clock shows them."""
    best = best_times(count)
    slots = tuple(_slot(option, count, option in best) for option in sorted(count.texts))
    return Times(slots=slots, zone=current_zone().replace("_", " "), **framed(count))


def best_times(count: Count) -> Sequence[str]:
    """The times at which the fewest cannot and of these the most can; several if they are equal."""
    groups: Sequence[Sequence[str]] = count.plain.get("ranking_groups", ())
    return groups[0] if groups else ()


def clock(option: str) -> str:
    """An instant as the reader's clock shows it, with the zone's letters: ``Sun 25 Oct, 17:30 GMT``."""
    instant = datetime.fromisoformat(option)
    return f"{brief_time(instant)} {instant.astimezone(ZoneInfo(current_zone())).tzname()}"


def _slot(option: str, count: Count, is_best: bool) -> Slot:
    plain, cast = count.plain, int(count.plain["cast"])
    yes, maybe, no = (int(_heads(plain, answer).get(option, 0)) for answer in ("yes", "if_need_be", "no"))
    return Slot(
        instant=datetime.fromisoformat(option),
        label=clock(option),
        yes=yes,
        if_need_be=maybe,
        no=no,
        share_of_cast=percent(yes, cast),
        width=share(yes, cast),
        maybe_x=share(yes, cast),
        maybe_width=share(maybe, cast),
        **_fate(option, count, is_best),
    )


def _heads(plain: Mapping[str, Any], answer: str) -> Mapping[str, int]:
    found: Mapping[str, int] = plain.get(answer, {})
    return found


def _fate(option: str, count: Count, is_best: bool) -> dict[str, Any]:
    if option in count.withdrawn:
        return {"look": "withdrawn", "icon": "withdraw", "fate": _("Withdrawn")}
    return {"look": "chosen", "icon": "check", "fate": _("Fewest cannot")} if is_best else {"look": "lesser"}


def answered(count: Count, option: str) -> dict[str, str]:
    """How many can, could and cannot, as they stand in a sentence."""
    return {answer: number(_heads(count.plain, answer).get(option, 0)) for answer in ("yes", "if_need_be", "no")}
