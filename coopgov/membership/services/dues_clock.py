"""What the clock does about dues: telling, reminding, never more. Nobody's membership ends by itself."""

from collections.abc import Sequence
from datetime import datetime

from coopgov.funding.models import Contribution, Pledge
from coopgov.infra.db import writing_session
from coopgov.infra.i18n import plain_day
from coopgov.membership.models import Relief
from coopgov.membership.queries import dues as queries
from coopgov.membership.queries.standing import ends_at, judgement, judgements, rule_at, standing_hold
from coopgov.membership.rules.dues import notice_is_due, step_due
from coopgov.membership.rules.relief import MORE
from coopgov.membership.rules.standing import Judgement, Standing
from coopgov.membership.services import dues_mails as mails


def members_behind(now: datetime) -> Sequence[int]:
    """Party ids of members to whom a step of the reminders is due; nobody while a hold stands, which means that a
    person has to look first."""
    if not rule_at(now).asks_dues or standing_hold() is not None:
        return []
    return [party_id for party_id, judged in judgements(now).items() if _step(judged, now) is not None]


def _step(judged: Judgement, now: datetime) -> int | None:
    """The step that is due; none for who pays nothing by agreement, whose payment is under way, or who has just
    joined by one that did not arrive and is told so by another mail."""
    late = judged.standing is Standing.ARREARS or judged.why in ("grace", "waits")
    return step_due(judged.late_since, now) if late else None


def remind_of_dues(party_id: int, now: datetime) -> None:
    """Sends the step that is due, once. Harmless when repeated, and when nothing is late any more."""
    judged = judgement(party_id, now)
    step = _step(judged, now)
    if step is None or judged.covered_to is None or standing_hold() is not None:
        return
    covered, turn = judged.covered_to, judged.arrears_from
    mails.dues_late(
        party_id,
        queries.promise_of(party_id),
        step,
        f"{covered:%Y%m%d}",
        lambda: {
            "covered_to": plain_day(covered),
            "arrears_from": plain_day(turn) if turn else "",
            "votes": judged.votes,
        },
        now,
    )


def tell_of_yearly_charge(pledge: Pledge, now: datetime) -> None:
    """Tells of a yearly charge before it comes, once. Harmless when repeated, or when it comes no more."""
    charge, party_id = pledge.next_charge_at, pledge.party_id
    if party_id is None or charge is None or pledge.status != "active":
        return
    if (pledge.asked or {}).get("kind") == "cancel" or queries.membership_of(party_id, now) is None:
        return
    if notice_is_due(pledge.interval, charge, now):
        mails.yearly_charge(pledge, charge, now)


def tell_of_relief_ending(row: Relief, now: datetime) -> None:
    """H2, once. Harmless when repeated, when another pause follows, or when the member has left."""
    end = ends_at(row)
    if end is None or end <= now or queries.following_relief(row) is not None:
        return
    if queries.membership_of(row.party_id, now) is not None:
        mails.relief_ends(row, MORE, now)


def tell_of_failure(pledge: Pledge | None, contribution: Contribution | None, now: datetime) -> None:
    """A payment of a member did not arrive. Nothing to people who have left, who pay nothing by agreement, or whose
    payment was given back because they asked for it."""
    if pledge is None or pledge.party_id is None or pledge.status in ("ended", "ending", "draft"):
        return
    if contribution is not None and contribution.remote_status != "failed":
        return
    if queries.membership_of(pledge.party_id, now) is None:
        return
    judged = judgement(pledge.party_id, now)
    if judged.standing is not Standing.RELIEF:
        writing_session().flush()
        mails.payment_failed(pledge, judged.standing is Standing.NOT_YET, now)
