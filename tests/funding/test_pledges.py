"""What somebody chose to pay, until a provider knows of it, and what is asked of the provider afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.core.money import Money
from coopgov.funding.models import Finding, Payer, Pledge
from coopgov.funding.providers.base import Checkout, ProviderRefused
from coopgov.funding.queries.pledges import (
    contributions_of,
    customer_of,
    draft_of,
    live_pledge,
    pledge_by_checkout,
    pledges_of,
)
from coopgov.funding.services.pledges import (
    Wanted,
    ask_change,
    change_of,
    checkout_order,
    close_checkout,
    draft_pledge,
    drop_draft,
    note_checkout,
    take_answer,
)
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from tests.conftest import NOW
from tests.factories import person
from tests.funding.facts import payer, payment, pledge, pounds, snapshot, take

HOUR = timedelta(hours=1)
PAGES = ("ada@example.org", "Ada", "en", "http://localhost/join/paid", "http://localhost/join")


def wanted(party_id: int, minor: int = 300, **fields: Any) -> Wanted:
    given = {"source": "stripe", "amount": pounds(minor), "interval": "month", "product": "tier:1", "title": "Member"}
    return Wanted(party_id=party_id, **(given | fields))


def drafted(party_id: int, minor: int = 300, now: Any = NOW, **fields: Any) -> Pledge:
    with write_transaction():
        return draft_pledge(wanted(party_id, minor, **fields), now)


def opened(row: Pledge, checkout_id: str = "cs_1", key: str = "") -> bool:
    page = Checkout(checkout_id=checkout_id, url="https://pay.example/1", customer="cus_ada", expires_at=NOW + HOUR)
    with write_transaction():
        return note_checkout(row.id, page, NOW, key)


def begun(party_id: int) -> Pledge:
    """A pledge that Stripe knows as sub_1 and that is paid."""
    row = drafted(party_id)
    take(NOW, pledge("sub_1", item_id="si_1", pledge_id=row.id, as_of=NOW))
    return row


def asked(row: Pledge, kind: str, **given: Any) -> dict[str, Any]:
    """The payload of the job that the wish put into the queue."""
    with write_transaction():
        ask_change(row, kind, NOW, row.party_id or 0, **given)
    return db.session.scalars(select(Job.payload).where(Job.key == f"pledge-{row.id}-{row.revision}")).one()


def jobs(kind: str) -> list[str]:
    return list(db.session.scalars(select(Job.key).where(Job.kind == kind).order_by(Job.id)))


def test_a_choice_made_twice_is_one_draft_with_one_page(app: Flask) -> None:
    ada = person()
    first = drafted(ada.id)
    opened(first)
    again = drafted(ada.id)
    assert (again.id, again.revision, again.checkout_id) == (first.id, 1, "cs_1")
    assert draft_of(ada.id) == again == pledge_by_checkout("cs_1")
    assert pledges_of(ada.id) == [again]


def test_other_wishes_forget_the_page_and_close_it(app: Flask) -> None:
    ada = person()
    opened(drafted(ada.id))
    changed = drafted(ada.id, 500, interval="year")
    assert (changed.revision, changed.checkout_id, changed.checkout_url) == (2, "", "")
    assert changed.amount == pounds(500)
    assert jobs("funding.close_checkout") == ["close-cs_1"]


def test_a_page_that_has_closed_is_opened_anew_under_another_key(app: Flask) -> None:
    ada = person()
    opened(drafted(ada.id))
    later = drafted(ada.id, now=NOW + HOUR)
    assert (later.revision, later.checkout_id) == (2, "")
    assert jobs("funding.close_checkout") == []


def test_the_provider_saying_that_a_page_closed_frees_the_draft(app: Flask) -> None:
    row = drafted(person().id)
    opened(row)
    with write_transaction():
        close_checkout("cs_1", NOW)
        close_checkout("cs_unknown", NOW)
    assert (row.status, row.checkout_id, row.revision) == ("draft", "", 2)


def test_the_order_names_intent_and_revision_and_the_known_customer(app: Flask) -> None:
    row = drafted(person().id)
    first = checkout_order(row, *PAGES)
    assert (first.key, first.customer, first.amount) == (f"pledge-{row.id}-1", "", pounds(300))
    opened(row)
    assert checkout_order(row, *PAGES).customer == "cus_ada"
    assert db.session.scalars(select(Payer)).one().party_id == row.party_id


def test_who_was_matched_by_the_treasurer_is_no_customer_of_the_members(app: Flask) -> None:
    ada = person().id
    with write_transaction() as session:
        stranger = Payer(source="stripe", remote_id="cus_grandmother", party_id=ada, created_at=NOW)
        stranger.matched_how = "treasurer"
        session.add(stranger)
    assert customer_of(ada, "stripe") == ""


def test_a_page_that_comes_too_late_for_the_wishes_is_closed_and_not_kept(app: Flask) -> None:
    row = drafted(person().id)
    key = checkout_order(row, *PAGES).key
    drafted(row.party_id or 0, 500)
    assert opened(row, key=key) is False
    assert row.checkout_id == ""
    assert jobs("funding.close_checkout") == ["close-cs_1"]


def test_a_second_page_for_the_same_wishes_closes_the_first(app: Flask) -> None:
    row = drafted(person().id)
    opened(row, "cs_english")
    opened(row, "cs_german")
    assert row.checkout_id == "cs_german"
    assert jobs("funding.close_checkout") == ["close-cs_english"]


def test_a_dropped_draft_leaves_room_for_another(app: Flask) -> None:
    row = drafted(person().id)
    opened(row)
    with write_transaction():
        drop_draft(row, NOW)
    assert (row.status, draft_of(row.party_id or 0)) == ("failed", None)
    assert drafted(row.party_id or 0).id != row.id


def test_what_has_begun_is_no_draft_to_drop(app: Flask) -> None:
    row = begun(person().id)
    with write_transaction():
        drop_draft(row, NOW)
    assert row.status == "active"


def test_of_two_live_pledges_the_one_that_goes_on_counts(app: Flask) -> None:
    row = begun(person().id)
    take(NOW, pledge("sub_2", status="ending", as_of=NOW))
    assert live_pledge(row.party_id or 0) == row
    assert len(pledges_of(row.party_id or 0)) == 2


def test_what_somebody_paid_is_listed_newest_first(app: Flask) -> None:
    row = begun(person().id)
    take(NOW, payment("in_1", payer=payer()), payment("in_2", paid_at=NOW))
    assert [paid.remote_id for paid in contributions_of(row.party_id or 0)] == ["in_2", "in_1"]


# Changes


def test_a_wish_waits_until_the_provider_confirms_it(app: Flask) -> None:
    row = begun(person().id)
    wish = asked(row, "amount", amount=pounds(500), product="tier:2", title="Supporter")
    assert (row.asked or {})["amount_minor"] == 500
    assert change_of(row, wish).item_id == "si_1"
    assert change_of(row, wish).interval == "month"
    with write_transaction():
        take_answer(wish, snapshot(pledge("sub_1", 500, item_id="si_1", as_of=NOW)), NOW)
    assert (row.asked, row.amount, row.product, row.title) == (None, pounds(500), "tier:2", "Supporter")


def test_a_refusal_waits_for_the_treasurer_and_the_member_no_longer(app: Flask) -> None:
    row = begun(person().id)
    wish = asked(row, "pause", until=NOW + HOUR)
    assert change_of(row, wish).until == NOW + HOUR
    with write_transaction():
        take_answer(wish, ProviderRefused("no such subscription"), NOW)
    found = db.session.scalars(select(Finding)).one()
    assert (found.kind, found.subject, row.asked) == ("relief", f"pledge:{row.id}", None)


def test_a_later_wish_about_the_same_takes_the_earlier_ones_place(app: Flask) -> None:
    row = begun(person().id)
    cancel, amount, keep = (
        asked(row, "cancel"),
        asked(row, "amount", amount=Money(500, "GBP")),
        asked(row, "keep"),
    )
    with write_transaction():
        take_answer(cancel, snapshot(pledge("sub_1", status="ending", as_of=NOW)), NOW)
        assert row.asked is not None
        take_answer(keep, snapshot(pledge("sub_1", as_of=NOW)), NOW)
        assert row.asked["waiting"] == {"amount": amount["revision"]}
        take_answer(amount, snapshot(pledge("sub_1", 500, as_of=NOW)), NOW)
    assert row.asked is None


def test_nothing_is_asked_about_what_has_ended_or_is_paid_elsewhere(app: Flask) -> None:
    draft, elsewhere = drafted(person().id), drafted(person().id, source="opencollective")
    take(NOW, pledge("order-1", pledge_id=elsewhere.id, payer=None), source="opencollective")
    for row, reason in ((draft, "pledge.not_live"), (elsewhere, "pledge.elsewhere")):
        with pytest.raises(Refused, match=reason), write_transaction():
            ask_change(row, "cancel", NOW, 1)
    with pytest.raises(ValueError), write_transaction():
        ask_change(draft, "amount", NOW, 1)
    assert jobs("funding.change_pledge") == []
