"""What has become of a decision, in words: for pages, lists, twins and feeds."""

from datetime import date, datetime, timedelta

from coopgov.core.text import N_
from coopgov.core.time import to_wall_clock
from coopgov.decisions.queries.validity import About
from coopgov.decisions.rules.register import Status, Validity
from coopgov.infra.i18n import current_zone, plain_day
from coopgov.infra.i18n import gettext as _

STATUSES = {
    "in_force": N_("In force"),
    "review_due": N_("Review due"),
    "superseded": N_("Superseded"),
    "repealed": N_("Repealed"),
    "lapsed": N_("Lapsed"),
}

RELATIONS = {
    "replaces": N_("Replaces"),
    "depends_on": N_("Depends on"),
    "re_votes": N_("Votes again on"),
    "replaced_by": N_("Replaced by"),
    "may_be_replaced_by": N_("May be replaced by"),
    "repealed_by": N_("Repealed by"),
    "repeals": N_("Repeals"),
    "needed_by": N_("Needed by"),
    "voted_again_in": N_("Voted on again in"),
}
"""How decisions hang together, in the order in which pages say it."""

DEPARTS = N_("Departs from the result")


def day_of(instant: datetime) -> date:
    """The day of ``instant`` by the co-op's clocks."""
    return to_wall_clock(instant, current_zone()).date()


def last_day(ends_at: datetime) -> date:
    """The last day on which something holds that no longer does at ``ends_at``."""
    return day_of(ends_at - timedelta(seconds=1))


def validity_words(validity: Validity) -> str:
    """Status and dates in a sentence; empty for a vote that has neither."""
    match validity.status:
        case Status.SUPERSEDED | Status.REPEALED | Status.LAPSED:
            return _over(validity)
        case Status.IN_FORCE | Status.REVIEW_DUE:
            return " ".join([_holding(validity), *_review(validity)])
        case None:
            return " ".join(_review(validity))


def _over(validity: Validity) -> str:
    assert validity.over_at is not None
    if validity.status is Status.LAPSED:
        return _("Lapsed: its last day was %(day)s.", day=plain_day(last_day(validity.over_at)))
    since = plain_day(day_of(validity.over_at))
    if validity.status is Status.SUPERSEDED:
        return _("Superseded on %(day)s.", day=since)
    return _("Repealed on %(day)s.", day=since)


def _holding(validity: Validity) -> str:
    if validity.ends_at is None:
        return _("In force.")
    return _("In force until %(day)s.", day=plain_day(last_day(validity.ends_at)))


def _review(validity: Validity) -> list[str]:
    if validity.review_at is None:
        return []
    shown = plain_day(day_of(validity.review_at))
    if validity.status is Status.REVIEW_DUE:
        return [_("Its review has been due since %(day)s.", day=shown)]
    return [_("To be reviewed on %(day)s.", day=shown)]


def iso_day(day: date | None) -> str | None:
    """``2027-06-30``, for machines."""
    return day.isoformat() if day else None


def dates_for_machines(validity: Validity) -> dict[str, str | None]:
    """Status, review day and last day, as JSON and CSV give them; days are those of the co-op's clocks."""
    ends_at = validity.ends_at if validity.ending is None else validity.over_at
    return {
        "status": str(validity.status) if validity.status else None,
        "review_on": iso_day(day_of(validity.review_at)) if validity.review_at else None,
        "in_force_until": iso_day(last_day(ends_at)) if ends_at else None,
    }


def related(about: About, kind: str) -> list[int]:
    """Numbers of the decisions that hang together with it in this way."""
    return [relation.other.id for relation in about.relations if relation.kind == kind]
