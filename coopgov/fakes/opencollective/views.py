"""What the fake answers to each address."""

import json
from threading import Event
from typing import Any

from flask import Response, abort, redirect, render_template, request

from coopgov.fakes.opencollective.acts import Stage
from coopgov.fakes.opencollective.answers import Asked, shown_date_time
from coopgov.fakes.opencollective.faults import REFUSALS, SPOILT, Fault, Faults, spoil
from coopgov.fakes.opencollective.limits import WITH_TOKEN, WITHOUT_TOKEN, RateLimit
from coopgov.fakes.opencollective.nudge import nudge
from coopgov.fakes.opencollective.objects import Expense, Order, Tier
from coopgov.fakes.opencollective.pages import INTERVALS, WAYS, NotAccepted, contribute_as_typed, shown, typed_in
from coopgov.fakes.opencollective.passing import catch_up
from coopgov.fakes.opencollective.schema import answer
from coopgov.fakes.opencollective.world import Unknown, World

Answered = Response | str | tuple[str | dict[str, Any], int] | tuple[dict[str, Any], int, dict[str, str]]


class Views:
    """The views, and what they share."""

    def __init__(self, stage: Stage, token: str, nudge_url: str | None, limit: RateLimit) -> None:
        self.stage, self.world = stage, stage.world
        self.token, self.nudge_url, self.limit = token, nudge_url, limit
        self.faults, self.never = Faults(), Event()

    def graphql(self) -> Answered:
        """A question in GraphQL."""
        given = request.headers.get("Personal-Token", "")
        is_known = given == self.token
        if given and not is_known:
            return {"error": {"message": "Invalid personal token"}}, 401
        who = given or (request.remote_addr or "")
        with self.world.lock:
            allowance = self.limit.spend(who, WITH_TOKEN if is_known else WITHOUT_TOKEN)
            fault = self.faults.next()
        if allowance.left < 0 or (fault and fault.kind == "429"):
            wait = str(max(0.0, allowance.reset - self.limit.clock()))
            refusal = {"error": {"message": "Rate limit exceeded"}}
            return refusal, 429, {**allowance.headers, "Retry-After": wait}
        if fault and fault.kind in (*REFUSALS, "timeout", "html"):
            return self._broken(fault)
        return self._answered(Asked(self.world, is_known), allowance.headers, fault)

    def _broken(self, fault: Fault) -> Answered:
        if fault.kind == "timeout":
            self.never.wait(fault.seconds)
        return "<h1>Something went wrong</h1>", REFUSALS.get(fault.kind, 200)

    def _answered(self, asked: Asked, headers: dict[str, str], fault: Fault | None) -> Response:
        question = request.get_json(silent=True)
        with self.world.lock:
            catch_up(self.world)
            status, body = answer(asked, question if isinstance(question, dict) else {})
        if fault and fault.kind in SPOILT:
            body = spoil(fault.kind, body)
        text = json.dumps(body, separators=(",", ":"))
        if fault and fault.kind == "cut":
            text = text[: len(text) // 2]
        return Response(text, status, headers, mimetype="application/json")

    def add_fault(self) -> Answered:
        """``{"status": 429 | 500 | "timeout" | …, "times": n, "after": n, "seconds": n}``."""
        asked = _asked()
        try:
            self.faults.ask_for(asked.get("status"), *(asked.get(k, d) for k, d in (("times", 1), ("after", 0))))
        except (ValueError, TypeError) as error:
            return {"error": str(error)}, 422
        if "seconds" in asked:
            self.faults.waiting[-1].seconds = float(asked["seconds"])
        return {"waiting": len(self.faults.waiting)}, 200

    def move_clock(self) -> Answered:
        """``{"days": n, "hours": n}``, or ``{"now": instant}`` for a moment that is still to come."""
        asked = _asked()
        with self.world.lock:
            until = {"until": asked["now"]} if "now" in asked else {}
            return self._acted({"act": "wait", **asked, **until})

    def act(self) -> Answered:
        """``{"act": name, …}``: one of acts.ACTS."""
        with self.world.lock:
            return self._acted(_asked())

    def _acted(self, fields: dict[str, Any]) -> Answered:
        try:
            made = self.stage.act(fields)
        except (Unknown, ValueError, KeyError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}, 422
        self._tell()
        named = {"made": made.public_id} if isinstance(made, Order | Expense | Tier) else {}
        return {"now": shown_date_time(self.world.present), **named}, 200

    def _tell(self) -> None:
        if self.nudge_url:
            nudge(self.world, self.nudge_url)

    def state(self) -> Answered:
        """What there is, for a person or a test to look at."""
        with self.world.lock:
            catch_up(self.world)
            return state_of(self.world), 200

    def home(self) -> Response:
        """To the collective's page."""
        return _to(f"/{self.world.collective.slug}")

    def collective(self, slug: str) -> str:
        """What one may give to."""
        self._check(slug)
        with self.world.lock:
            catch_up(self.world)
            balance = f"{self.world.balance_cents() / 100:.2f} {self.world.host.currency}"
        ours = self.world.collective
        return render_template(
            "collective.html", title=ours.name, collective=ours, tiers=self.world.tiers, balance=balance
        )

    def checkout(self, slug: str, tier_name: str = "") -> Answered:
        """The form, filled in from the address; its answer, and the way back."""
        self._check(slug)
        try:
            tier = self.world.tier(tier_name) if tier_name else None
        except Unknown:
            abort(404)
        typed = typed_in(request.values, tier)
        title = f"Contribute to {self.world.collective.name}" + (f": {tier.name}" if tier else "")
        context = {"title": title, "collective": self.world.collective, "intervals": INTERVALS, "ways": WAYS}
        if request.method == "GET":
            return render_template("checkout.html", typed=shown(typed), **context)
        try:
            with self.world.lock:
                order = contribute_as_typed(self.stage, tier, typed)
        except NotAccepted as error:
            return render_template("checkout.html", typed=shown(typed), error=error, **context), 422
        self._tell()
        if typed.redirect:
            return _to(typed.redirect)
        return render_template("thanks.html", order=order, paid=order.processed_at, **context)

    def _check(self, slug: str) -> None:
        if slug != self.world.collective.slug:
            abort(404)


def _to(address: str) -> Response:
    response = redirect(address, 303)
    assert isinstance(response, Response)
    return response


def _asked() -> dict[str, Any]:
    """The JSON object that was sent; another content type is refused, so that no form elsewhere can send it."""
    body = request.get_json()
    return body if isinstance(body, dict) else {}


def state_of(world: World) -> dict[str, Any]:
    """The world in short: sums, contributions, accounts, the last hundred rows of the collective."""
    rows = world.rows_of(world.collective)
    return {
        "now": shown_date_time(world.present),
        "slug": world.collective.slug,
        "balance_cents": world.balance_cents(),
        "currency": world.host.currency,
        "transactions": len(rows),
        "accounts": [{"id": a.public_id, "slug": a.slug, "name": a.name} for a in world.accounts if not a.is_deleted],
        "tiers": [{"id": t.public_id, "slug": t.slug, "cents": t.cents} for t in world.tiers],
        "orders": [_order_in_short(order) for order in world.orders],
        "rows": [
            {"group": r.group, "kind": r.kind, "type": r.type, "cents": r.cents, "currency": r.currency}
            for r in rows[-100:]
        ],
    }


def _order_in_short(order: Order) -> dict[str, Any]:
    due = order.next_charge_date
    return {
        "id": order.public_id,
        "by": order.from_account.slug,
        "status": order.status,
        "cents": order.cents,
        "currency": order.currency,
        "frequency": order.frequency,
        "tags": list(order.tags),
        "next_charge": shown_date_time(due) if due else None,
    }
