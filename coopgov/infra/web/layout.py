"""What every page's layout is told: the co-op, the reader, the language, notes from the page before."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask, current_app, g, request
from markupsafe import Markup
from sqlalchemy.exc import OperationalError

from coopgov.config import Settings
from coopgov.infra import i18n
from coopgov.infra.coop import Coop, the_coop
from coopgov.infra.db import db
from coopgov.infra.settings import current_settings, site_url
from coopgov.infra.web.access import current_viewer
from coopgov.infra.web.csrf import token_field
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.panels import panels
from coopgov.infra.web.said import spoken
from coopgov.infra.web.static import static_url

KEEP_PROFILE_S = 5  # another process's change of the co-op's name shows after this long


@dataclass(frozen=True)
class Profile:
    """The co-op as pages show it."""

    name: str = "coopgov"
    summary: str = ""
    about_html: str = ""
    zone: str = "UTC"
    language: str = i18n.DEFAULT
    version: int = 0
    is_joinable: bool = False  # people can apply
    handle: str = ""  # name@host in the fediverse; empty while nobody can follow
    actor_path: str = ""  # where machines find who that is


def coop_profile() -> Profile:
    """The co-op's profile, kept in memory for KEEP_PROFILE_S; ``forget_profile()`` after a change in this process."""
    if "profile" not in g:
        g.profile = _kept_profile()
    profile: Profile = g.profile
    return profile


def _kept_profile() -> Profile:
    kept = current_app.extensions.get("coopgov.profile")
    if kept is None or abs((received_at() - kept[1]).total_seconds()) >= KEEP_PROFILE_S:
        try:
            kept = (_profile_of(the_coop()), received_at())
        except OperationalError:  # the page that says so has to have a name too
            db.session.rollback()
            return kept[0] if kept else Profile()
        current_app.extensions["coopgov.profile"] = kept
    profile: Profile = kept[0]
    return profile


def forget_profile() -> None:
    """Reads the profile anew at the next request."""
    current_app.extensions.pop("coopgov.profile", None)


def _profile_of(row: Coop | None) -> Profile:
    if row is None:
        return Profile()
    is_joinable: bool = current_app.extensions["coopgov.joinable"]()
    handle, path = current_app.extensions["coopgov.followable"]()
    words = (row.name, row.summary, row.about_html, row.zone, row.language, row.version)
    return Profile(*words, is_joinable, handle, path)


def choose_language() -> None:
    """Before each request: the reader's language and the co-op's zone."""
    wish = request.args.get("lang", "")
    own = current_viewer().language
    profile = coop_profile()
    i18n.speak(wish if wish in i18n.languages() else own or profile.language, profile.zone)


def speak_for(language: str) -> None:
    """Goes on in ``language``, unless it is empty or the address asks for another: for links that were mailed."""
    if language and "lang" not in request.args:
        i18n.speak(language, coop_profile().zone)


def _when(instant: datetime) -> Markup:
    return i18n.when(instant, received_at())


def fake_pages(settings: Settings) -> list[tuple[str, str]]:
    """Name and address of each stand-in for a provider of payments; none outside the demonstration."""
    if not (settings.demo and settings.stripe_api_base):
        return []
    return [("Stripe", settings.stripe_api_base), ("Open Collective", settings.opencollective_url)]


def layout_facts() -> dict[str, Any]:
    """The context that templates/layout.html needs."""
    viewer = current_viewer()
    return {
        "coop": coop_profile(),
        "viewer": viewer,
        "lang": i18n.current_language(),
        "dir": i18n.text_direction(),
        "theme": viewer.theme,
        "languages": [(code, name, _in_language(code)) for code, name in i18n.languages().items()],
        "demo": current_settings().demo,
        "fakes": fake_pages(current_settings()),
        "csrf": token_field,
        "static_url": static_url,
        "unread": _unread(),
        "flashes": spoken(),
        "panels": panels,
        "now": received_at(),
        "home_url": site_url("/"),
    }


def _unread() -> int:
    viewer = current_viewer()
    count: Callable[[int], int] = current_app.extensions["coopgov.unread"]
    return count(viewer.party_id) if viewer.is_signed_in else 0


def _in_language(code: str) -> str:
    others = [(k, v) for k, v in request.args.items(multi=True) if k not in ("lang", "said")]
    return f"{request.path}?{urlencode([*others, ('lang', code)])}"


def install_layout(app: Flask) -> None:
    """Gives all templates the layout's facts, the languages' filters and the reader's time."""
    i18n.install(app.jinja_env)
    app.jinja_env.filters["when"] = _when
    app.context_processor(layout_facts)
