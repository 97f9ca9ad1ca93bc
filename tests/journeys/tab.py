"""A browser tab that looks hard at every page it comes to: console, requests, width, headings, language, axe.

It counts what a journey costs: ``pages`` that came, ``taps``, and ``fields`` that were typed into. Pages of the fake
providers are counted as well, and are not looked at: the real ones are others.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Request, Response, Route, expect

from tests.journeys.site import Person, Site

SHOTS = os.environ.get("SHOTS", "")  # a folder: a picture of every page that is visited goes there
PATIENCE_MS = 15_000
STATUS_NOTE = "Failed to load resource"  # Chromium's note on an error status, which we look at ourselves
RULES = {"resultTypes": ["violations"]}
THINGS = """() => {
    const kind = thing => [thing.localName, thing.className.baseVal ?? thing.className, ...thing.getAttributeNames()];
    return [...new Set([...document.querySelectorAll('body *')].map(thing => kind(thing).join(' ')))].sort();
}"""


@dataclass(frozen=True)
class Setting:
    """What somebody's browser is like."""

    js: bool
    width: int
    height: int
    dark: bool = False

    @property
    def is_phone(self) -> bool:
        return self.width < 600


class Tab:
    """One tab of a browser of its own: cookies are shared with no other."""

    def __init__(self, browser: Browser, site: Site, setting: Setting, name: str) -> None:
        self.site, self.setting, self.name = site, setting, name
        self.context = _context(browser, setting)
        self.page = self.context.new_page()
        self.taps = self.pages = self.fields = 0
        self._homes = (f"{site.url}/", "data:", "blob:")
        self._faults: list[str] = []
        self._listen()
        self._examiner = Examiner(browser, setting) if not setting.js else None

    def _listen(self) -> None:
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self._faults.append(f"error: {error}"))
        self.page.on("request", self._watch)
        self.page.on("response", self._weigh)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(STATUS_NOTE):
            self._faults.append(f"console: {message.text}")

    def _watch(self, request: Request) -> None:
        if not request.url.startswith(self._homes):
            self._faults.append(f"third party: {request.url}")

    def _weigh(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type not in ("document", "fetch", "xhr"):
            self._faults.append(f"{response.status}: {response.url}")

    def close(self) -> None:
        """Ends the browser's session."""
        if self._examiner:
            self._examiner.close()
        self.context.close()

    # Going somewhere

    def visit(self, path: str, status: int = 200) -> None:
        """Types an address."""
        response = self.page.goto(self.site.url + path)
        assert response is not None
        assert response.status == status, f"{path}: {response.status}"
        self.look()

    def follow(self, words: str, within: str = "body", exact: bool = True) -> None:
        """Taps a link that leads to another page."""
        with self._arriving(200):
            self._tap(self.page.locator(within).get_by_role("link", name=words, exact=exact).first)

    def press(self, words: str, status: int = 200, within: str = "body") -> None:
        """Presses a button that leads to another page."""
        with self._arriving(status):
            self._tap(self.button(words, within))

    def press_in_place(self, words: str, within: str = "body", status: int = 200) -> None:
        """Presses a button whose answer htmx puts into the page; without JavaScript it leads to a page."""
        if not self.setting.js:
            self.press(words, status, within)
            return
        with self.page.expect_response(lambda response: response.request.method == "POST") as answer:
            self._tap(self.button(words, within))
        assert answer.value.status == status
        expect(self.page.locator(".htmx-request")).to_have_count(0, timeout=PATIENCE_MS)
        self.look()

    # At a provider's

    @contextmanager
    def at_provider(self, words: str) -> Iterator[Page]:
        """Taps a link that leads to a page of a fake; inside, requests may go there. Ends on a page of the co-op."""
        homes, fakes = self._homes, self.site.fakes
        self._homes = (*homes, f"{fakes.stripe_url}/", f"{fakes.opencollective_url}/")
        with self.page.expect_navigation():
            self._tap(self.page.get_by_role("link", name=words, exact=True))
        self.pages += 1
        expect(self.page.get_by_text("No money moves")).to_be_visible()
        yield self.page
        self.page.wait_for_url(f"{self.site.url}/**", timeout=PATIENCE_MS)
        self._homes = homes
        self.look()

    @contextmanager
    def _arriving(self, status: int) -> Iterator[None]:
        with self.page.expect_navigation() as arrival:
            yield
        if arrival.value is not None:  # None: another place of the same page
            assert arrival.value.status == status, f"{self.page.url}: {arrival.value.status}"
        self.look()

    def _tap(self, target: Locator) -> None:
        self.taps += 1
        target.tap() if self.setting.is_phone else target.click()

    def press_key(self, key: str, until: str) -> None:
        """Presses a key until what ``until`` selects has the focus."""
        for _ in range(40):
            if self.page.evaluate("what => document.activeElement.matches(what)", until):
                return
            self.page.keyboard.press(key)
        raise AssertionError(f"{key} never leads to {until}")

    # Doing something there

    def button(self, words: str, within: str = "body") -> Locator:
        """The button with these words."""
        return self.page.locator(within).get_by_role("button", name=words, exact=True).first

    def fill(self, label: str, text: str) -> None:
        """Types into a field."""
        self.fields += 1
        self.page.get_by_label(re.compile(f"^{re.escape(label)}( \\(optional\\))?$")).fill(text)

    def choose(self, words: str) -> None:
        """Taps one of several choices."""
        self._tap(self.page.locator("label.choice").filter(has_text=re.compile(f"^{re.escape(words)}")).first)

    def tick(self, words: str) -> None:
        """Taps one tick."""
        self._tap(self.page.get_by_role("checkbox", name=re.compile(f"^{re.escape(words)}")).first)

    def unfold(self, words: str) -> None:
        """Opens what is folded."""
        self._tap(self.page.locator("summary", has_text=words).first)

    def value_of(self, label: str) -> str:
        """What stands in a field."""
        return self.page.get_by_label(re.compile(f"^{re.escape(label)}( \\(optional\\))?$")).input_value()

    def spoil_token(self, action: str) -> None:
        """Makes the form that goes to ``action`` one that has been open for too long."""
        spoil = "form => form.elements.form_token.value = 'stale'"
        self.page.locator(f"form[action$='{action}']").first.evaluate(spoil)

    def enter_as(self, person: Person) -> None:
        """Signs in, without the pages for it."""
        cookie = {"name": "coopgov", "value": self.site.cookie_of(person), "url": self.site.url}
        self.context.add_cookies([cookie])  # type: ignore[list-item]

    # Reading

    @property
    def path(self) -> str:
        """The path of the page."""
        return urlsplit(self.page.url).path

    def says(self, *texts: str, within: str = "body") -> None:
        """The page says each of ``texts``, where eyes can see it."""
        for text in texts:
            expect(self.page.locator(within)).to_contain_text(text, use_inner_text=True, timeout=PATIENCE_MS)

    def silent(self, *texts: str) -> None:
        """The page says none of ``texts``."""
        for text in texts:
            expect(self.page.locator("body")).not_to_contain_text(text, timeout=PATIENCE_MS)

    def until(self, text: str, patience_s: float = 20) -> None:
        """Loads the page again until it says ``text``."""

        def look() -> bool:
            self.page.reload()
            return text in self.page.locator("body").inner_text()

        self.site.wait_for(look, f"“{text}” on {self.path}")
        self.look()

    def look(self) -> None:
        """Everything that must hold on every page."""
        self.pages += 1
        self.page.wait_for_load_state("load")
        where = f"{self.page.url} ({self.setting})"
        assert not self._faults, f"{where}: {self._faults}"
        assert self.page.locator("html[lang][dir]").count() == 1, where
        assert self.page.locator("h1").count() == 1, where
        assert self.page.evaluate("document.documentElement.scrollWidth") <= self.setting.width, f"too wide: {where}"
        self._keep_picture()
        self._examine(where)

    def _keep_picture(self) -> None:
        if SHOTS:
            kind = f"{'js' if self.setting.js else 'nojs'}-{self.setting.width}{'-dark' if self.setting.dark else ''}"
            name = f"{self.name}-{self.pages:02}-{self.site.page_at(self.path)}-{kind}.png"
            # Without the caret's style, which the policy would forbid.
            self.page.screenshot(path=Path(SHOTS) / name, full_page=True, caret="initial")

    def _examine(self, where: str) -> None:
        """axe, once for each kind of page and each set of things that stand on it."""
        look = (self.setting.width, self.setting.dark)
        kind = (*look, self.site.page_at(self.path), tuple(self.page.evaluate(THINGS)))
        if kind in _examined:
            return
        _examined.add(kind)
        examiner = self._examiner
        found = examiner.examine(self.page.url, self.page.content()) if examiner else violations(self.page)
        assert not found, f"{where}: {found}"


class Examiner:
    """axe needs JavaScript: what came to a browser without it is looked at in one that has it."""

    def __init__(self, browser: Browser, setting: Setting) -> None:
        self._html, self._url = "", ""
        self._context = _context(browser, Setting(True, setting.width, setting.height, setting.dark))
        self._page = self._context.new_page()
        self._page.route("**/*", self._answer)

    def _answer(self, route: Route) -> None:
        if route.request.url == self._url:
            route.fulfill(body=self._html, content_type="text/html; charset=utf-8")
        elif route.request.resource_type == "stylesheet":
            route.continue_()
        else:
            route.abort()

    def examine(self, url: str, html: str) -> list[str]:
        """What is wrong with the page."""
        self._url, self._html = url.partition("#")[0], html
        self._page.goto(self._url)
        return violations(self._page)

    def close(self) -> None:
        """Ends it."""
        self._context.close()


def violations(page: Page) -> list[str]:
    """What axe finds: the rule and the places."""
    if not page.evaluate("typeof axe === 'object'"):
        page.evaluate(AXE_SCRIPT)
    found = page.evaluate("rules => axe.run(rules)", RULES)
    return [f"{one['id']}: {[node['target'] for node in one['nodes']]}" for one in found["violations"]]


def _context(browser: Browser, setting: Setting) -> BrowserContext:
    context = browser.new_context(
        java_script_enabled=setting.js,
        viewport={"width": setting.width, "height": setting.height},
        has_touch=setting.is_phone,
        is_mobile=setting.is_phone,
        color_scheme="dark" if setting.dark else "light",
        locale="en-GB",
        timezone_id="Europe/London",
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


_examined: set[tuple[int, bool, str, tuple[str, ...]]] = set()
OpenTab = Callable[..., Tab]
two_settings = pytest.mark.parametrize("setting", ["js-phone", "nojs-desktop"], indirect=True)
the_other_two = pytest.mark.parametrize("setting", ["nojs-phone", "js-desktop"], indirect=True)
