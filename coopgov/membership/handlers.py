"""Reactions of membership to money: who has paid is admitted, whose payment failed is told."""

from datetime import datetime

from coopgov.funding.events import ContributionFailed, ContributionMatched, ContributionReceived, PledgeChanged
from coopgov.funding.models import Contribution, Pledge
from coopgov.infra.db import db
from coopgov.infra.jobs import Handler
from coopgov.membership.services.dues_clock import tell_of_failure
from coopgov.membership.services.joining import admit_payer


def _received(event: ContributionReceived, _event_id: int, now: datetime) -> None:
    if event.party_id is not None:
        admit_payer(event.party_id, now)


def _matched(event: ContributionMatched, _event_id: int, now: datetime) -> None:
    admit_payer(event.party_id, now)


def _pledge_changed(event: PledgeChanged, _event_id: int, now: datetime) -> None:
    if event.party_id is not None:
        admit_payer(event.party_id, now)
    pledge = db.session.get(Pledge, event.pledge_id)
    if pledge is not None and pledge.status == "past_due":
        tell_of_failure(pledge, None, now)


def _failed(event: ContributionFailed, _event_id: int, now: datetime) -> None:
    contribution = db.session.get_one(Contribution, event.contribution_id)
    pledge = db.session.get(Pledge, contribution.pledge_id) if contribution.pledge_id else None
    tell_of_failure(pledge, contribution, now)


HANDLERS: tuple[Handler, ...] = (
    Handler("membership.contribution_received", ContributionReceived, _received),
    Handler("membership.contribution_matched", ContributionMatched, _matched),
    Handler("membership.contribution_failed", ContributionFailed, _failed),
    Handler("membership.pledge_changed", PledgeChanged, _pledge_changed),
)
