"""Reading everything: by night, by command, in pages, killed and begun again; and what the doctor says of Stripe."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from coopgov import cli
from coopgov.funding.models import Balance, Pledge, Reversal, Sync
from coopgov.funding.providers.stripe import reading, sweeping
from coopgov.funding.queries.stripe_health import examine_stripe
from coopgov.funding.services.stripe_reading import begin_reading, take_portion
from coopgov.infra.db import db, write_transaction
from coopgov.infra.jobs import Job
from tests.funding.facts import state
from tests.funding.stripe.conftest import Shop


def test_the_nightly_reading_heals_what_nobody_heard(shop: Shop, catch_up: Callable[[], int]) -> None:
    pledge = shop.begin()
    shop.lose_messages()
    shop.forward(days=5)
    catch_up()
    assert (pledge.status, shop.the_payment().status) == ("active", "succeeded")
    run = db.session.scalars(select(Sync)).one()
    assert (run.ok, run.source, run.done >= 2, run.changed > 0) == (True, "stripe", True, True)
    assert db.session.scalars(select(Balance.amount_minor)).one() == 275
    shop.settle_books()


def test_each_night_reads_what_is_new_since_the_last_and_three_days(shop: Shop, catch_up: Callable[[], int]) -> None:
    catch_up()
    first = shop.clock.now
    shop.forward(days=1, minutes=1)
    catch_up()
    runs = db.session.scalars(select(Sync).order_by(Sync.id)).all()
    assert [run.ok for run in runs] == [True, True]
    assert runs[1].cursor["since"] == int((first - timedelta(days=3)).timestamp())


def test_stripe_down_for_a_day_is_caught_up_with(shop: Shop, catch_up: Callable[[], int]) -> None:
    shop.begin()
    shop.world.faults.add({"path": "/v1/", "status": 503, "times": 1000})
    shop.lose_messages()
    catch_up()
    assert shop.payments() == []
    shop.world.faults.clear()
    shop.forward(days=1, minutes=1)
    catch_up()
    db.session.rollback()  # the reading before would still show what there was
    assert len(shop.payments()) == 1
    assert all(run.ok for run in db.session.scalars(select(Sync)))
    shop.settle_books()


def test_a_job_that_was_given_up_does_not_stop_the_next_night(shop: Shop, catch_up: Callable[[], int]) -> None:
    with write_transaction():
        begin_reading(shop.clock.now)
    catch_up()
    with write_transaction() as session:
        run = session.scalars(select(Sync)).one()
        run.finished_at, run.ok = None, False
        for job in session.scalars(select(Job).where(Job.kind == "funding.read_stripe")):
            job.state = "dead"
    shop.forward(days=1, minutes=1)
    catch_up()
    assert db.session.scalars(select(Sync.ok)).all() == [True]


def test_a_reading_killed_anywhere_and_gone_on_with_ends_equal(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweeping, "PAGE", 2)
    for _ in range(3):
        shop.begin()
    shop.lose_messages()
    shop.forward(days=40)
    for _ in range(200):
        with write_transaction():
            run = begin_reading(shop.clock.now)
            run_id, cursor = run.id, dict(run.cursor)
        part = shop.stripe.portion(cursor)  # whoever is killed here begins again here
        part = shop.stripe.portion(cursor)
        with write_transaction():
            after = take_portion(run_id, cursor, part, shop.clock.now)
        with write_transaction():
            take_portion(run_id, cursor, part, shop.clock.now)  # another process had the same page
        if after is None:
            break
    assert [run.ok for run in db.session.scalars(select(Sync))] == [True]
    assert len(shop.payments()) == 6
    before = state()
    assert shop.read_all(shop.clock.now - timedelta(days=100)) == 0
    assert state() == before
    shop.settle_books()


def test_readings_page_through_everything(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refunds, disputes, payouts, debits and failures of forty days, without a single message."""
    monkeypatch.setattr(sweeping, "PAGE", 3)
    first, second, third = (shop.begin() for _ in range(3))
    debit = shop.begin(behaviour="bacs_fails")
    shop.lose_messages()
    shop.forward(days=3)
    charges = [row["id"] for row in shop.world.store.rows("charge", status="succeeded")]
    shop.world.request("POST", "/v1/refunds", {"charge": charges[0], "amount": 100})
    lost, won = shop.world.dispute(charges[1]), shop.world.dispute(charges[2])
    shop.world.close_dispute(won["id"], won=True)
    shop.forward(days=37)
    shop.world.close_dispute(lost["id"], won=False)
    shop.world.pay_out()
    shop.lose_messages()
    shop.read_all()
    assert {row.status for row in (first, second, third)} == {"active"}
    assert debit.status == "ended"
    assert sorted(paid.status for paid in shop.payments()) == sorted(
        ["succeeded", "succeeded", "lost", "succeeded", "succeeded", "succeeded", "failed"]
    )
    assert "balance_differs" not in {kind for kind, _ in shop.findings()}
    shop.settle_books()


def test_what_happened_to_old_things_is_seen_by_the_balances_entries(shop: Shop) -> None:
    """An invoice, a refund and a dispute from before the window: paid, failed and decided inside it."""
    shop.world.switch(final_failure="past_due")
    pledge, other = shop.join(), shop.join()
    shop.world.request("POST", "/v1/refunds", {"charge": shop.charge(other)["id"]})
    refund = shop.world.store.rows("refund")[0]
    shop.method(pledge, "declines")
    shop.forward(days=45)
    shop.deliver()
    shop.read_all()
    assert pledge.status == "past_due"
    shop.method(pledge, "works")
    shop.forward(days=10)
    shop.lose_messages()
    shop.world.request("POST", f"/v1/invoices/{shop.subscription(pledge)['latest_invoice']}/pay", {})
    shop.world.fail_refund(refund["id"])
    shop.lose_messages()
    shop.read_all()
    assert pledge.status == "active"
    assert "balance_differs" not in {kind for kind, _ in shop.findings()}
    shop.settle_books()


def test_a_balance_that_is_not_the_books_waits_for_the_treasurer_until_it_is(shop: Shop) -> None:
    shop.world.foreign()  # another shop's money, in the same account
    shop.read_all()
    assert ("balance_differs", "stripe:GBP") in shop.findings()


def test_what_went_back_on_another_shops_payment_stays_out_beside_ours(shop: Shop) -> None:
    shop.world.foreign()
    foreign = shop.world.store.rows("charge")[0]["id"]
    ours = shop.begin()
    shop.lose_messages()
    charges = [row["id"] for row in shop.world.store.rows("charge") if row["id"] != foreign]
    for charge in (*charges, foreign):
        shop.world.request("POST", "/v1/refunds", {"charge": charge, "amount": 100})
    shop.read_all()
    assert [row.payment for row in db.session.scalars(select(Reversal))] == charges
    assert ours.status == "active"
    assert "orphan" not in {kind for kind, _ in shop.findings()}


def test_a_manual_invoice_of_a_member_is_money_of_theirs_and_covers_nothing(shop: Shop) -> None:
    pledge = shop.join()
    paid = shop.the_payment()
    seen = shop.world.store.tables["invoice"][paid.remote_id]
    assert seen["parent"] is not None
    by_hand = {
        **seen,
        "parent": None,
        "id": "in_by_hand",
        "lines": {"data": [{**seen["lines"]["data"][0], "parent": None}]},
    }
    customer = shop.world.request("GET", f"/v1/customers/{seen['customer']}")
    intent = {"status": "succeeded", "latest_charge": None}
    assert shop.stripe.ours.problem({**by_hand, "customer": customer}) is None
    found = reading.payment(shop.stripe.ours, {**by_hand, "customer": customer}, intent)
    assert found is not None
    assert (found.purpose, found.covers_from, found.pledge_remote_id, found.pledge_id) == ("other", None, "", None)
    stranger = {**customer, "metadata": {}}
    problem = shop.stripe.ours.problem({**by_hand, "customer": stranger})
    assert problem is not None
    assert problem.kind == "foreign"
    assert pledge.status == "active"


# The command


@pytest.fixture
def command(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """``coopgov sync …`` at this test's installation, with its real clock set to the test's."""
    settings = shop.app.extensions["coopgov.settings"]
    monkeypatch.setattr(cli, "utc_now", shop.clock)
    monkeypatch.setattr(cli, "read_settings", lambda **_: settings)
    monkeypatch.setattr(cli, "create_app", lambda _: shop.app)

    def run(*arguments: str) -> Any:
        db.session.remove()
        with db.engine.begin():
            pass
        return CliRunner().invoke(cli.main, arguments)

    return run


def test_the_command_reads_everything_and_says_what_it_did(shop: Shop, command: Callable[..., Any]) -> None:
    pledge_id = shop.begin().id
    shop.lose_messages()
    done = command("sync", "stripe")
    assert done.exit_code == 0, done.output
    assert "Stripe: subscriptions" in done.output
    assert "new or different" in done.output
    assert db.session.get_one(Pledge, pledge_id).status == "active"
    again = command("sync", "stripe", "--since", "2026-01-01")
    assert " 0 rows new or different" in again.output


def test_the_command_goes_on_after_stripe_was_away(shop: Shop, command: Callable[..., Any]) -> None:
    shop.begin()
    shop.lose_messages()
    shop.world.faults.add({"path": "/v1/refunds", "status": 503, "times": 3})
    failed = command("sync", "stripe")
    assert (failed.exit_code, "goes on where it stopped" in failed.output) == (1, True)
    done = command("sync", "stripe")
    assert done.exit_code == 0
    assert "Stripe: subscriptions" not in done.output
    assert db.session.scalars(select(Sync.ok)).all() == [True]


@pytest.mark.parametrize("stripe_settings", [{}], ids=["no key"])
def test_without_a_key_the_command_says_so(command: Callable[..., Any]) -> None:
    done = command("sync", "stripe")
    assert (done.exit_code, "is not set" in done.output) == (1, True)


def test_config_prints_no_key_of_stripes(command: Callable[..., Any]) -> None:
    done = command("config")
    assert "COOPGOV_STRIPE_SECRET_KEY=(set)" in done.output
    assert "whsec_" not in done.output
    assert "sk_test_" not in done.output


# The doctor


def doctors_word(shop: Shop, ask: bool = False, **changes: Any) -> dict[str, bool]:
    settings = replace(shop.app.extensions["coopgov.settings"], **changes)
    return {found.name: found.well for found in examine_stripe(settings, shop.clock.now, ask)}


def test_the_doctor_is_silent_where_stripe_is_not_used(shop: Shop) -> None:
    assert doctors_word(shop, stripe_secret_key="") == {}


def test_the_doctor_knows_a_healthy_stripe_and_asks_it_only_when_told(shop: Shop) -> None:
    shop.read_all()
    names = ["Stripe key", "Stripe messages", "Stripe address", "Stripe reading"]
    assert doctors_word(shop) == dict.fromkeys(names, True)
    assert doctors_word(shop, ask=True) == dict.fromkeys([*names, "Stripe"], True)
    shop.world.faults.add({"path": "/v1/balance", "status": "reset", "times": 3})
    assert doctors_word(shop, ask=True)["Stripe"] is False


@pytest.mark.parametrize(
    ("changes", "ill"),
    [
        ({"base_url": "https://coop.example"}, {"Stripe key", "Stripe address"}),
        ({"stripe_secret_key": "sk_live_x"}, {"Stripe key"}),
        ({"stripe_webhook_secret": ""}, {"Stripe messages"}),
        ({"stripe_webhook_secret": "whsec_a,oops"}, {"Stripe messages"}),
    ],
)
def test_the_doctor_says_what_is_wrong(shop: Shop, changes: dict[str, Any], ill: set[str]) -> None:
    shop.read_all()
    assert {name for name, well in doctors_word(shop, **changes).items() if not well} == ill


def test_the_doctor_misses_the_nightly_reading(shop: Shop) -> None:
    assert doctors_word(shop)["Stripe reading"] is False
    shop.read_all()
    shop.forward(days=3)
    assert doctors_word(shop)["Stripe reading"] is False
