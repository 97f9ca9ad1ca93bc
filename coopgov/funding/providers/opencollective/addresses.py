"""Addresses at Open Collective to which people are sent.

Parameters as in collectives/raising-money/creating-custom-fundraising-urls.md of Open Collective's documentation.
"""

from typing import Protocol
from urllib.parse import quote, urlencode

from coopgov.config import Settings
from coopgov.core.money import Money
from coopgov.infra.crypto import Signer

NUDGE = "webhook.opencollective"  # purpose of the secret in the address of our webhook
TAG = "coopgov-"  # and the claim code: 30 characters of the 32 that a tag may have
INTERVALS = ("month", "year")


class Promise(Protocol):
    """What the page needs to know of a pledge."""

    @property
    def claim(self) -> str:
        """The code by which the order will name its member."""

    @property
    def interval(self) -> str:
        """month, year or once."""

    @property
    def amount(self) -> Money:
        """For each interval."""


def contribution_url(
    pledge: Promise, settings: Settings, redirect: str, *, tier: str = "", email: str = "", name: str = ""
) -> str:
    """Where ``pledge`` is paid: the form is filled in, and the order will carry the pledge's claim code as a tag.

    ``tier``: as its address at Open Collective has it (``member-123``), empty for a contribution without one.
    ``redirect``: where the payer comes back to, paid or not: a reason to look, no proof. ``email`` and ``name`` fill
    in the form of somebody who has no account there.
    """
    base, slug = settings.opencollective_url.rstrip("/"), quote(settings.opencollective_slug, safe="")
    path = f"contribute/{quote(tier, safe='')}/checkout" if tier else "donate"
    wanted = {
        "amount": pledge.amount.plain,
        "interval": pledge.interval if pledge.interval in INTERVALS else "",
        "email": email,
        "name": name,
        "tags": TAG + pledge.claim,
        "redirect": redirect,
    }
    return f"{base}/{slug}/{path}?" + urlencode({key: value for key, value in wanted.items() if value})


def webhook_url(signer: Signer, settings: Settings) -> str:
    """Where Open Collective's webhook should tell us that something happened. It is a secret."""
    return f"{settings.base_url.rstrip('/')}/webhooks/opencollective/{signer.secret(NUDGE)}"


def claim_in(tags: list[str]) -> str:
    """The claim code that an order's tags carry, in small letters, as tags come back; empty for none."""
    codes = [tag.strip()[len(TAG) :] for tag in tags if tag.strip().lower().startswith(TAG)]
    return codes[0].lower() if codes else ""
