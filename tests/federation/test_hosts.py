"""Hosts and origins: written in many ways, meant in one."""

import pytest

from coopgov.core.errors import Refused
from coopgov.federation.rules.hosts import authority_of, folded_domain, host_of, is_blocked, origin_of, same_origin


@pytest.mark.parametrize(
    ("uri", "host"),
    [
        ("https://example.org/users/ann", "example.org"),
        ("https://EXAMPLE.org:8443/", "example.org"),
        ("https://bücher.example/", "xn--bcher-kva.example"),
        ("https://BÜCHER.example/", "xn--bcher-kva.example"),
        ("https://xn--bcher-kva.example/", "xn--bcher-kva.example"),
        ("https://example.org./", "example.org"),
        ("http://127.0.0.1:5000/x", "127.0.0.1"),
        ("http://[::1]:5000/x", "::1"),
        ("http://[0:0:0:0:0:0:0:1]/x", "::1"),
        ("https://[::ffff:192.0.2.1]/x", "192.0.2.1"),
        ("https://[::FFFF:C000:201]:8443/x", "192.0.2.1"),
        ("https://１９２.0.2.1/x", "192.0.2.1"),
        ("https://example。org/x", "example.org"),
    ],
)
def test_a_host_has_one_spelling(uri: str, host: str) -> None:
    """Edge cases 1, 2 and 5."""
    assert host_of(uri) == host


@pytest.mark.parametrize(
    "uri",
    [
        *(
            "",
            "example.org",
            "ftp://example.org",
            "https://",
            "https:///path",
            "https://u:p@example.org/",
            "https://u@e.org",
        ),
        *(
            "https://exa mple.org/",
            "https://example.org\n/",
            "https://-a.example/",
            "https://a..b/",
            "https://example.org:0/",
        ),
        *("https://example.org:99999/", "https://" + "a" * 64 + ".org/", "https://\ud800.org/", "javascript:alert(1)"),
        *("https://ex\\ample.org", "https://example.org:x/", "https://[::1/"),
        *(
            "https://192.0.2.1%2eevil.example/",
            "https://192.0.2.1%evil/",
            "https://[fe80::1%25eth0]/",
            "https://[v1.a]/",
        ),
        *("https://127.1/", "https://2130706433/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://１２７.1/"),
        *("https://192.0.2.1.5/", "https://example.123/", "https://example.org../", "https://../"),
    ],
)
def test_what_is_no_address_of_a_server_is_refused(uri: str) -> None:
    with pytest.raises(ValueError):
        host_of(uri)
    assert not same_origin(uri, uri)


def test_an_origin_is_scheme_host_and_port() -> None:
    assert authority_of("https://Example.org:443/x") == "example.org"
    assert authority_of("http://[::1]:5000/") == "[::1]:5000"
    assert authority_of("http://example.org:443/") == "example.org:443"
    assert origin_of("http://example.org:80/x") == "http://example.org"
    assert same_origin("https://example.org/a", "https://EXAMPLE.org:443/b")
    assert not same_origin("https://example.org/", "http://example.org/")
    assert not same_origin("https://example.org/", "https://example.org:8443/")
    assert not same_origin("https://example.org/", "https://example.org.evil.example/")


@pytest.mark.parametrize(
    "typed",
    [
        *("evil.example", " Evil.Example ", "https://evil.example/about", "@spam@evil.example", "evil.example:8443"),
        *("http://evil.example:80/@spam", "evil.example.", "evil.example/@spam", "EVIL.example:80/@a@other.example"),
        *("https://evil.example/?q=a@b", "spam@evil.example", "acct:spam@evil.example"),
    ],
)
def test_a_domain_is_understood_however_it_is_typed(typed: str) -> None:
    """Edge case 48."""
    assert folded_domain(typed) == "evil.example"


@pytest.mark.parametrize(
    "typed", ["", " ", "not a domain", "@", "https://", "a/b c", "💥..example", "org", "https://org/"]
)
def test_what_is_no_domain_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Refused) as refused:
        folded_domain(typed)
    assert (refused.value.reason, refused.value.field) == ("domain.unreadable", "domain")


def test_a_block_holds_for_all_below_a_domain_and_for_nothing_beside_it() -> None:
    blocked = {"evil.example", "xn--bcher-kva.example", "127.0.0.1"}
    for uri in (
        "https://evil.example/",
        "https://a.b.EVIL.example:8443/",
        "https://bücher.example/",
        "http://127.0.0.1:9/",
    ):
        assert is_blocked(host_of(uri), blocked)
    for uri in ("https://notevil.example/", "https://example/", "https://evil.example.org/", "http://127.0.0.2/"):
        assert not is_blocked(host_of(uri), blocked)
