"""Role × route, generated from the route table; a route that declares nothing stops the start."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from werkzeug.routing import AnyConverter, IntegerConverter, Rule

from coopgov.infra.web.access import (
    ADMIN,
    MACHINE,
    MEMBER,
    PUBLIC,
    SECRETARY,
    SIGNED_IN,
    TREASURER,
    VISITOR,
    allow,
    terms_of,
)
from tests import factories
from tests.conftest import Browser, make_app

ROLES = ("nobody", "stranger", "member", "admin", "secretary", "treasurer")
OFFICERS = {ADMIN.name: "admin", SECRETARY.name: "secretary", TREASURER.name: "treasurer"}
ADMITTED = {
    PUBLIC.name: set(ROLES),
    VISITOR.name: set(ROLES),
    MACHINE.name: set(ROLES),
    SIGNED_IN.name: set(ROLES) - {"nobody"},
    MEMBER.name: set(ROLES) - {"nobody", "stranger"},
    **{audience: {role} for audience, role in OFFICERS.items()},
}


def address(app: Flask, rule: Rule) -> str:
    values = {name: _dummy(converter) for name, converter in rule._converters.items()}
    with app.test_request_context():
        return str(app.url_map.bind("localhost").build(rule.endpoint, values, method=_methods(rule)[0]))


def _dummy(converter: Any) -> object:
    if isinstance(converter, AnyConverter):
        return sorted(converter.items)[0]
    return 999999 if isinstance(converter, IntegerConverter) else "nothing"


def _methods(rule: Rule) -> list[str]:
    return sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})


@pytest.fixture
def browsers(app: Flask, client: Browser, sign_in: Callable[[int], Browser]) -> dict[str, Browser]:
    return {
        "nobody": client,
        "stranger": sign_in(factories.person("Stranger").id),
        "member": sign_in(factories.member("Member").id),
        "admin": sign_in(factories.officer("admin").id),
        "secretary": sign_in(factories.officer("membership_secretary", "Secretary").id),
        "treasurer": sign_in(factories.officer("treasurer", "Treasurer").id),
    }


def rules(app: Flask) -> list[tuple[Rule, str, str]]:
    """(rule, method, audience) of all routes."""
    return [
        (rule, method, terms.audience.name)
        for rule in app.url_map.iter_rules()
        for method in _methods(rule)
        if (terms := terms_of(rule.endpoint))
    ]


def ask(browser: Browser, method: str, path: str) -> Any:
    return browser.get(path) if method == "GET" else browser.submit(path)


def test_every_role_gets_what_the_route_declares(app: Flask, browsers: dict[str, Browser]) -> None:
    wrong = []
    for rule, method, audience in rules(app):
        path = address(app, rule)
        for role in ROLES:
            if rule.endpoint.endswith("sign_out"):
                continue
            answer = ask(browsers[role], method, path)
            if answer.status_code >= 500 and rule.rule not in ("/readyz",):
                wrong.append((method, path, role, answer.status_code))
            refused = _is_refusal(answer, audience, role)
            if refused is (role in ADMITTED[audience]):
                wrong.append((method, path, role, answer.status_code))
    assert wrong == []


def _is_refusal(answer: Any, audience: str, role: str) -> bool:
    """Sign in first (303 or 403), members only (403), or it does not exist for them (404)."""
    if role == "nobody":
        return answer.status_code == 403 or "/sign-in?next=" in answer.headers.get("Location", "")
    if audience in OFFICERS and role != OFFICERS[audience]:
        return bool(answer.status_code == 404)
    return answer.status_code == 403


def test_no_form_is_taken_from_another_site(app: Flask, browsers: dict[str, Browser]) -> None:
    taken = []
    for rule, method, audience in rules(app):
        if method != "GET" and audience != MACHINE.name:
            browser = browsers[OFFICERS.get(audience, "admin")]
            for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
                answer = browser.post(address(app, rule), data={"form_token": browser.token()}, headers=headers)
                if answer.status_code != 403:
                    taken.append((rule.rule, headers, answer.status_code))
    assert taken == []


def test_no_form_is_taken_without_a_token_that_fits(app: Flask, browsers: dict[str, Browser]) -> None:
    taken = []
    foreign = browsers["member"].token()
    for rule, method, audience in rules(app):
        if method != "GET" and audience != MACHINE.name:
            for token in ("", "forged", foreign):
                answer = browsers[OFFICERS.get(audience, "admin")].post(
                    address(app, rule), data={"form_token": token}, headers={"Origin": "http://localhost"}
                )
                if answer.status_code not in (400, 404, 422):
                    taken.append((rule.rule, token[:6], answer.status_code))
    assert taken == []


def test_nobody_who_only_reads_gets_a_cookie_or_leaves_a_trace(app: Flask, client: Browser, statements: Any) -> None:
    writes = []
    for rule, method, audience in rules(app):
        if method == "GET" and audience in (PUBLIC.name, VISITOR.name):
            with statements() as sent:
                answer = client.get(address(app, rule))
            if "Set-Cookie" in answer.headers:
                writes.append((rule.rule, "cookie"))
            writes += [(rule.rule, s) for s in sent.texts if s.split()[0] in ("INSERT", "UPDATE", "DELETE")]
    assert writes == []


def test_every_answer_carries_the_strict_policy(app: Flask, client: Browser) -> None:
    for path in ("/", "/nothing-here", "/inbox", "/admin"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_a_wrong_method_is_refused_with_the_right_ones(app: Flask, client: Browser) -> None:
    answer = client.submit("/groups")
    assert answer.status_code == 405
    assert "GET" in answer.headers["Allow"]


def test_a_route_without_a_declared_audience_stops_the_start(tmp_path: Any, clock: Any, monkeypatch: Any) -> None:
    from coopgov import app as factory

    blueprint = factory.Blueprint("careless", __name__)
    blueprint.add_url_rule("/careless", view_func=lambda: "open")
    monkeypatch.setattr(factory, "BLUEPRINTS", (*factory.BLUEPRINTS, blueprint))
    with pytest.raises(RuntimeError, match="/careless"):
        make_app(f"sqlite:///{tmp_path / 'x.db'}", tmp_path, clock)


def test_a_body_that_is_too_large_is_refused(app: Flask, browsers: dict[str, Browser]) -> None:
    answer = browsers["member"].submit("/sign-out", words="x" * 1_100_000)
    assert answer.status_code == 413


def test_a_declared_audience_is_found_again(app: Flask) -> None:
    @allow(MEMBER, rerenders=True)
    def view() -> str:
        return ""

    assert view.terms.audience is MEMBER  # type: ignore[attr-defined]
