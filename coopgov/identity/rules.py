"""Pure rules of identity: how long sessions and links last, what a password may be, how often one may try."""

import hashlib
import ipaddress
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

SESSION_LASTS = timedelta(days=90)
SESSION_IDLES = timedelta(days=30)
SEEN_EVERY = timedelta(hours=6)  # a visit is written down at most this often
FRESH_FOR = timedelta(minutes=15)  # a sign-in this young is proof enough for sensitive changes
LINK_LASTS = timedelta(minutes=15)
SPENT_LINK_KEPT = timedelta(days=7)  # an old link can be exchanged for a new one with one click
WINDOW = timedelta(minutes=15)
ATTEMPTS_KEPT = timedelta(days=1)

SIGN_IN, RESET, NEW_EMAIL = "sign-in", "reset", "new-email"  # purposes of links by mail
HOME = "/me"  # where a sign-in leads that came from nowhere
LONGEST_PATH = 300

# Tries within one WINDOW. A guesser in another network cannot shut the owner of an address out: the small number is
# per network, the one per address is 100 an hour over all networks (OWASP ASVS 4.0, 2.2.1). Links have room for a
# general meeting in one hall, whose members all come from one network.
MOST_TRIES = {
    "password:network": 10,
    "password:address": 25,
    "link:network": 50,
    "link:address": 10,
    "proof:login": 10,
    "email:login": 5,
    "apply:network": 20,  # a stall at a fair
    "apply:address": 5,
}

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 128
FEWEST_OWN_CHARACTERS = 6  # beside the co-op's name, one's address and words that everybody takes
COMMON_WORDS = re.compile(  # where one begins another, the longer stands first
    "password|passw0rd|passwort|passwd|qwertyuiop|qwertzuiop|azertyuiop|qwerty|qwertz|azerty|asdfghjkl|asdf|zxcvbnm|"
    "1q2w3e4r5t|1q2w3e4r|1qaz2wsx|q1w2e3r4|qazwsxedc|qazwsx|123qwe|qwe123|asd123|abcd1234|abcdef|abc123|12345678910|"
    "123456789|12345678|1234567|123456|12345|letmein|welcome|iloveyou|changeme|administrator|admin|superman|batman|"
    "sunshine|princess|football|baseball|dragon|monkey|master|shadow|michael|computer|internet|whatever|trustno1|"
    "starwars|pokemon|liverpool|chelsea|arsenal|charlie|jordan|secret|default|guest|login|hello|access|"
    "correcthorsebatterystaple|coopgov|cooperative"
)
_ROWS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "zyxwvutsrqponmlkjihgfedcba")

REFUSALS: Refusals = {
    "email.taken": (Kind.CONFLICT, N_("This address cannot be used. Choose another one.")),
    "email.same": (Kind.INVALID, N_("This is your address already.")),
    "try.later": (Kind.LIMIT, N_("That was tried too often. It works again in about %(minutes)s min.")),
    "try.busy": (Kind.LIMIT, N_("Many people are signing in at this moment. Try again in a few seconds.")),
    "password.short": (Kind.INVALID, N_("Take at least %(least)s characters. Three or four words do well.")),
    "password.long": (Kind.INVALID, N_("Take at most %(most)s characters.")),
    "password.common": (
        Kind.INVALID,
        N_("This one is easy to guess: it is common, or made of the co-op's name or your address. Take another."),
    ),
    "proof.wrong": (Kind.INVALID, N_("This is not your present password.")),
    "proof.needed": (Kind.FORBIDDEN, N_("For this change, sign in again first: we mail you a link.")),
    "link.spent": (Kind.CONFLICT, N_("This link was used already, or it is too old.")),
}


def local_path(path: str) -> str:
    """``path`` if it stays on this site, else HOME.

    It has to start with one ``/``; browsers read ``//`` and ``/\\`` as another host and drop control characters.

    >>> local_path("/p/7-roof"), local_path("//evil.example"), local_path("https:evil.example")
    ('/p/7-roof', '/me', '/me')
    """
    outside = not path.startswith("/") or path[1:2] in ("/", "\\")
    if outside or len(path) > LONGEST_PATH or re.search(r"[\x00-\x1f\x7f]", path):
        return HOME
    return path


def is_fresh(began_at: datetime, now: datetime) -> bool:
    """True while a session that began at ``began_at`` proves enough for a change of password or address."""
    return now - began_at <= FRESH_FOR


def link_holds(expires_at: datetime, used_at: datetime | None, now: datetime) -> bool:
    """True while a mailed link still does what it says; its last instant does not count."""
    return used_at is None and now < expires_at


def check_new_password(password: str, coop_name: str, email: str) -> None:
    """Raises Refused for a password that is too short, too long, or easy to guess here. Any characters may be used."""
    if len(password) < SHORTEST_PASSWORD:
        raise Refused("password.short", field="new_password", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise Refused("password.long", field="new_password", most=LONGEST_PASSWORD)
    if _own_characters(password, coop_name, email) < FEWEST_OWN_CHARACTERS:
        raise Refused("password.common", field="new_password")


def _own_characters(password: str, coop_name: str, email: str) -> int:
    """How many characters are left without common words, rows of keys and what is known of the place and person."""
    rest = _letters(password)
    known = {_letters(part) for part in (email, *email.split("@"), coop_name)}
    for word in sorted((word for word in known if len(word) > 2), key=len, reverse=True):
        rest = rest.replace(word, "")
    rest = COMMON_WORDS.sub("", rest)
    signs = {c for c in password if not (c.isalnum() or c.isspace())}
    is_row = len(set(rest)) < 4 or any(rest in row for row in _ROWS)
    return len(signs) + (0 if is_row else len(rest))


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def network_of(address: str | None) -> str:
    """The network that one person is likely to hold: an IPv4 address, or the /64 of an IPv6 address (RFC 6177)."""
    try:
        ip = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip), 64), strict=False))
    return str(ip)


def attempt_limits(purpose: str, who: Mapping[str, str]) -> dict[str, int]:
    """Key of the counter → most tries in one WINDOW, for each of ``who`` (address, network, login)."""
    return {f"{purpose}:{kind}:{_digest(value)}": MOST_TRIES[f"{purpose}:{kind}"] for kind, value in who.items()}


def _digest(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()


def window_of(now: datetime) -> int:
    """Number of the WINDOW that ``now`` lies in, counted since 1970."""
    return int((now - datetime(1970, 1, 1, tzinfo=UTC)) // WINDOW)


def seconds_left(now: datetime) -> int:
    """Seconds until the next WINDOW begins, at least 1."""
    seconds = int(WINDOW.total_seconds())
    return seconds - int(now.timestamp()) % seconds


def too_often(now: datetime) -> Refused:
    """The refusal of one try too many, with the time to wait."""
    wait = seconds_left(now)
    return Refused("try.later", minutes=-(-wait // 60), wait_s=wait)


_BROWSERS = {  # a sign in the user agent → its name; the first that is found counts
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "FxiOS": "Firefox",
    "CriOS": "Chrome",
    "SamsungBrowser": "Samsung Internet",
    "Chrom": "Chrome",
    "Safari": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Mac OS": "macOS",
    "Linux": "Linux",
}


def browser_named(user_agent: str) -> str:
    """A browser in few words, for the list of sessions; empty when it does not say.

    >>> browser_named("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    'Firefox · Linux'
    """
    found = (next((name for sign, name in table.items() if sign in user_agent), "") for table in (_BROWSERS, _SYSTEMS))
    return " · ".join(part for part in found if part)
