"""Histories: what would have happened, had the account existed since then. Nothing is announced of it."""

from typing import Any

from coopgov.fakes.stripe import customers
from coopgov.fakes.stripe.agenda import catch_up
from coopgov.fakes.stripe.catalogue import create_product, new_price
from coopgov.fakes.stripe.collecting import collect
from coopgov.fakes.stripe.dunning import end
from coopgov.fakes.stripe.methods import make_behave, new_method
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import begin, first_invoice, is_alive


def seed_product(store: Store, product_id: str, name: str, metadata: dict[str, str]) -> Object:
    """The product with this id, made if there is none."""
    found = store.tables["product"].get(product_id)
    with store.silence():
        return found or create_product(store, {"id": product_id, "name": name, "metadata": metadata})


def seed_subscription(
    store: Store,
    *,
    email: str,
    name: str,
    amount: int,
    currency: str,
    interval: str,
    started_at: int,
    product: str,
    metadata: dict[str, str] | None = None,
    customer_metadata: dict[str, str] | None = None,
    customer: str | None = None,
    behaviour: str = "works",
    then: str | None = None,
    then_from: int | None = None,
    ended_at: int | None = None,
) -> Object:
    """A subscription since ``started_at`` (epoch seconds, not in the future), billed until the clock's time.

    ``amount`` in minor units. ``behaviour`` of its card or account at first, ``then`` another one from ``then_from``
    on: ``declines`` leaves it past due, or cancelled when the retries are over. ``ended_at``: cancelled then.
    """
    with store.silence():
        catch_up(store)
        with store.moment(started_at):
            facts = {"email": email, "name": name, "metadata": customer_metadata or {}}
            payer = store.get("customer", customer) if customer else customers.create(store, facts)
            subscription = _begin(store, payer, amount, currency, interval, product, metadata or {}, behaviour)
        for instant, change in sorted(_changes(then, then_from, ended_at)):
            catch_up(store, instant)
            with store.moment(instant):
                _apply(store, subscription, change)
        catch_up(store)
    return subscription


def _begin(
    store: Store,
    payer: Object,
    amount: int,
    currency: str,
    interval: str,
    product: str,
    metadata: dict[str, str],
    behaviour: str,
) -> Object:
    facts: dict[str, Any] = {"currency": currency, "product": product, "unit_amount": amount}
    price = new_price(store, facts | {"recurring": {"interval": interval}}, "", active=False)
    method = new_method(store, behaviour, payer["id"])
    subscription = begin(store, payer, [(price, 1)], metadata=metadata, method=method["id"])
    collect(store, first_invoice(store, subscription), confirmed=True)
    return subscription


def _changes(then: str | None, then_from: int | None, ended_at: int | None) -> list[tuple[int, str]]:
    return [(at, what) for at, what in ((then_from, then), (ended_at, "ends")) if at is not None and what]


def _apply(store: Store, subscription: Object, change: str) -> None:
    if change != "ends":
        make_behave(store, subscription["default_payment_method"], change)
    elif is_alive(subscription):
        end(store, subscription, "cancellation_requested")


def foreign_subscription(store: Store, metadata: dict[str, str]) -> Object:
    """A subscription sold by some other program on the same account: paid, announced, with its metadata, not ours."""
    product = create_product(store, {"name": "Somebody else's newsletter"})
    payer = customers.create(store, {"email": "reader@elsewhere.example", "name": "A reader of something else"})
    return _begin(store, payer, 700, "gbp", "month", product["id"], metadata, "works")
