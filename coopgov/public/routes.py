"""Pages for everybody: home, about, feeds, and what machines ask for."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, request
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from coopgov import __version__
from coopgov.core.errors import NotFound
from coopgov.core.time import last_midnight
from coopgov.decisions.queries.lists import ballots_waiting
from coopgov.groups.models import Group
from coopgov.groups.queries import group_by_slug
from coopgov.infra.coop import the_coop
from coopgov.infra.db import db
from coopgov.infra.i18n import languages
from coopgov.infra.migrate import current_revision, newest_revision
from coopgov.infra.settings import current_settings, site_url
from coopgov.infra.web.access import PUBLIC, allow, current_viewer
from coopgov.infra.web.layout import coop_profile
from coopgov.infra.web.moment import received_at
from coopgov.infra.web.pages import paged, public_page, show_to_all
from coopgov.infra.web.panels import panel_stamps
from coopgov.public import queries, source
from coopgov.public.feeds import TYPES, Site, feed
from coopgov.public.sitemap import MOST, sitemap, sitemap_index

bp = Blueprint("public", __name__)
PAGES = (
    *("/", "/about", "/join", "/groups", "/decisions", "/finances", "/contact", "/privacy", "/moderation"),
    *("/decisions/rules", "/source", "/licence"),
)
NOT_FOR_ROBOTS = (
    *("/sign-in", "/me", "/inbox", "/vote/", "/mail/", "/invitation/", "/admin", "/membership", "/treasury"),
    *("/join/status/", "/join/confirm/", "/join/finish/"),
)
WORKER_IS_LATE = timedelta(minutes=2)
CONTACT_HOLDS = timedelta(days=300)  # RFC 9116, 2.5.5: less than a year


@bp.get("/")
@allow(PUBLIC)
def home() -> Response:
    now = received_at()
    panels = tuple(stamp for slot in ("home.head", "home.lead", "home.side") for stamp in panel_stamps(slot))
    stamp = (coop_profile().version, last_midnight(now), queries.public_stamp(), panels)
    return show_to_all("public/home.html", stamp, lambda: _home(now))


def _home(now: datetime) -> dict[str, Any]:
    viewer = current_viewer()
    waiting = ballots_waiting(viewer.party_id, now) if viewer.is_signed_in else []
    return {"home": queries.home(viewer, now), "waiting": waiting, "page_url": site_url("/")}


def _plain(template: str, slot: str = "", **facts: Any) -> Response:
    """A page that changes only with the co-op's profile, the program, and what stands in ``slot``."""
    return show_to_all(template, (coop_profile().version, __version__, panel_stamps(slot)), lambda: facts)


@bp.get("/about")
@allow(PUBLIC)
def about() -> Response:
    return _plain("public/about.html", "about.main")


@bp.get("/contact")
@allow(PUBLIC)
def contact() -> Response:
    return _plain("public/contact.html", contact=current_settings().contact)


@bp.get("/privacy")
@allow(PUBLIC)
def privacy() -> Response:
    return _plain("public/privacy.html", contact=current_settings().contact, https=current_settings().is_https)


@bp.get("/source")
@allow(PUBLIC)
def show_source() -> Response:
    return _plain("public/source.html", version=__version__, file=f"{source.NAME}.tar.gz", size=len(source.tarball()))


@bp.get(f"/source/{source.NAME}.tar.gz")
@allow(PUBLIC)
def download_source() -> Response:
    return public_page(__version__, source.tarball, "application/gzip")


@bp.get("/licence")
@allow(PUBLIC)
def licence() -> Response:
    return _plain("public/licence.html", text=source.licence())


@bp.get("/feed.<any(atom, json):form>")
@allow(PUBLIC)
def coop_feed(form: str) -> Response:
    return _feed(None, form)


@bp.get("/g/<slug>/feed.<any(atom, json):form>")
@allow(PUBLIC)
def group_feed(slug: str, form: str) -> Response:
    return _feed(group_by_slug(slug), form)


def _feed(group: Group | None, form: str) -> Response:
    coop = the_coop()
    if coop is None:
        raise NotFound
    site = Site(coop.name, site_url(""), coop.founded_at)
    stamp = (coop.version, group.version if group else 0, queries.public_stamp())
    return public_page(stamp, lambda: feed(site, group, form), TYPES[form])


@bp.get("/sitemap.xml")
@allow(PUBLIC)
def show_sitemap() -> Response:
    return public_page(queries.public_stamp(), _sitemap, "application/xml")


def _sitemap() -> bytes:
    page = paged(queries.sitemap_size(), MOST)
    if page.pages > 1 and "page" not in request.args:
        return sitemap_index(site_url(f"/sitemap.xml?page={number}") for number in range(1, page.pages + 1))
    fixed = [(site_url(path), None) for path in PAGES] if page.number == 1 else []
    found = queries.sitemap_paths(page.size, page.first)
    return sitemap([*fixed, *((site_url(path), changed) for path, changed in found)])


@bp.get("/robots.txt")
@allow(PUBLIC)
def robots() -> Response:
    lines = [
        "User-agent: *",
        *(f"Disallow: {path}" for path in NOT_FOR_ROBOTS),
        "",
        f"Sitemap: {site_url('/sitemap.xml')}",
    ]
    return public_page(lines[-1], lambda: "\n".join(lines) + "\n", "text/plain")


@bp.get("/.well-known/security.txt")
@allow(PUBLIC)
def security() -> Response:
    month = last_midnight(received_at()).replace(day=1)
    address = current_settings().contact
    lines = [
        f"Contact: mailto:{address}" if address else f"Contact: {site_url('/contact')}",
        f"Expires: {month + CONTACT_HOLDS:%Y-%m-%dT%H:%M:%SZ}",
        f"Preferred-Languages: {', '.join(languages())}",
        f"Canonical: {site_url('/.well-known/security.txt')}",
    ]
    return public_page(tuple(lines), lambda: "\n".join(lines) + "\n", "text/plain")


@bp.get("/healthz")
@allow(PUBLIC)
def healthz() -> Response:
    """Whether the process and its database answer."""
    return _state([] if _database_answers() else ["the database does not answer"])


@bp.get("/readyz")
@allow(PUBLIC)
def readyz() -> Response:
    """Whether everything is there that members need: schema, and a worker that keeps the clock."""
    if not _database_answers():
        return _state(["the database does not answer"])
    troubles = []
    if current_revision(db.session.connection()) != newest_revision():
        troubles.append("the database has to be migrated")
    seen_at = queries.worker_seen_at()
    if seen_at is None or received_at() - seen_at > WORKER_IS_LATE:
        troubles.append("no worker has run in the last two minutes")
    return _state(troubles)


def _database_answers() -> bool:
    try:
        db.session.execute(text("SELECT 1"))
    except OperationalError:
        db.session.rollback()
        return False
    return True


def _state(troubles: list[str]) -> Response:
    response = Response("\n".join(troubles or ["ok"]) + "\n", 503 if troubles else 200, mimetype="text/plain")
    response.headers["Cache-Control"] = "no-store"
    return response
