"""Chromium, a seeded demonstration for each worker, and an empty co-op for each test that wants one."""

import fcntl
import os
import pickle
import random
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from coopgov.app import create_app
from coopgov.config import read_settings
from coopgov.core.time import utc_now
from coopgov.demo.seed import Demo, seed_demo
from coopgov.infra.db import db
from coopgov.infra.migrate import migrate
from coopgov.infra.setup import write_key
from tests.journeys.site import Site, copied, keys_beside, served, served_with_fakes, set_up
from tests.journeys.tab import OpenTab, Setting, Tab

CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
IDLE_FEATURES = "PreloadTopChromeWebUI,WebUITabStrip,Translate,OptimizationHints,MediaRouter,DialMediaRouteProvider"
ARGUMENTS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--in-process-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    f"--disable-features={IDLE_FEATURES},PaintHolding,SpareRendererForSitePerProcess,BackForwardCache",
)
SETTINGS = {
    "js-phone": Setting(True, 390, 844),
    "nojs-desktop": Setting(False, 1280, 900),
    "nojs-phone": Setting(False, 390, 844),
    "js-desktop": Setting(True, 1280, 900),
}
USUAL = list(SETTINGS)[:2]  # one page serves all, and only its style knows of widths: two settings meet every case once
TRIED = list(SETTINGS) if os.environ.get("JOURNEYS") == "all" else USUAL


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One browser for all tests of a worker."""
    path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up("Chromium is not installed: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(params=TRIED)
def setting(request: pytest.FixtureRequest) -> Setting:
    """With and without JavaScript, on a phone and on a desk."""
    return SETTINGS[request.param]


@pytest.fixture
def open_tab(chromium: Browser, setting: Setting, request: pytest.FixtureRequest) -> Iterator[OpenTab]:
    """``open_tab(site)``: somebody's browser; keywords replace parts of the setting."""
    tabs: list[Tab] = []
    name = request.node.originalname.removeprefix("test_")[:40]

    def open_one(site: Site, **changes: object) -> Tab:
        tabs.append(Tab(chromium, site, replace(setting, **changes), name + "abcdef"[len(tabs)]))
        return tabs[-1]

    yield open_one
    for tab in tabs:
        tab.close()


@pytest.fixture(scope="session")
def empty_coop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a co-op in which nobody is yet."""
    folder = tmp_path_factory.mktemp("empty") / "data"
    set_up(folder, "Orchard Co-op")
    keys_beside(folder).mkdir(mode=0o700)
    return folder


@pytest.fixture
def site(empty_coop: Path, tmp_path: Path) -> Iterator[Site]:
    """A co-op of the test's own, with nobody in it."""
    with served(copied(empty_coop, tmp_path / "data")) as site:
        yield site


@pytest.fixture
def joining_site(empty_coop: Path, tmp_path: Path) -> Iterator[Site]:
    """A co-op of the test's own with nobody in it, which people can join and pay, and both fakes beside it."""
    with served_with_fakes(copied(empty_coop, tmp_path / "data")) as site:
        site.opens_to_join()
        yield site


@pytest.fixture(scope="session")
def seeded_folder(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Demo]:
    """The data folder of the demonstration as it was seeded, once for all workers: copy it, and serve the copy."""
    base = tmp_path_factory.getbasetemp()
    shared = base if "PYTEST_XDIST_WORKER" not in os.environ else base.parent
    folder, where = shared / "demonstration", shared / "demonstration.pickle"
    with (shared / "demonstration.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not where.exists():
            where.write_bytes(pickle.dumps(_seeded(folder)))
    return folder, pickle.loads(where.read_bytes())


def _seeded(folder: Path) -> Demo:
    write_key(folder)
    keys_beside(folder).mkdir(mode=0o700)
    app = create_app(read_settings({}, data_dir=str(folder), key_dir=str(keys_beside(folder)), demo=True))
    with app.app_context():
        migrate(db.engine)
        demo = seed_demo(utc_now(), random.Random(7264))
        demo.tills.write(folder)
        db.session.remove()
        db.engine.dispose()
    return replace(demo, tills=None)  # type: ignore[arg-type]  # they are in the folder now, and hold locks


@pytest.fixture(scope="session")
def seeded(seeded_folder: tuple[Path, Demo], tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Site, Demo]]:
    """The demonstration; tests share it, so that none may count on what another could change."""
    folder = copied(seeded_folder[0], tmp_path_factory.mktemp("served") / "data")
    with served(folder, demo=True) as site:
        yield site, seeded_folder[1]


@pytest.fixture
def with_fakes(seeded_folder: tuple[Path, Demo], tmp_path: Path) -> Iterator[Site]:
    """A demonstration of the test's own, with both fakes beside it, which know its history."""
    with served_with_fakes(copied(seeded_folder[0], tmp_path / "data"), demo=True) as site:
        yield site


@pytest.fixture
def demo_site(seeded: tuple[Site, Demo]) -> Site:
    return seeded[0]


@pytest.fixture
def demo(seeded: tuple[Site, Demo]) -> Demo:
    return seeded[1]
