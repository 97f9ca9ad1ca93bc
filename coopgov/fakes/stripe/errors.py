"""How Stripe says no."""

from typing import Any


class StripeRefusal(Exception):
    """An answer that is an error, in Stripe's words. ``more`` are further fields of the error object."""

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int = 400,
        kind: str = "invalid_request_error",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        facts = {"type": kind, "message": message, "code": code, "param": param, **more}
        self.body: dict[str, Any] = {"error": {name: fact for name, fact in facts.items() if fact is not None}}


def missing(object_name: str, object_id: str, param: str = "id") -> StripeRefusal:
    """There is no such object: 404 for the one that the address names, 400 for one that a parameter names."""
    words = f"No such {object_name.rsplit('.', 1)[-1]}: '{object_id}'"
    return StripeRefusal(words, code="resource_missing", param=param, status=404 if param == "id" else 400)


def declined(message: str, code: str, decline_code: str | None = None, **more: Any) -> StripeRefusal:
    """The bank says no, or wants to ask its customer first."""
    return StripeRefusal(message, code=code, status=402, kind="card_error", decline_code=decline_code, **more)
