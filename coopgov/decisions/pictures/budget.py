"""A budget that was shared out: what is funded, what is not, what is left."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from coopgov.core.money import Money
from coopgov.decisions.pictures.frame import Count, Picture, Settings, framed, share
from coopgov.decisions.pictures.words import name_of
from coopgov.infra.i18n import gettext as _
from coopgov.infra.i18n import money_short, number, percent, text_direction

NUMBERED = Fraction(6, 100)  # of the bar: a part so wide has room for its number


@dataclass(frozen=True, kw_only=True)
class Project:
    """One project; ``number`` in the order of purchase, and in the bar; empty when it is not funded."""

    number: str
    label: str
    cost: str
    approvals: int
    share_of_voters: str
    look: str = ""
    icon: str = ""
    fate: str = ""


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of the bar: a project, or what is left. ``number`` and ``middle`` are empty where it is too narrow."""

    x: str
    width: str
    look: str
    number: str
    middle: str


@dataclass(frozen=True, kw_only=True)
class Budget(Picture):
    """``parts`` of the whole budget; ``funded`` in the order of purchase, ``unfunded`` by approvals."""

    kind: ClassVar[str] = "budget"
    parts: tuple[Part, ...]
    funded: tuple[Project, ...]
    unfunded: tuple[Project, ...]
    total: str
    spent: str
    left: str
    spent_share: str


def budget(count: Count) -> Budget:
    """The picture of equal shares. Costs stand in the count.settings; see ``sum_of`` for what they are sums of."""
    costs: Mapping[str, int] = count.settings["costs"]
    approvals: Mapping[str, int] = count.plain.get("approvals", {})
    whole, spent = int(count.settings["budget"]), int(count.plain.get("total_cost", 0))
    bought, gone = list(count.plain.get("bought", ())), count.withdrawn
    rest = sorted((o for o in count.texts if o not in bought), key=lambda o: (o in gone, -approvals.get(o, 0)))

    def project(option: str, place: str, **fate: str) -> Project:
        return Project(
            number=place,
            label=name_of(option, count.texts),
            cost=sum_of(costs[option], count.settings),
            approvals=approvals.get(option, 0),
            share_of_voters=percent(approvals.get(option, 0), int(count.plain["cast"])),
            **fate,
        )

    return Budget(
        parts=_parts([costs[option] for option in bought], whole),
        funded=tuple(project(o, number(n), look="chosen", icon="check") for n, o in enumerate(bought, 1)),
        unfunded=tuple(project(o, "", **_struck(o in gone)) for o in rest),
        total=sum_of(whole, count.settings),
        spent=sum_of(spent, count.settings),
        left=sum_of(whole - spent, count.settings),
        spent_share=percent(spent, whole),
        **framed(count),
    )


def sum_of(amount: int, settings: Settings) -> str:
    """A sum of the budget: minor units of ``currency`` where the settings name one, else a plain number."""
    currency: Any = settings.get("currency")
    return money_short(Money(amount, currency)) if currency else number(amount)


def _struck(is_gone: bool) -> dict[str, str]:
    return {"look": "withdrawn", "icon": "withdraw", "fate": _("Withdrawn")} if is_gone else {}


def _parts(costs: list[int], whole: int) -> tuple[Part, ...]:
    """Beside each other from the start of the line, what is left last."""
    parts, before = [], 0
    for place, cost in enumerate([*costs, whole - sum(costs)], 1):
        is_left = place > len(costs)
        if cost:
            begin = whole - before - cost if text_direction() == "rtl" else before
            fits = not is_left and Fraction(cost, whole) >= NUMBERED
            parts.append(
                Part(
                    x=share(begin, whole),
                    width=share(cost, whole),
                    look="left" if is_left else "",
                    number=number(place) if fits else "",
                    middle=share(begin + Fraction(cost, 2), whole),
                )
            )
        before += cost
    return tuple(parts)
