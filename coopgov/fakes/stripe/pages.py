"""The fake's pages: Checkout, the bank's question, the portal, invoices, and a start page with levers."""

from typing import Any

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from coopgov.fakes.stripe import collecting, portal
from coopgov.fakes.stripe.checkout import open_session
from coopgov.fakes.stripe.errors import StripeRefusal
from coopgov.fakes.stripe.invoices import intent_of
from coopgov.fakes.stripe.payments import Outcome
from coopgov.fakes.stripe.pdf import plain_pdf
from coopgov.fakes.stripe.shapes import Object
from coopgov.fakes.stripe.store import Store
from coopgov.fakes.stripe.subscriptions import is_alive
from coopgov.fakes.stripe.words import money, when
from coopgov.fakes.stripe.world import World

SHOWN = 20


def make_blueprint(world: World) -> Blueprint:
    """Everything that a browser opens."""
    bp = Blueprint("pages", __name__)
    bp.register_error_handler(StripeRefusal, _refused)
    bp.add_url_rule("/", "home", lambda: _home(world))
    bp.add_url_rule("/pay/<session_id>", "pay", lambda session_id: _pay_page(world, session_id))
    bp.add_url_rule("/pay/<session_id>", "paid", lambda session_id: _pay(world, session_id), methods=["POST"])
    bp.add_url_rule("/pay/<session_id>/confirm", "ask", lambda session_id: _ask_page(world, session_id))
    bp.add_url_rule("/confirm/<intent_id>", "confirm", lambda intent_id: _confirm_page(world, intent_id))
    bp.add_url_rule("/confirm/<intent_id>", "confirmed", lambda intent_id: _confirm(world, intent_id), methods=["POST"])
    bp.add_url_rule("/portal/<session_id>", "portal", lambda session_id: _portal_page(world, session_id))
    bp.add_url_rule("/portal/<session_id>", "ported", lambda session_id: _portal(world, session_id), methods=["POST"])
    bp.add_url_rule("/invoice/<invoice_id>", "invoice", lambda invoice_id: _invoice_page(world, invoice_id))
    bp.add_url_rule(
        "/invoice/<invoice_id>", "pay_invoice", lambda invoice_id: _pay_invoice(world, invoice_id), methods=["POST"]
    )
    bp.add_url_rule("/invoice/<invoice_id>/pdf", "pdf", lambda invoice_id: _invoice_pdf(world, invoice_id))
    bp.add_url_rule("/receipt/<charge_id>", "receipt", lambda charge_id: _receipt(world, charge_id))
    return bp


def _refused(refusal: StripeRefusal) -> tuple[str, int]:
    return render_template("refused.html", message=str(refusal)), refusal.status


def _home(world: World) -> str:
    with world.at_work() as store:
        charges = [row for row in store.rows("charge") if row["status"] == "succeeded" and not row["disputed"]]
        return render_template(
            "home.html",
            now=store.now,
            balance=world.request("GET", "/v1/balance"),
            events=store.rows("event")[:SHOWN],
            sessions=store.rows("checkout.session", status="open")[:SHOWN],
            debits=store.rows("payment_intent", status="processing")[:SHOWN],
            disputes=store.rows("dispute", status="needs_response")[:SHOWN],
            charges=charges[:5],
            endpoints=store.rows("webhook_endpoint"),
        )


def _pay_page(world: World, session_id: str, said: str = "") -> Any:
    with world.at_work() as store:
        session = store.get("checkout.session", session_id)
        if session["status"] != "open":
            return render_template("closed.html", session=session, back=_success_url(session)), 410
        items = [store.get("item", item_id) for item_id in store.notes(session_id)["items"]]
        trial = bool(items) and session["amount_total"] == 0
        payer = store.tables["customer"].get(session["customer"] or "", {"email": session["customer_email"]})
        return render_template("pay.html", session=session, items=items, trial=trial, email=payer["email"], said=said)


def _success_url(session: Object) -> str:
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _pay(world: World, session_id: str) -> Any:
    how, confirmed = request.form.get("how", ""), request.form.get("confirmed") == "yes"
    with world.at_work() as store:
        session = open_session(store, session_id)
        try:
            outcome = world.pay(session_id, how, confirmed=confirmed)
        except StripeRefusal as refusal:
            if refusal.status != 402:
                raise
            return _pay_page(world, session_id, str(refusal)), 402
    if outcome is Outcome.CONFIRM:
        return redirect(f"/pay/{session_id}/confirm", 303)
    return redirect(_success_url(session), 303)


def _ask_page(world: World, session_id: str) -> str:
    with world.at_work() as store:
        session = open_session(store, session_id)
        return render_template("ask.html", session=session)


def _confirm_page(world: World, intent_id: str) -> Any:
    with world.at_work() as store:
        intent = store.get("payment_intent", intent_id)
        if intent["status"] != "requires_action":
            return redirect(_after_confirming(store, intent_id), 303)
        return render_template("confirm.html", intent=intent)


def _confirm(world: World, intent_id: str) -> Response:
    with world.at_work() as store:
        collecting.settle(store, intent_id, succeeds=request.form.get("answer") == "yes")
        return redirect(_after_confirming(store, intent_id), 303)


def _after_confirming(store: Store, intent_id: str) -> str:
    invoice = store.notes(intent_id).get("invoice")
    return f"/invoice/{invoice}" if invoice else "/"


def _portal_page(world: World, session_id: str, said: str = "") -> str:
    with world.at_work() as store:
        session = store.get("billing_portal.session", session_id)
        customer = store.get("customer", session["customer"])
        chosen = customer["invoice_settings"]["default_payment_method"]
        subscriptions = [row for row in store.rows("subscription", customer=customer["id"]) if is_alive(row)]
        if subscriptions:
            chosen = subscriptions[0]["default_payment_method"] or chosen
        return render_template(
            "portal.html",
            session=session,
            customer=customer,
            method=store.tables["payment_method"].get(chosen or ""),
            subscriptions=subscriptions,
            invoices=store.rows("invoice", customer=customer["id"])[:SHOWN],
            may=portal.features_of(store, session),
            said=said,
        )


def _portal(world: World, session_id: str) -> Any:
    action, subscription_id = request.form.get("action", ""), request.form.get("subscription", "")
    with world.at_work() as store:
        session = store.get("billing_portal.session", session_id)
        if action in ("works", "declines", "bacs_works"):
            portal.change_method(store, session_id, action)
            said = "The way to pay was changed."
        elif action in ("leave", "stay"):
            portal.set_leaving(store, session_id, subscription_id, leaving=action == "leave")
            said = "It will end with the period." if action == "leave" else "It goes on."
        else:
            raise StripeRefusal("Nothing was chosen.")
        after = (session["flow"] or {}).get("after_completion") or {}
    if after.get("type") == "redirect":
        return redirect(after["redirect"]["return_url"], 303)
    return _portal_page(world, session_id, said)


def _invoice_page(world: World, invoice_id: str, said: str = "") -> str:
    with world.at_work() as store:
        invoice = store.get("invoice", invoice_id)
        intent = intent_of(store, invoice)
        action = intent["next_action"] if intent else None
        return render_template("invoice.html", invoice=invoice, intent=intent, action=action, said=said)


def _pay_invoice(world: World, invoice_id: str) -> str:
    path = f"/v1/invoices/{invoice_id}/pay"
    try:
        world.request("POST", path)
        said = "Paid, or on its way."
    except StripeRefusal as refusal:
        if refusal.status == 404:
            raise
        said = str(refusal)
    return _invoice_page(world, invoice_id, said)


def _invoice_pdf(world: World, invoice_id: str) -> Response:
    invoice = world.request("GET", f"/v1/invoices/{invoice_id}")
    currency = invoice["currency"]
    lines = [
        "This is a fake Stripe. No money moves.",
        "",
        f"Invoice {invoice['number']}   {invoice['status']}   {when(invoice['created'])}",
        f"To {invoice['customer_name'] or ''} {invoice['customer_email'] or ''}",
        "",
        *(f"{row['description']}   {money(row['amount'], currency)}" for row in invoice["lines"]["data"]),
        "",
        f"Total {money(invoice['total'], currency)}   Paid {money(invoice['amount_paid'], currency)}",
    ]
    return Response(plain_pdf(lines), content_type="application/pdf")


def _receipt(world: World, charge_id: str) -> str:
    return render_template("receipt.html", charge=world.request("GET", f"/v1/charges/{charge_id}"))
