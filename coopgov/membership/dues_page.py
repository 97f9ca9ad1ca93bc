"""What the pages of dues show, put together from rows for one person at one moment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from babel.numbers import get_currency_symbol

from coopgov.config import Settings
from coopgov.core.money import Money
from coopgov.core.text import N_
from coopgov.funding.models import Pledge
from coopgov.infra.coop import the_coop
from coopgov.infra.i18n import current_language, day, money, plain_day
from coopgov.infra.i18n import gettext as _
from coopgov.infra.settings import current_settings
from coopgov.infra.web.pages import paged
from coopgov.membership.models import JoiningTerms, Tier
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.standing import judgement, open_reliefs, relief_at, rule_at
from coopgov.membership.queries.terms import joining_terms
from coopgov.membership.queries.tiers import tier_of, tiers_offered
from coopgov.membership.rules.standing import NAMES, WHY, Judgement, Rule, Standing
from coopgov.membership.rules.tiers import CARD, MONTHS, monthly

RECEIPTS_ON_A_PAGE = 12

PLEDGE_STATES: dict[str, str] = {
    "draft": N_("Chosen, not paid yet"),
    "pending": N_("The first payment is on its way"),
    "active": N_("Running"),
    "paused": N_("Paused"),
    "past_due": N_("The last payment failed"),
    "ending": N_("Cancelled"),
    "ended": N_("Ended"),
    "failed": N_("Failed"),
}
RECEIPT_STATES: dict[str, str] = {
    "pending": N_("On its way"),
    "succeeded": N_("Paid"),
    "failed": N_("Failed"),
    "refunded": N_("Given back"),
    "disputed": N_("Disputed"),
    "lost": N_("Taken back by the bank"),
}
SOURCES: dict[str, str] = {
    "stripe": N_("by card or bank debit"),
    "opencollective": N_("through Open Collective"),
    "bank": N_("by bank transfer"),
    "cash": N_("in cash"),
}
ASKED: dict[str, str] = {
    "amount": N_("The new amount is on its way to Stripe: %(sum)s."),
    "pause": N_("The pause is on its way to Stripe."),
    "resume": N_("Going on is on its way to Stripe."),
    "cancel": N_("Cancelling is on its way to Stripe."),
    "keep": N_("Keeping it is on its way to Stripe."),
}


@dataclass(frozen=True)
class Offer:
    """A tier as the form shows it; ``least`` is for one month."""

    id: int
    name: str
    summary: str
    least: Money


def ways_to_pay(settings: Settings, terms: JoiningTerms | None) -> list[str]:
    """The ways that this installation has: stripe, opencollective, bank."""
    ways = ["stripe"] if settings.stripe_secret_key else []
    if settings.opencollective_slug:
        ways.append("opencollective")
    return [*ways, *(["bank"] if terms is not None and terms.by_hand else [])]


def currency() -> str:
    """The currency of dues."""
    coop = the_coop()
    return coop.currency if coop else "GBP"


def choosable(party_id: int, now: datetime) -> list[Tier]:
    """The tiers in the co-op's currency that the party can choose: those on offer, and its own."""
    tiers = [tier for tier in tiers_offered(now) if tier.currency == currency()]
    promise = queries.promise_of(party_id)
    own = tier_of(promise.product) if promise else None
    return tiers if own is None or own.id in {tier.id for tier in tiers} else [own, *tiers]


def currency_sign() -> str:
    """What stands before an amount of dues, as the language has it: ``£``."""
    locale = "en_GB" if current_language() == "en" else current_language()
    return str(get_currency_symbol(currency(), locale=locale))


def choice_facts(tiers: Sequence[Tier]) -> dict[str, Any]:
    """What the form of the choice needs beside the form: tiers, fees of each interval, the sign before amounts."""
    return {
        "offers": [Offer(tier.id, tier.name, tier.summary, tier.minimum) for tier in tiers],
        "fees": fee_words(tiers),
        "sign": currency_sign(),
    }


def fee_words(tiers: Sequence[Tier]) -> dict[str, str]:
    """What card fees take of the smallest suggested payment, in words, by interval; none where none is known."""
    sums = [minor for tier in tiers for minor in (tier.suggested_minor or [tier.min_minor]) if minor]
    if not sums or currency() != CARD.currency or not current_settings().stripe_secret_key:
        return {}
    least = Money(min(sums), currency())
    month, year = least, least * 12
    return {
        "month": _("Of each %(sum)s about %(fee)s goes to card fees.", sum=money(month), fee=money(CARD.of(month))),
        "year": _(
            "%(sum)s at once, of which about %(fee)s goes to card fees.", sum=money(year), fee=money(CARD.of(year))
        ),
    }


def chosen_before(tiers: Sequence[Tier], tier_id: int | None, promise: Pledge | None) -> tuple[Tier, Money, str] | None:
    """Tier, monthly amount and interval that the form begins with: what is paid, what was wished, or a suggestion."""
    if not tiers:
        return None
    own = tier_of(promise.product) if promise else None
    if promise is not None and own is not None and promise.currency == own.currency and promise.interval in MONTHS:
        return own, monthly(promise.amount, promise.interval), promise.interval
    tier = next((tier for tier in tiers if tier.id == tier_id), tiers[0])
    middle = tier.suggested_minor[len(tier.suggested_minor) // 2] if tier.suggested_minor else tier.min_minor
    return tier, Money(middle, tier.currency), tier.default_interval


def standing_words(judged: Judgement, rule: Rule) -> tuple[str, str]:
    """The standing in a word and why it is so, to the member."""
    days = rule.min_age_days if judged.why == "too_young" else rule.grace_days
    return _(NAMES[judged.standing]), _(WHY[judged.why], days=days)


def vote_words(judged: Judgement) -> str:
    """Whether the member may vote, and until when without paying, or what opens it."""
    if not judged.votes:
        return _("You cannot vote in what opens now.")
    if judged.arrears_from is not None and judged.standing in (Standing.GOOD, Standing.GRACE):
        return _(
            "You can vote. Without a further payment that holds until %(day)s.", day=plain_day(judged.arrears_from)
        )
    return _("You can vote.")


def dues_facts(party_id: int, is_member: bool, now: datetime) -> dict[str, Any]:
    """All that templates/membership/dues.html needs."""
    judged, rule, promise = judgement(party_id, now), rule_at(now), queries.promise_of(party_id)
    relief, page = relief_at(party_id, now), paged(queries.receipt_count(party_id), RECEIPTS_ON_A_PAGE)
    standing, why = standing_words(judged, rule)
    reliefs = open_reliefs(party_id, now)
    return {
        "judged": judged,
        "standing": standing,
        "why": why,
        "votes": vote_words(judged) if is_member else "",
        "promise": promise,
        "promise_state": _(PLEDGE_STATES[promise.status]) if promise else "",
        "promise_source": _(SOURCES[promise.source]) if promise else "",
        "asked": asked_words(promise),
        "pays_twice": len(queries.live_pledges(party_id)) > 1,
        "relief": relief,
        "relief_until": max((row.ends_at for row in reliefs if row.ends_at), default=None) if relief else None,
        "receipts": queries.receipts(party_id, page.size, page.first),
        "receipt_states": RECEIPT_STATES,
        "page": page,
        "is_member": is_member,
        "waits": queries.waiting_application(party_id) is not None,
        "terms": joining_terms(),
        "reference": reference_of(party_id),
        "asks_dues": rule.asks_dues,
    }


def reference_of(party_id: int) -> str:
    """What somebody writes into a bank transfer, so that the treasurer knows whose it is."""
    return f"DUES-{party_id}"


def asked_words(promise: Pledge | None) -> str:
    """What was asked of the provider and is not confirmed yet, as a sentence; empty for nothing."""
    asked = promise.asked if promise else None
    if not asked:
        return ""
    minor, sentence = asked.get("amount_minor"), ASKED[asked["kind"]]
    shown = money(Money(minor, asked["currency"])) if minor is not None else ""
    return _(sentence, sum=shown)


def until_words(judged: Judgement, paid_until: datetime | None) -> dict[str, Any]:
    """Until when membership and vote last when nothing more is paid, for the page that asks whether to cancel."""
    return {
        "paid_until": day(paid_until) if paid_until else plain_day(judged.covered_to) if judged.covered_to else "",
        "votes_until": plain_day(judged.arrears_from) if judged.arrears_from else "",
    }
