"""What `coopgov doctor` looks at about Stripe."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from coopgov.config import Settings
from coopgov.funding.providers.base import ProviderDown, ProviderRefused
from coopgov.funding.providers.stripe.client import connect, is_live
from coopgov.funding.queries.syncs import last_reading
from coopgov.infra.doctor import Finding

STALE = timedelta(days=2)  # it is read every night


def examine_stripe(settings: Settings, now: datetime, ask_network: bool) -> Iterator[Finding]:
    """Nothing where Stripe is not used; its address is asked with ``ask_network`` only."""
    key = settings.stripe_secret_key
    if not key:
        return
    yield _mode(settings)
    yield _messages(settings)
    yield _base(settings)
    yield _freshness(now)
    if ask_network:
        yield _answer(settings)


def _mode(settings: Settings) -> Finding:
    live = is_live(settings.stripe_secret_key)
    advice = (
        "Real money would be taken at a development address: use a test key."
        if live
        else "Nobody can really pay with a test key: set COOPGOV_STRIPE_SECRET_KEY to a live one."
    )
    return Finding("Stripe key", live == settings.is_https, "live" if live else "test", advice)


def _messages(settings: Settings) -> Finding:
    secrets = [part.strip() for part in settings.stripe_webhook_secret.split(",") if part.strip()]
    well = bool(secrets) and all(part.startswith("whsec_") for part in secrets)
    says = f"{len(secrets)} secrets" if secrets else "no secret"
    address = settings.base_url.rstrip("/") + "/webhooks/stripe"
    advice = f"Make an endpoint at Stripe for {address} and set COOPGOV_STRIPE_WEBHOOK_SECRET to its secret."
    return Finding("Stripe messages", well, says, advice)


def _base(settings: Settings) -> Finding:
    base = settings.stripe_api_base
    well = not base or not settings.is_https
    return Finding(
        "Stripe address", well, base or "Stripe's own", "Unset COOPGOV_STRIPE_API_BASE: it is for development."
    )


def _freshness(now: datetime) -> Finding:
    try:
        read = last_reading("stripe")
    except SQLAlchemyError:
        return Finding("Stripe reading", False, "unknown", "Run `coopgov migrate`.")
    at = read.finished_at if read else None
    well = at is not None and now - at < STALE
    says = f"last read {at:%Y-%m-%d %H:%M} UTC" if at else "never read"
    return Finding("Stripe reading", well, says, "Run `coopgov sync stripe`, and see /admin/jobs.")


def _answer(settings: Settings) -> Finding:
    try:
        stripe = connect(settings)
        well, says = stripe is not None and stripe.answers(), "it answers"
    except (ProviderDown, ProviderRefused) as error:
        well, says = False, str(error)
    return Finding("Stripe", well, says, "Check COOPGOV_STRIPE_SECRET_KEY and its permissions (docs/money.md).")
