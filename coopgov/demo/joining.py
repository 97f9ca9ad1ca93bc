"""How the co-op comes together: founders, two waves of members, offices, working groups and who sits in them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from coopgov.admin.services import describe_coop
from coopgov.core.time import last_midnight
from coopgov.demo.cast import Person, book
from coopgov.demo.diary import ZONE, awake
from coopgov.demo.stage import Stage
from coopgov.groups.models import Group
from coopgov.groups.services import found_group, join, seat_asker
from coopgov.identity.services import create_person, edit_profile
from coopgov.infra.coop import found_coop
from coopgov.infra.db import writing_session
from coopgov.membership.services.register import admit, appoint, cease
from coopgov.proxies import services as proxies
from coopgov.proxies.models import Proxy

FOUNDED = 425.0  # days ago
FOUNDERS = 58
# How many join, and which of those who do not speak leave, between how many days ago.
WAVES = ((53, 423.0, 351.0), (196, 347.0, 145.0), (9, 141.0, 4.6), (2, 3.2, 0.6))
LEAVERS = ((0, 3, 300.0, 200.0), (60, 68, 135.0, 3.0))
BY_APPLYING = 142.0  # days ago; who joined since did so by applying here
PEOPLE = FOUNDERS + sum(count for count, _, _ in WAVES)
FIRST_SITTER = 3  # of those who do not speak: the ones before it leave
SITTERS_UNTIL, EARLY_UNTIL = 22, 90  # of those who do not speak: who sits in groups; who joined in the first months
PROXY_LASTS = timedelta(days=183)
BY_HAND = "cli"  # who acts before there is anybody


def plan_joining(stage: Stage) -> None:
    """Writes into the diary who becomes a member when, and which few leave.

    111 are members at the member check (349 days ago), 304 at the budget vote (143 days ago).
    """
    first = stage.diary.days_ago(FOUNDED)
    stage.diary.write(first, _found)
    for person, at in zip(stage.people, _admissions(stage), strict=True):
        stage.joined[person.key] = at
    lately = stage.diary.days_ago(BY_APPLYING)
    for person in stage.people:
        if stage.joined[person.key] < lately:
            stage.diary.write(stage.joined[person.key], partial(_admit, stage, person))
    stage.diary.write(first + timedelta(hours=3), partial(_appoint, stage))
    silent = stage.people[len(book()["cast"]) :]
    for start, end, since, until in LEAVERS:
        for person, at in zip(silent[start:end], _instants(stage, end - start, since, until), strict=True):
            stage.left.append(person.key)
            stage.diary.write(at, partial(_cease, stage, person.key))


def _admissions(stage: Stage) -> Iterator[datetime]:
    first = stage.diary.days_ago(FOUNDED)
    yield from (first + timedelta(minutes=n + 1) for n in range(FOUNDERS))
    for count, since, until in WAVES:
        yield from _instants(stage, count, since, until)


def _instants(stage: Stage, count: int, since: float, until: float) -> list[datetime]:
    drawn = sorted(stage.rng.uniform(until, since) for _ in range(count))
    return [awake(stage.diary.days_ago(days)) for days in reversed(drawn)]


def may_have_a_fate(silent: list[Person]) -> tuple[list[Person], list[Person]]:
    """Those who do not speak, sit in no group, joined in the first months and stay, and the others."""
    leavers = {person.key for start, end, _, _ in LEAVERS for person in silent[start:end]}
    sitters = {person.key for person in silent[:SITTERS_UNTIL]}
    fated = [person for person in silent[:EARLY_UNTIL] if person.key not in leavers | sitters]
    return fated, [person for person in silent if person not in fated]


def _found(now: datetime) -> None:
    found_coop(book()["coop"]["name"], "en", ZONE, now)


def _admit(stage: Stage, person: Person, now: datetime) -> None:
    row = create_person(person.name, person.email, "", now)
    stage.parties[person.key] = row.id
    admit(row.id, now, stage.parties.get("aoife", BY_HAND))
    if person.public_name != "full":
        edit_profile(row, person.name, person.public_name, "", "", now)


def _appoint(stage: Stage, now: datetime) -> None:
    for office in ("admin", "membership_secretary", "treasurer"):
        appoint(stage.parties[book()["personas"][office]], office, now, BY_HAND)
    coop = book()["coop"]
    about = coop["about"].strip()
    describe_coop(coop["name"], coop["summary"], about, ZONE, "en", stage.parties["dele"], now)


def _cease(stage: Stage, key: str, now: datetime) -> None:
    cease(stage.parties[key], "resigned", now, stage.parties[key])
    stage.leave(key, now)


def plan_groups(stage: Stage) -> None:
    """Writes into the diary the founding of the working groups and how their seats fill."""
    silent = iter(stage.people[len(book()["cast"]) + FIRST_SITTER :])
    founded = stage.diary.on_the_clock(FOUNDED - 1, "19:30")
    for word, plain in book()["groups"].items():
        stage.diary.write(founded, partial(_found_group, stage, word, plain))
        others = [next(silent).key for _ in range(plain["seats"] - len(plain["members"]) - 1)]
        early = [awake(founded + timedelta(days=stage.rng.uniform(0.5, 1.4))) for _ in plain["members"]]
        later = _instants(stage, len(others), 345, 210)
        for key, at in zip(plain["members"] + others, early + later, strict=True):
            stage.diary.write(at, partial(_sit, stage, word, key))
        if "asks" in plain:
            stage.diary.write(stage.diary.on_the_clock(1.3, "13:25"), partial(_ask, stage, word, plain["asks"]))
        if "proxies" in plain:
            _plan_proxies(stage, word, plain["proxies"])


def _plan_proxies(stage: Stage, word: str, plain: dict[str, Any]) -> None:
    """The group switches proxies on; some are given, and some wait for an answer."""
    stage.diary.write(stage.diary.on_the_clock(6, "20:05"), partial(_allow_proxies, stage, word, plain["cap"]))
    for giver, holder in plain["given"]:
        stage.diary.write(stage.diary.on_the_clock(5, "18:40"), partial(_give_proxy, stage, word, giver, holder))
    for giver, holder in plain["offered"]:
        stage.diary.write(stage.diary.on_the_clock(1.2, "12:15"), partial(_offer_proxy, stage, word, giver, holder))


def _allow_proxies(stage: Stage, word: str, cap: int, now: datetime) -> None:
    proxies.set_cap(_group(stage, word), cap, stage.parties[book()["groups"][word]["convenor"]], now)


def _offer_proxy(stage: Stage, word: str, giver: str, holder: str, now: datetime) -> None:
    _offered(stage, word, giver, holder, now)


def _offered(stage: Stage, word: str, giver: str, holder: str, now: datetime) -> Proxy:
    until = last_midnight(now) + PROXY_LASTS
    return proxies.ask(_group(stage, word), stage.parties[giver], stage.parties[holder], until, now)


def _give_proxy(stage: Stage, word: str, giver: str, holder: str, now: datetime) -> None:
    proxies.answer(_offered(stage, word, giver, holder, now), stage.parties[holder], True, now)


def _found_group(stage: Stage, word: str, plain: dict[str, Any], now: datetime) -> None:
    convenor = stage.parties[plain["convenor"]]
    group = found_group(plain["name"], plain["summary"], plain["purpose"].strip(), plain["joining"], convenor, now)
    stage.groups[word] = group.id
    stage.kept.append(group)


def _sit(stage: Stage, word: str, key: str, now: datetime) -> None:
    _ask(stage, word, key, now)
    plain = book()["groups"][word]
    if plain["joining"] == "asked":
        seat_asker(_group(stage, word), stage.parties[key], stage.parties[plain["convenor"]], now)


def _ask(stage: Stage, word: str, key: str, now: datetime) -> None:
    join(_group(stage, word), stage.parties[key], now)


def _group(stage: Stage, word: str) -> Group:
    return writing_session().get_one(Group, stage.groups[word])
