"""A mail scanner opens every link of every mail before the reader does: nothing may be done or used up by that."""

import email
import re
from email import policy
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from coopgov.identity import services as identity
from coopgov.infra.db import Base, db
from coopgov.membership.services.register import invite
from tests.journeys.site import Person, Site, link_in
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser
ADDRESS = re.compile(r"https?://[^\s\"'<>]+")


def post_every_kind_of_mail(site: Site) -> Person:
    rosa, ada = site.member("Rosa Parks"), site.member("Ada Byron")
    group = site.group("Garden", rosa, ada)
    thread = site.thread(group, rosa, "Quinces")
    site.comment(thread, rosa, "Hello @Ada Byron")
    site.proposal(thread, rosa, "Plant quinces")

    def ask(now: Any) -> None:
        login = identity.login_by_email(ada.email)
        assert login is not None
        identity.send_sign_in_link(ada.email, "/inbox", "en", now)
        identity.send_reset_link(ada.email, "en", now)
        identity.ask_for_email_change(login, "countess@example.org", now)
        invite("grace@example.org", "", rosa.id, "en", now)

    site.do(ask)
    for subject in ("Your link to sign in", "Your link to a new password", "Vote by", "mentioned you"):
        site.mail(ada.email, subject)
    site.mail("countess@example.org", "Confirm your new address")
    site.mail("grace@example.org", "Your invitation")
    site.rest()
    return ada


def everything(site: Site) -> dict[str, list[Any]]:
    """Every row of every table, but for the worker's own diary."""
    with site.open():
        tables = [table for table in Base.metadata.sorted_tables if table.name != "clock_run"]
        return {table.name: [tuple(row) for row in db.session.execute(select(table))] for table in tables}


def every_address(site: Site) -> set[str]:
    mails = [
        email.message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in Path(urlsplit(site.mail_url).path).glob("*.eml")
    ]
    texts = [str(part.get_content()) for mail in mails for part in mail.walk() if part.get_content_maintype() == "text"]
    headers = [str(mail["List-Unsubscribe"] or "") for mail in mails]
    return {address.replace("&amp;", "&") for text in texts + headers for address in ADDRESS.findall(text)}


def scan(method: str, address: str) -> int:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=10)
    try:
        connection.request(method, parts._replace(scheme="", netloc="").geturl())
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@two_settings
def test_a_mail_scanner_casts_nothing_and_uses_nothing_up(site: Site, open_tab: OpenTab) -> None:
    ada = post_every_kind_of_mail(site)
    before, addresses = everything(site), every_address(site)
    ways = ("/vote/", "/mail/stop/", "/sign-in/link/", "/password/reset/", "/me/email/confirm/", "/invitation/")
    for way in ways:
        assert any(way in address for address in addresses), way
    for method in ("HEAD", "GET", "GET"):
        for address in addresses:
            assert scan(method, address) in (200, 302, 303), f"{method} {address}"
    assert everything(site) == before
    tab = open_tab(site)
    tab.visit(link_in(site.mail(ada.email, "Vote by"), "Open my ballot"))
    tab.choose("Agree")
    tab.press("Cast my vote")
    tab.says("Your vote is in: Agree.")
    tab.visit(link_in(site.mail(ada.email, "Your link to sign in"), "Sign in"))
    tab.press("Sign in as Ada Byron")
    tab.says("Signed in as Ada Byron.")
