"""How the demonstration's people pay: from the day they join, at Stripe or Open Collective, and what becomes of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from coopgov.core.text import slug_of
from coopgov.demo.by_hand import plan_by_hand, plan_transfers
from coopgov.demo.cast import Person, book
from coopgov.demo.diary import awake
from coopgov.demo.joining import FOUNDED, FOUNDERS, may_have_a_fate
from coopgov.demo.purses import Purse, money, purses, till_book
from coopgov.demo.reading import answer_wishes
from coopgov.demo.stage import Stage
from coopgov.funding.models import Pledge
from coopgov.funding.providers.opencollective.addresses import TAG
from coopgov.funding.queries.pledges import live_pledge
from coopgov.funding.services.pledges import Wanted, draft_pledge
from coopgov.infra.coop import the_coop
from coopgov.infra.db import writing_session
from coopgov.membership.models import Tier
from coopgov.membership.services.relief import pause, pay_less
from coopgov.membership.services.standing import RuleTerms, set_rule
from coopgov.membership.services.terms import Terms, edit_terms
from coopgov.membership.services.tiers import TierTerms, save_tier

SPREAD = 27.0  # days over which the founders' first payments lie
STOPS_WORKING = {"card_renewed": (118, 4), "card_then_pause": (110, 6), "stops": (128, 7), "card_now": (34, 0)}
"""Days ago on which the first one's card expired, and how many days later each next one's."""
EXPIRES = 7.0  # days ago: the last card that did
RENEWED, RELIEVED = (42, 1), (36, 0.4)  # days ago, and how many days later each next one


def plan_money(stage: Stage) -> None:
    """Writes into the diary what can be given, how everybody begins to pay, and what becomes of it."""
    diary, rng = stage.diary, stage.chance
    founded = diary.days_ago(FOUNDED)
    diary.write(founded + timedelta(seconds=30), partial(_set_terms, stage))
    cast = [person for person in stage.people if person.key in book()["cast"]]
    silent = [person for person in stage.people if person.key not in book()["cast"]]
    fated, plain = may_have_a_fate(silent)
    stage.purses |= purses(cast, fated + plain, rng)
    for key in sorted(stage.applicants)[1:]:  # one by Open Collective is enough: for each, it is read once more
        if stage.purses[key].till == "opencollective":
            stage.purses[key] = replace(stage.purses[key], till="stripe")
    for number, person in enumerate(stage.people):
        late = rng.uniform(0.1, SPREAD) if number < FOUNDERS else 0
        begins = awake(stage.joined[person.key] + timedelta(days=late, minutes=1))
        purse = stage.purses[person.key]
        if purse.till in ("bank", "cash"):
            plan_transfers(stage, person, purse, begins)
        elif person.key not in stage.applicants:
            diary.write(begins, partial(begin_paying, stage, person, purse))
        if purse.fate:
            FATES[purse.fate](stage, person, purse, begins)
    plan_by_hand(stage)
    diary.write(diary.days_ago(EXPIRES), partial(_a_card_expires, stage))


def _set_terms(stage: Stage, now: datetime) -> None:
    """Tiers, here and at Open Collective, and the rule of standing: before anybody joins."""
    for position, plain in enumerate(till_book()["tiers"]):
        at_oc = {"slug": plain["slug"], "name": plain["name"], "cents": plain["suggested"][0]}
        stage.tills.act(now, "tier", **at_oc, least_cents=plain["minimum"])
        terms = TierTerms(
            name=plain["name"],
            minimum=money(plain["minimum"]),
            summary=plain["summary"],
            suggested=[money(minor) for minor in plain["suggested"]],
            default_interval="year" if plain["minimum"] < 300 else "month",
            position=position,
            oc_tier=stage.tills.tier_address(plain["slug"]),
        )
        stage.tiers[plain["slug"]] = save_tier(None, terms, "cli", now).id
    rule = RuleTerms(asks_dues=True, pending_votes=False, min_age_days=0, **till_book()["rule"])
    set_rule(rule, now, None, now)
    joining = till_book()["terms"]
    edit_terms(
        Terms(is_open=True, code_url="", code_version="", **{**joining, "by_hand": joining["by_hand"].strip()}),
        "cli",
        now,
    )


# To begin, and to end


def begin_paying(stage: Stage, person: Person, purse: Purse, now: datetime) -> None:
    """The first payment: what a live checkout leaves at the provider, and the draft that it was opened for."""
    if purse.source in ("stripe", "opencollective"):
        pledge = _draft(stage, person, purse, now)
        (_subscribe if purse.source == "stripe" else _contribute)(stage, person, purse, pledge, now)


def _draft(stage: Stage, person: Person, purse: Purse, now: datetime) -> Pledge:
    tier = writing_session().get_one(Tier, stage.tiers[purse.tier])
    wanted = Wanted(
        party_id=stage.parties[person.key],
        source=purse.source,
        amount=purse.amount,
        interval=purse.interval,
        product=f"tier:{tier.id}",
        title=tier.name,
    )
    pledge = draft_pledge(wanted, now)
    stage.pledges[person.key] = pledge.id
    return pledge


def _subscribe(stage: Stage, person: Person, purse: Purse, pledge: Pledge, now: datetime) -> None:
    coop = the_coop()
    assert coop is not None
    facts = {"instance": coop.instance, "pledge": str(pledge.id), "party": str(pledge.party_id)}
    stage.subscriptions[person.key] = stage.tills.subscribe(
        now,
        name=person.name,
        email=person.email,
        amount=purse.amount,
        interval=purse.interval,
        product=(f"coopgov-{coop.instance}-{pledge.product.replace(':', '-')}", pledge.title),
        metadata={**facts, "product": pledge.product},
        behaviour="bacs_works" if purse.till == "debit" else "works",
    )


def _contribute(
    stage: Stage, person: Person, purse: Purse, pledge: Pledge, now: datetime, *, payer: str = "", suffix: str = ""
) -> None:
    stage.tills.act(
        now,
        "contribute",
        by=payer or _account(stage, person, purse, now),
        cents=purse.amount.minor,
        interval=purse.interval,
        tier=purse.tier,
        tags=[TAG + pledge.claim],
        **{"as": person.key + suffix},
    )


def _account(stage: Stage, person: Person, purse: Purse, now: datetime) -> str:
    """Their account at Open Collective, made when they have none."""
    slug = {"guest": f"guest-{person.key}", "incognito": f"incognito-{person.key}"}.get(purse.fate)
    slug = slug or slug_of(person.name) or person.key
    name = {"guest": "Guest", "incognito": "Incognito"}.get(purse.fate, person.name)
    if not stage.tills.has_account(slug):
        kind = {"guest": purse.fate == "guest", "incognito": purse.fate == "incognito"}
        stage.tills.act(now, "person", slug=slug, name=name, email=person.email, **kind)
    return slug


# What becomes of it

Fate = Callable[[Stage, Person, Purse, datetime], None]


def _card_stops(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    first, step = STOPS_WORKING[purse.fate]
    at = stage.diary.days_ago(first - step * purse.number)
    stage.diary.write(at, lambda now: stage.tills.use_card(stage.subscriptions[person.key], "declines", now))


def _a_card_expires(stage: Stage, now: datetime) -> None:
    """Somebody's whose next charge is due in two days or three: it fails, and is tried again until after today."""
    soon = (now + timedelta(days=2), now + timedelta(days=5))
    for key, subscription in stage.subscriptions.items():
        if not stage.purses[key].fate and soon[0] < stage.tills.next_charge(subscription, now) < soon[1]:
            stage.tills.use_card(subscription, "declines", now)
            return


def _card_renewed(stage: Stage, person: Person, purse: Purse, begins: datetime) -> None:
    """They hear of it weeks later, and begin anew."""
    _card_stops(stage, person, purse, begins)
    at = awake(stage.diary.days_ago(RENEWED[0] - RENEWED[1] * purse.number))
    stage.diary.write(at, partial(begin_paying, stage, person, purse))


def _card_then_pause(stage: Stage, person: Person, purse: Purse, begins: datetime) -> None:
    """They press the other button."""
    _card_stops(stage, person, purse, begins)
    _relieved(stage, person, 6, awake(stage.diary.days_ago(RELIEVED[0] - RELIEVED[1] * purse.number)))


def _pauses(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    months, days = ((3, 50), (6, 95), (12, 170), (6, 20))[purse.number]
    _relieved(stage, person, months, awake(stage.diary.days_ago(days)))


def _pays_less(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    days = (36, 90, 210, 150, 120)[purse.number]
    _relieved(stage, person, 0, awake(stage.diary.days_ago(days)))


def _relieved(stage: Stage, person: Person, months: int, at: datetime) -> None:
    """Nothing for so many months, or (0) a pound from now on."""

    def relieve(now: datetime) -> None:
        party_id = stage.parties[person.key]
        if months:
            pause(party_id, months, party_id, now)
        else:
            pay_less(party_id, money(100), party_id, now)
        pledge = live_pledge(party_id)
        answer_wishes(stage, [pledge] if pledge else [], now)

    stage.diary.write(at, relieve)


def _pays_twice(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    """At Open Collective, too: begun there, and forgotten to end here."""
    again = replace(purse, till="opencollective")
    stage.diary.write(awake(stage.diary.days_ago(64)), partial(begin_paying, stage, person, again))


def _two_orders(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    """A second contribution beside the first, given straight at Open Collective."""

    def give(now: datetime) -> None:
        slug = _account(stage, person, purse, now)
        second = {"cents": 200, "interval": "month", "tier": "solidarity"}
        stage.tills.act(now, "contribute", by=slug, **second, **{"as": f"{person.key} too"})

    stage.diary.write(awake(stage.diary.days_ago(150)), give)


def _moves_late(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    """From Stripe to Open Collective on the 20th of last month, whose next charge is on the first of next month."""
    last_month = stage.diary.now.replace(day=1) - timedelta(days=1)
    at = last_month.replace(day=20, hour=18, minute=5)

    def move(now: datetime) -> None:
        stage.tills.cancel(stage.subscriptions.pop(person.key), now)
        begin_paying(stage, person, replace(purse, till="opencollective"), now)

    stage.diary.write(at, move)


def _disputes(stage: Stage, person: Person, _purse: Purse, _begins: datetime) -> None:
    at = stage.diary.days_ago(11)
    stage.diary.write(at, lambda now: stage.tills.dispute(stage.subscriptions[person.key], now))


def _overpays(stage: Stage, person: Person, _purse: Purse, _begins: datetime) -> None:
    """£2 of £5 go back: chosen by mistake."""
    at = awake(stage.diary.days_ago(58))
    stage.diary.write(at, lambda now: stage.tills.refund(stage.subscriptions[person.key], now, 200))


def _another_name(stage: Stage, person: Person, purse: Purse, _begins: datetime) -> None:
    """Ends it here and gives straight at Open Collective, under a nickname: nobody knows whose it is."""

    def move(now: datetime) -> None:
        stage.tills.cancel(stage.subscriptions.pop(person.key), now)
        nick = slug_of(person.name).split("-")[0] + str(40 + purse.number)
        stage.tills.act(now, "person", slug=nick, name=nick.capitalize(), email=f"{nick}@example.net")
        stage.tills.act(now, "contribute", by=nick, cents=purse.amount.minor, interval="month", tier=purse.tier)

    stage.diary.write(awake(stage.diary.days_ago(26 - 9 * purse.number)), move)


def _nothing_else(_stage: Stage, _person: Person, _purse: Purse, _begins: datetime) -> None:
    """The way of paying is all there is to it."""


FATES: dict[str, Fate] = {
    "card_renewed": _card_renewed,
    "card_then_pause": _card_then_pause,
    "stops": _card_stops,
    "card_now": _card_stops,
    "pays_twice": _pays_twice,
    "two_orders": _two_orders,
    "moves_late": _moves_late,
    "disputes": _disputes,
    "overpays": _overpays,
    "another_name": _another_name,
    "incognito": _nothing_else,
    "guest": _nothing_else,
    "pauses": _pauses,
    "pays_less": _pays_less,
    "by_bank": _nothing_else,
    "by_organisation": _nothing_else,
}
