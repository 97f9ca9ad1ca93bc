"""`coopgov verify`: a record from a file or from an address, checked and recounted without any database."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from coopgov.cli import main
from coopgov.decisions.cli import record_address
from coopgov.tally.verify import check_record
from tests.tally.forgeries import NAMED_PRINTER, SECRET_BOARD, consistent, forged


@pytest.fixture
def record(tmp_path: Path) -> Path:
    file = tmp_path / "record.json"
    file.write_bytes(SECRET_BOARD)
    return file


def verify(*words: object) -> Result:
    return CliRunner().invoke(main, ["verify", *map(str, words)])


def test_a_true_record_passes_and_is_said_to_be_unwitnessed(record: Path) -> None:
    done = verify(record)
    assert done.exit_code == 0
    said = done.output.splitlines()
    assert said[-1] == "PASS"
    assert said[-2].startswith("Not witnessed")
    assert any(line.startswith("not witnessed external") for line in said)


def test_a_witnessed_record_does_not_say_so(record: Path) -> None:
    report = check_record(SECRET_BOARD)
    done = verify(record, "--manifest", report.m, "--close", f" {str(report.d).upper()}")
    assert done.exit_code == 0
    assert "ot witnessed" not in done.output


def test_a_forged_record_fails_and_says_where(record: Path) -> None:
    record.write_bytes(forged("nonce_in_capitals"))
    done = verify(record)
    assert done.exit_code == 1
    last = "FAIL: schema: ballot 3: nonce is not 32 lower-case hexadecimal digits"
    assert done.output.splitlines()[-1] == last


def test_a_consistent_rebuild_fails_against_what_was_announced(record: Path) -> None:
    record.write_bytes(consistent(SECRET_BOARD))
    assert verify(record).exit_code == 0
    done = verify(record, "--close", check_record(SECRET_BOARD).d)
    assert done.exit_code == 1
    assert "FAIL: external: D is " in done.output


def test_machines_get_json(record: Path) -> None:
    told = json.loads(verify(record, "--json").output)
    assert (told["passed"], told["witnessed"], told["verdict"]) == (True, False, "decided")
    assert [one["name"] for one in told["checks"]][:3] == ["bytes", "schema", "M"]
    record.write_bytes(b"{")
    done = verify(record, "--json")
    assert done.exit_code == 1
    assert json.loads(done.output)["checks"][0]["state"] == "failed"


@pytest.mark.parametrize("words", [[], ["no-such.json"], ["x", "--close", "123"], ["https://[", "--json"], ["x", "y"]])
def test_what_is_not_understood_is_status_two(words: list[str]) -> None:
    assert verify(*words).exit_code == 2


class Site(BaseHTTPRequestHandler):
    """Serves one public record where the site does."""

    def do_GET(self) -> None:
        there = self.path == "/p/7/record.json"
        self.send_response(200 if there else 404)
        self.send_header("Content-Type", "application/json" if there else "text/html")
        self.end_headers()
        self.wfile.write(NAMED_PRINTER if there else b"nothing")

    def log_message(self, *words: object) -> None:
        """Says nothing."""


@contextmanager
def site() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_record_is_read_from_its_address_or_its_proposals() -> None:
    with site() as base:
        for path in ("/p/7/record.json", "/p/7", "/p/7-buy-the-printer", "/p/7-buy-the-printer/?lang=de#ballots"):
            done = verify(base + path)
            assert done.output.splitlines()[-1] == "PASS", done.output
        missing = verify(base + "/p/8")
    assert missing.exit_code == 1
    assert "/p/8/record.json answers 404" in missing.output


@pytest.mark.parametrize("url", ["http://example.org/p/7", "https://10.0.0.1/p/7", "https://user:word@example.org/p/7"])
def test_only_the_public_web_and_this_machine_are_asked(url: str) -> None:
    done = verify(url)
    assert done.exit_code == 1
    assert "cannot be fetched" in done.output


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("https://a.example/p/7-x", "https://a.example/p/7/record.json"),
        ("https://a.example/coop/p/7/", "https://a.example/coop/p/7/record.json"),
        ("https://a.example/p/7/record.json?x=1", "https://a.example/p/7/record.json?x=1"),
        ("https://a.example/files/record.json#top", "https://a.example/files/record.json"),
        ("https://a.example/p/seven", "https://a.example/p/seven"),
    ],
)
def test_a_proposals_address_leads_to_its_record(typed: str, asked: str) -> None:
    assert record_address(urlsplit(typed)) == asked
