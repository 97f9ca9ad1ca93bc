"""What is decided without a database: local paths, passwords, networks, windows of time."""

import doctest
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urljoin, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.identity import rules
from coopgov.identity.rules import (
    FRESH_FOR,
    HOME,
    LONGEST_PATH,
    WINDOW,
    attempt_limits,
    browser_named,
    check_new_password,
    is_fresh,
    link_holds,
    local_path,
    network_of,
    seconds_left,
    window_of,
)

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
INSTANTS = st.integers(1_600_000_000, 2_200_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))


def test_the_examples_in_the_rules_are_true() -> None:
    assert doctest.testmod(rules).failed == 0


@pytest.mark.parametrize("path", ["/", "/me", "/p/7-roof?page=2#c-3", "/g/Ärger", "/search?q=//x", "/a//b"])
def test_a_path_of_ours_is_kept(path: str) -> None:
    assert local_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "me",
        "//evil.example",
        "/\\evil.example",
        "\\/evil",
        "https:evil",
        "https://evil.example",
        "javascript:x",
        "/\t/evil",
        "/ok\r\nSet-Cookie: a=b",
        "/\x00",
        "/\x7f",
        " //evil",
        "/" + "x" * LONGEST_PATH,
    ],
)
def test_whatever_may_lead_elsewhere_leads_home(path: str) -> None:
    assert local_path(path) == HOME


@given(st.text(alphabet="/\\:@.abc%#? \t\r\n\x00", max_size=12))
def test_no_path_leaves_the_site(path: str) -> None:
    assert urlsplit(urljoin("http://localhost/sign-in", local_path(path))).netloc == "localhost"


@pytest.mark.parametrize(
    "password", ["tomato wagon nine", "Kx7#mQ2pL9", "приветмирдомс", "we meet at social coop on tuesdays"]
)
def test_a_long_and_own_password_is_accepted(password: str) -> None:
    check_new_password(password, "Social.Coop", "ada@example.org")


@pytest.mark.parametrize(
    ("password", "reason"),
    [
        ("tomato 9!", "password.short"),
        ("x" * 129, "password.long"),
        ("1234567890", "password.common"),
        ("12345678910", "password.common"),
        ("Password123", "password.common"),
        ("PASSW0RD!!1", "password.common"),
        ("qwertyuiop1", "password.common"),
        ("abcdefghijkl", "password.common"),
        ("aaaaaaaaaaaa", "password.common"),
        ("abababababab", "password.common"),
        ("letmein-password-admin", "password.common"),
        ("correct horse battery staple", "password.common"),
        ("socialcoop2026", "password.common"),
        ("Social.Coop Social.Coop", "password.common"),
        ("ada.lovelace@example.org", "password.common"),
        ("example.org-42", "password.common"),
    ],
)
def test_a_password_that_is_short_long_or_easy_to_guess_is_refused(password: str, reason: str) -> None:
    with pytest.raises(Refused) as refusal:
        check_new_password(password, "Social.Coop", "ada.lovelace@example.org")
    assert (refusal.value.reason, refusal.value.field) == (reason, "new_password")


def test_a_password_of_128_characters_is_accepted() -> None:
    check_new_password("tomato wagon nine " * 7 + "zz", "Social.Coop", "ada@example.org")


@given(st.text(max_size=200), st.text(max_size=40), st.emails())
def test_every_password_is_judged(password: str, coop: str, email: str) -> None:
    with suppress(Refused):
        check_new_password(password, coop, email)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("unix:", "unknown"),
        (None, "unknown"),
    ],
)
def test_a_network_is_an_ipv4_address_or_an_ipv6_64(address: str | None, network: str) -> None:
    assert network_of(address) == network


def test_counters_name_nobody() -> None:
    keys = attempt_limits("password", {"address": "ada@example.org", "network": "192.0.2.7"})
    assert not any("ada" in key or "192" in key for key in keys)
    assert all(len(key) <= 100 for key in keys)
    assert sorted(keys.values()) == [10, 25]


@given(INSTANTS)
def test_waiting_as_long_as_told_leads_into_the_next_window(now: datetime) -> None:
    wait = timedelta(seconds=seconds_left(now))
    assert timedelta() < wait <= WINDOW
    assert window_of(now + wait) == window_of(now) + 1


def test_a_sign_in_is_fresh_for_a_quarter_of_an_hour() -> None:
    assert is_fresh(NOW, NOW + FRESH_FOR)
    assert not is_fresh(NOW, NOW + FRESH_FOR + timedelta(seconds=1))


def test_a_link_holds_until_it_is_used_or_its_time_has_come() -> None:
    assert link_holds(NOW, None, NOW - timedelta(seconds=1))
    assert not link_holds(NOW, None, NOW)
    assert not link_holds(NOW, NOW - timedelta(minutes=5), NOW - timedelta(minutes=1))


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126 Safari/537.36 Edg/126",
            "Edge · Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Version/17.5 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/126 Mobile Safari/537.36", "Chrome · Android"),
        ("", ""),
    ],
)
def test_a_browser_is_named_in_two_words(user_agent: str, name: str) -> None:
    assert browser_named(user_agent) == name
