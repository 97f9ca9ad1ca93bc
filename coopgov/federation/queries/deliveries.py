"""Reads of deliveries: what is due, how far each announcement has got, how each server fares."""

from datetime import datetime

from sqlalchemy import exists, select

from coopgov.federation.models import Delivery
from coopgov.infra.db import db


def is_anything_due(now: datetime) -> bool:
    """True when a courier may find something: a delivery that waits, or that a dead courier left behind."""
    waiting = exists().where(Delivery.state == "queued", Delivery.next_at <= now)
    left = exists().where(Delivery.state == "running", Delivery.leased_until < now)
    return bool(db.session.scalar(select(waiting | left)))
