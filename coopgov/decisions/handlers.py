"""Reactions of decisions to what happens in features below."""

from datetime import datetime

from sqlalchemy import select, update

from coopgov.decisions.models import Proposal, ProxyLine
from coopgov.infra.db import writing_session
from coopgov.infra.jobs import Handler
from coopgov.proxies.events import ProxyEnded


def _proxy_ended(event: ProxyEnded, _event_id: int, _now: datetime) -> None:
    """The pages of open votes that it would have been carried in say so."""
    stood = select(ProxyLine.proposal_id).where(ProxyLine.proxy_id == event.proxy_id)
    query = update(Proposal).where(Proposal.id.in_(stood), Proposal.state == "open")
    writing_session().execute(query.values(version=Proposal.version + 1))


HANDLERS: tuple[Handler, ...] = (Handler("decisions.proxy_ended", ProxyEnded, _proxy_ended),)
