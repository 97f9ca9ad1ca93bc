"""What static/ballot.js does for a voter: draws the number, and says whether the ballot that was accepted is theirs."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest
from playwright.sync_api import Browser, Page, Route

from coopgov.decisions.box import Ballot, ballot_of
from coopgov.tally.canonical import canonical, digest

pytestmark = pytest.mark.browser
SCRIPT = Path(__file__).parents[2] / "static/ballot.js"
POLL = "a1" * 32
FORM = """<!doctype html><script src="/ballot.js" defer></script>
<form data-ballot method="post" action="/vote">
<input type="hidden" name="nonce" value=""><input type="hidden" name="padding" value="">
<select name="choice"><option>agree<option>disagree</select><div data-dice><input name="mark"></div><button>Vote</button></form>"""
ANSWER = """<!doctype html><script src="/ballot.js" defer></script>
<div data-accepted data-equal="equal" data-different="different" data-unknown="unknown">
<code data-bytes>{bytes}</code><code data-tracker>{tracker}</code><p data-verdict role="status" hidden></p></div>"""
Sent = dict[str, list[str]]


def escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


class Server:
    """A server of two pages, honest until a test makes it otherwise; keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[Sent] = []
        self.lengths: list[int] = []
        self.choice = "agree"
        self.is_mute = False
        self.record: Callable[[Ballot], Ballot] = lambda ballot: ballot
        self.tell: Callable[[str], str] = lambda tracker: tracker

    def answer(self, route: Route) -> None:
        path = route.request.url.split("/", 3)[3]
        if path == "ballot.js":
            route.fulfill(body=SCRIPT.read_text(), content_type="text/javascript")
        elif path == "vote":
            self.sent.append(parse_qs(route.request.post_data or "", keep_blank_values=True))
            self.lengths.append(len(route.request.post_data or ""))
            if self.is_mute:
                route.fulfill(status=204)
            else:
                route.fulfill(body=self.accepted(self.sent[-1]), content_type="text/html; charset=utf-8")
        else:
            route.fulfill(body=FORM, content_type="text/html; charset=utf-8")

    def accepted(self, sent: Sent) -> str:
        ballot = self.record(ballot_of(POLL, self.choice, sent["nonce"][0] or "0" * 32))
        tracker = self.tell(digest("coopgov/ballot/v1\n", ballot))
        return ANSWER.format(bytes=escaped(canonical(ballot).decode()), tracker=tracker)


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def page(chromium: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = chromium.new_context(java_script_enabled=getattr(request, "param", True))
    context.route("**/*", server.answer)
    page = context.new_page()
    page.goto("http://localhost/form")
    yield page
    context.close()


def verdict(page: Page) -> str:
    page.click("button")
    page.wait_for_selector("[data-verdict]:not([hidden])")
    return page.text_content("[data-verdict]") or ""


def test_the_browser_draws_a_number_and_sends_no_dice(page: Page, server: Server) -> None:
    assert page.is_hidden("[data-dice]")
    page.click("button")
    assert list(server.sent[0]) == ["nonce", "padding", "choice"]
    assert re.fullmatch(r"[0-9a-f]{32}", server.sent[0]["nonce"][0])


def test_each_sending_has_a_number_of_its_own(page: Page, server: Server) -> None:
    """From one and the same page, too, after an answer that never came."""
    server.is_mute = True
    for _ in range(3):
        with page.expect_response("**/vote"):
            page.click("button")
    assert len({sent["nonce"][0] for sent in server.sent}) == 3


def test_what_is_sent_is_equally_long_for_all_choices(page: Page, server: Server) -> None:
    server.is_mute = True
    for choice in ("agree", "disagree"):
        page.select_option("select", choice)
        with page.expect_response("**/vote"):
            page.click("button")
    assert [sent["choice"] for sent in server.sent] == [["agree"], ["disagree"]]
    assert len(set(server.lengths)) == 1


@pytest.mark.parametrize("choice", ["agree", 'Zoë & "nobody" <b>\u2028\\', "שלום 🗳"])
def test_a_ballot_that_is_what_it_should_be_is_said_to_be_equal(page: Page, server: Server, choice: str) -> None:
    server.choice = choice
    assert verdict(page) == "equal"
    assert "error" not in (page.get_attribute("[data-verdict]", "class") or "")


def test_a_tracker_of_another_ballot_is_said_to_be_different(page: Page, server: Server) -> None:
    server.tell = lambda tracker: tracker[1:] + tracker[0]
    assert verdict(page) == "different"
    assert page.get_attribute("[data-verdict]", "class") == "error"


def test_a_ballot_with_another_number_is_said_to_be_different(page: Page, server: Server) -> None:
    """Two voters who are shown one ballot as theirs."""
    server.record = lambda ballot: {**ballot, "nonce": "0" * 32}
    assert verdict(page) == "different"


def test_an_answer_without_a_form_before_it_is_unknown(page: Page, server: Server) -> None:
    assert verdict(page) == "equal"
    page.reload()
    page.wait_for_selector("[data-verdict]:not([hidden])")
    assert page.text_content("[data-verdict]") == "unknown"


def test_nothing_of_the_ballot_stays_in_the_tab(page: Page) -> None:
    verdict(page)
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0


@pytest.mark.parametrize("page", [False], indirect=True)
def test_without_the_script_dice_are_asked_for_and_sent(page: Page, server: Server) -> None:
    page.fill("[name=mark]", "12345612")
    page.click("button")
    assert server.sent[0] == {"nonce": [""], "padding": [""], "choice": ["agree"], "mark": ["12345612"]}
    assert page.is_hidden("[data-verdict]")
