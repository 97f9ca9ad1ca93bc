"""Whoever joins and pays with both fakes beside a co-op is a member, over real HTTP and without a browser."""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import func, select

from coopgov.core.money import Money
from coopgov.funding.models import Contribution, SourceEvent
from coopgov.funding.providers.stripe.client import connect
from coopgov.funding.services.pledges import Wanted, checkout_order, draft_pledge, note_checkout
from tests.journeys.site import Site, copied, served_with_fakes, set_up


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    set_up(tmp_path / "empty", "Orchard Co-op")
    with served_with_fakes(copied(tmp_path / "empty", tmp_path / "data")) as site:
        site.opens_to_join()
        yield site


def test_a_payment_on_the_fakes_page_arrives_by_webhook_and_time_moves_on_both_sides(site: Site) -> None:
    member = site.member("Ada Lovelace")
    wanted = Wanted(party_id=member.id, source="stripe", amount=Money(300, "GBP"), interval="month", product="tier:2", title="Member")  # fmt: skip
    pledge = site.do(lambda now: draft_pledge(wanted, now))
    with site.open():
        stripe = connect(site.app.extensions["coopgov.settings"])
        assert stripe is not None
        order = checkout_order(pledge, member.email, member.name, "en", f"{site.url}/join/paid", f"{site.url}/me/dues")
        checkout = stripe.open_checkout(order)
    site.do(lambda now: note_checkout(pledge.id, checkout, now))
    assert "No money moves" in httpx.get(checkout.url).text
    site.fakes.stripe.pay(checkout.checkout_id)
    paid = select(func.count()).where(Contribution.party_id == member.id, Contribution.status == "succeeded")
    site.wait_for(lambda: site.ask(paid) == 1, "the first payment")
    site.forward(days=32)
    site.wait_for(lambda: site.ask(paid) == 2, "the second payment")
    assert site.ask(select(func.count(SourceEvent.id)))


def test_a_nudge_of_open_collective_is_heard(site: Site) -> None:
    told = httpx.post(
        f"{site.fakes.opencollective_url}/_fake/act", json={"act": "person", "slug": "ada", "name": "Ada Lovelace"}
    )
    assert told.is_success
    given = {"act": "contribute", "by": "ada", "cents": 300, "interval": "month", "tier": "member"}
    assert httpx.post(f"{site.fakes.opencollective_url}/_fake/act", json=given).is_success
    come = select(func.count()).where(Contribution.source == "opencollective")
    site.wait_for(lambda: site.ask(come) == 1, "the contribution")
    assert urlsplit(site.fakes.stripe_url).hostname == "127.0.0.1"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+", site.url)
