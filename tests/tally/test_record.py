"""The published record: what the site writes passes, and nothing else does, in `check_record` and in recount.py alike."""

import hashlib
import json
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coopgov.tally import merkle, strict_json
from coopgov.tally import record as parts
from coopgov.tally.canonical import canonical
from coopgov.tally.count import Ballot, Manifest
from coopgov.tally.methods import METHODS
from coopgov.tally.one_file import recount_sha256, recount_source
from coopgov.tally.recount import lines
from coopgov.tally.rule import PRESETS
from coopgov.tally.transcript import transcript
from coopgov.tally.verify import CHECKS, State, check_record
from tests.tally.carried import CARRIED
from tests.tally.forgeries import (
    FORGERIES,
    NAMED_DOTS,
    NAMED_PRINTER,
    PLAIN,
    SECRET_BOARD,
    another_roll,
    consistent,
    forged,
)
from tests.tally.records import closed, leaves_of, read, renamed, sign, spelt
from tests.tally.test_election_laws import ELECTIONS, NAMES, elections
from tests.tally.test_laws import HEADS, votes

often = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CHECKED = [name for name, _, _ in CHECKS]
TRUE = {"secret": SECRET_BOARD, "named": NAMED_DOTS, "unsigned": NAMED_PRINTER, "carried": CARRIED}
DRIVER = """
import importlib.util, io, json, sys
spec = importlib.util.spec_from_file_location("recount_file", sys.argv[1])
one_file = importlib.util.module_from_spec(spec)
spec.loader.exec_module(one_file)
sys.meta_path.insert(0, one_file.Importer())
from coopgov.tally.recount import main
told, out = [], sys.stdout
for name in sys.argv[2:]:
    sys.stdout = io.StringIO()
    status = main([name])
    told.append([status, sys.stdout.getvalue()])
out.write(json.dumps(told))
"""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """recount.py, as somebody has downloaded it."""
    file = tmp_path_factory.mktemp("recount") / "recount.py"
    file.write_bytes(recount_source().encode())
    return file


def run(program: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    """recount.py as a stranger runs it: isolated, without anything that is installed here."""
    command = [sys.executable, "-I", "-S", str(program), *words]
    return subprocess.run(command, capture_output=True, text=True, encoding="utf-8", cwd=program.parent, timeout=180)


def recounted(program: Path, raws: Sequence[bytes]) -> list[tuple[int, list[str]]]:
    """Status and lines of recount.py for each record, all in one run of the same file, isolated as well."""
    files = []
    for number, raw in enumerate(raws):
        files.append(program.parent / f"{number}.json")
        files[-1].write_bytes(raw)
    command = [sys.executable, "-I", "-S", "-c", DRIVER, str(program), *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=600, check=True)
    return [(status, said.splitlines()) for status, said in json.loads(done.stdout)]


def states(raw: bytes) -> dict[str, str]:
    return {check.name: check.state.value for check in check_record(raw).checks}


@st.composite
def polls(draw: st.DrawFn, name: str) -> tuple[Manifest, list[Ballot]]:
    """Any vote by this method."""
    if name in ELECTIONS:
        return draw(elections(ELECTIONS[name]))
    if name in HEADS:
        return draw(votes(HEADS[name]))
    given = {"seats": draw(st.integers(1, 4))}
    return Manifest(name, NAMES[: draw(st.integers(1, len(NAMES)))], PLAIN, draw(st.integers(1, 12)), given), []


@cache
def of_every_method() -> dict[str, bytes]:
    """A small poll of every method in the registry, the choices being those that a hypothesis example has."""
    return {name: _one_of(name) for name in METHODS}


def _one_of(name: str) -> bytes:
    found: list[bytes] = []

    @settings(max_examples=6, database=None, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
    @given(polls(name))
    def collect(drawn: tuple[Manifest, list[Ballot]]) -> None:
        found.append(closed(*drawn))

    collect()
    return max(found, key=len)


@pytest.mark.parametrize("raw", TRUE.values(), ids=TRUE)
def test_a_true_record_passes(raw: bytes) -> None:
    found = states(raw)
    assert list(found) == CHECKED
    assert found.pop("external") == "not witnessed"
    assert found.pop("signature") == ("not signed" if raw is NAMED_PRINTER else "ok")
    assert set(found.values()) == {"ok"}


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("secrecy", parts.SECRECY)
@often
@given(data=st.data())
def test_whatever_is_voted_by_whatever_method_passes(name: str, secrecy: str, data: st.DataObject) -> None:
    counted, ballots = data.draw(polls(name))
    draw = data.draw(st.none() | st.text(st.characters(codec="ascii")))
    report = check_record(closed(counted, ballots, secrecy, draw))
    assert report.passed, report.failure


def test_recount_says_the_same_of_every_method(program: Path) -> None:
    raws = [*of_every_method().values(), *TRUE.values()]
    for raw, (status, told) in zip(raws, recounted(program, raws), strict=True):
        assert status == 0, told
        assert told[-1] == "PASS"
        assert told == lines(check_record(raw))


@pytest.mark.parametrize("name", FORGERIES)
def test_a_forgery_fails_by_its_name(name: str) -> None:
    failure = check_record(forged(name)).failure
    assert failure is not None
    _, _, check, says = FORGERIES[name]
    assert (failure.name, says in failure.what) == (check, True), failure


def test_recount_names_the_same_of_every_forgery(program: Path) -> None:
    raws = {name: forged(name) for name in FORGERIES}
    for (name, raw), (status, told) in zip(raws.items(), recounted(program, list(raws.values())), strict=True):
        assert status == 1, name
        assert told[-1].startswith(f"FAIL: {FORGERIES[name][2]}: "), name
        assert told == lines(check_record(raw)), name


def test_what_rests_on_a_failure_is_not_checked() -> None:
    found = states(forged("ballot_dropped"))
    assert found["chain"] == "failed"
    assert [name for name, state in found.items() if state == "not checked"] == ["recount", "result", "transcript"]
    assert set(states(b"[]\n").values()) == {"ok", "failed", "not checked"}


def flipped(raw: bytes) -> list[bytes]:
    """The record with one bit flipped, at every 97th byte, two bits of each."""
    return [
        raw[:at] + bytes([raw[at] ^ 1 << bit]) + raw[at + 1 :] for at in range(0, len(raw), 97) for bit in (at % 7, 7)
    ]


@pytest.mark.parametrize("raw", TRUE.values(), ids=TRUE)
def test_a_flipped_bit_is_seen_and_placed(program: Path, raw: bytes) -> None:
    wrong = flipped(raw)
    assert len(wrong) > 60
    for one, (status, told) in zip(wrong, recounted(program, wrong), strict=True):
        failure = check_record(one).failure
        assert failure is not None
        assert failure.what
        assert (status, told[-1]) == (1, f"FAIL: {failure.name}: {failure.what}")


@pytest.mark.parametrize("rebuild", [consistent, another_roll])
def test_only_what_was_announced_tells_a_consistent_rebuild(program: Path, rebuild: Any) -> None:
    true, false = check_record(SECRET_BOARD), rebuild(SECRET_BOARD)
    assert check_record(false).passed
    report = check_record(false, true.m, true.d)
    assert report.failure is not None
    assert report.failure.name == "external"
    assert "was announced" in report.failure.what
    (program.parent / "false.json").write_bytes(false)
    done = run(program, "false.json", "--close", str(true.d))
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("FAIL: external: D is ")


def test_a_record_is_witnessed_by_both_hashes_only() -> None:
    true = check_record(SECRET_BOARD)
    assert not check_record(SECRET_BOARD, true.m).witnessed
    assert not check_record(SECRET_BOARD, None, true.d).witnessed
    assert check_record(SECRET_BOARD, true.m, true.d).witnessed
    assert lines(check_record(SECRET_BOARD, true.m, true.d))[-2:] != lines(true)[-2:]
    assert check_record(SECRET_BOARD, None, true.d).checks[10].what == "no M from outside to compare with"


def test_recount_as_people_run_it(program: Path) -> None:
    true = check_record(SECRET_BOARD)
    (program.parent / "record.json").write_bytes(SECRET_BOARD)
    done = run(program, "record.json", "--manifest", f" {str(true.m).upper()} ", "--close", str(true.d))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Buy the “small” printer – café\n")
    assert f"This program is the one that the manifest names: {recount_sha256()}" in done.stdout
    assert done.stdout.endswith("\nPASS\n")
    assert "ot witnessed" not in done.stdout
    assert "Not witnessed" in run(program, "record.json").stdout


@pytest.mark.parametrize(
    "words", [[], ["no-such.json"], ["record.json", "--close", "123"], ["record.json", "more.json"], ["--frobnicate"]]
)
def test_recount_says_what_it_does_not_understand(program: Path, words: list[str]) -> None:
    (program.parent / "record.json").write_bytes(SECRET_BOARD)
    done = run(program, *words)
    assert done.returncode == 2
    assert "recount.py: error: " in done.stderr
    assert done.stdout == ""


def test_another_program_than_the_one_that_was_announced_says_so(program: Path) -> None:
    other = program.parent / "other.py"
    other.write_text(program.read_text() + "# changed\n")
    (program.parent / "record.json").write_bytes(SECRET_BOARD)
    assert "This program is not the one that the manifest names" in run(other, "record.json").stdout


def test_recount_is_one_file_that_needs_the_standard_library_only() -> None:
    source = recount_source()
    compile(source, "recount.py", "exec")
    named = [line.split('"')[1] for line in source.splitlines() if line.startswith("SOURCES[")]
    assert named[0] == "coopgov"
    assert named[-1] == "coopgov.tally.recount"
    assert {f"coopgov.tally.methods.{path.stem}" for path in _methods()} <= set(named)
    assert all(name.split(".")[1:2] in ([], ["tally"]) for name in named)
    assert "coopgov.tally.one_file" not in named
    assert "AGPL-3.0-or-later" in source


def _methods() -> list[Path]:
    folder = Path(sys.modules["coopgov.tally.methods"].__file__ or "").parent
    return [path for path in folder.glob("*.py") if path.stem != "__init__"]


def test_the_sources_stand_in_it_word_for_word() -> None:
    folder = Path(sys.modules["coopgov.tally.verify"].__file__ or "").parent
    for name in ("canonical", "verify", "ed25519"):
        assert (
            f"SOURCES[\"coopgov.tally.{name}\"] = r'''{(folder / name).with_suffix('.py').read_text()}'''"
            in recount_source()
        )


@often
@given(st.binary(max_size=200))
def test_noise_is_no_record(raw: bytes) -> None:
    assert not check_record(raw).passed
    assert not check_record(raw + b"\n").passed


def test_a_file_that_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MOST_BYTES", len(SECRET_BOARD) - 1)
    failure = check_record(SECRET_BOARD).failure
    assert failure is not None
    assert failure.what == f"is larger than {len(SECRET_BOARD) - 1} bytes"


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.text(st.characters(codec="ascii"), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["v", "o1", "rule"]), inner, max_size=3)
    ),
    max_leaves=6,
)


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every container in ``value`` with every key or index in it."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [place for key, one in inner for place in ((value, key), *_places(one))]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(list(TRUE)), st.data(), json_values)
def test_anything_in_the_place_of_anything_never_stops_the_check(kind: str, data: st.DataObject, value: Any) -> None:
    record = read(TRUE[kind])
    container, key = data.draw(st.sampled_from(_places(record)))
    same = canonical([container[key]]) == canonical([value])
    container[key] = value
    report = check_record(spelt(record))
    assert report.passed == same, report.failure


@settings(max_examples=150, deadline=None)
@given(st.data(), json_values)
def test_nor_does_it_when_the_operator_has_made_all_hashes_fit(data: st.DataObject, value: Any) -> None:
    """Odd settings and odd choices reach the count itself then."""
    record = read(SECRET_BOARD)
    places = [(record["manifest"], "settings"), (record["manifest"], "rule"), (record["manifest"], "method")]
    places += [(record["manifest"]["settings"], key) for key in ("seats", "ties", "chair", "withdrawn")]
    places += [(ballot, "choice") for ballot in record["ballots"]]
    container, key = data.draw(st.sampled_from(places))
    container[key] = value
    assert check_record(spelt(renamed(record))).checks[-1].state in State


def test_what_strangers_wrote_does_not_steer_the_terminal() -> None:
    record = read(NAMED_PRINTER)
    record["manifest"]["title"] = "Fine \x1b[2J\u202e"
    assert lines(check_record(spelt(record)))[0] == "Fine \\x1b[2J\\u202e"


def test_roll_amendments_change_the_number_that_the_count_uses() -> None:
    record = read(NAMED_PRINTER)
    stranger, leaves = "f" * 64, leaves_of(12)
    record["roll"]["amendments"] = [
        {"leaf": leaves[-1], "act": "recused", "reason": "An interest", "at": "2026-03-02T10:00:00Z"},
        {"leaf": leaves[-2], "act": "removed", "reason": "Left", "at": "2026-03-02T10:00:00Z"},
        {"leaf": stranger, "act": "added", "reason": "Overlooked", "at": "2026-03-03T10:00:00Z"},
    ]
    record["ballots"][0]["voter"] = stranger
    record["close"]["took_part"] = sorted(ballot["voter"] for ballot in record["ballots"])
    record = renamed(record)
    raw = parts.write_record(record["manifest"], record["roll"], record["ballots"], record["close"])
    report = check_record(raw)
    assert report.passed, report.failure
    assert read(raw)["result"]["roll_size"] == 11
    assert report.checks[3].what == "12 electors at opening, 11 at closing"


def test_name_and_reason_can_be_erased_without_breaking_the_record() -> None:
    record = read(NAMED_PRINTER)
    record["ballots"][2] = parts.erased(record["ballots"][2])
    report = check_record(spelt(record))
    assert report.passed, report.failure
    assert (report.m, report.d) == (check_record(NAMED_PRINTER).m, check_record(NAMED_PRINTER).d)
    record["ballots"][2]["said"] = "0" * 64
    assert not check_record(spelt(record)).passed


def test_a_block_without_the_reason_that_the_rule_asks_for_is_no_ballot() -> None:
    counted = Manifest("proposal", ("agree", "block"), PRESETS["consent"], 3)
    raw = closed(counted, [Ballot("block")], secrecy="open")
    assert check_record(raw).passed
    record = read(raw)
    record["ballots"][0]["reason"] = " "
    failure = check_record(spelt(record)).failure
    assert failure is not None
    assert failure.what == "ballot 1: choice needs a reason, and has none"


def test_hashes_are_those_of_the_protocol() -> None:
    """Written out by hand, so that another program can be written from docs/record.md alone."""

    def h(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    m, secret, nonce = h("m"), h("secret"), "0" * 32
    ballot = {"poll": m, "choice": ["o1"], "nonce": nonce}
    t = h(f'coopgov/ballot/v1\n{{"choice":["o1"],"nonce":"{nonce}","poll":"{m}"}}')
    assert parts.tracker(ballot) == t
    assert parts.manifest_hash({"v": 1}) == h('coopgov/manifest/v1\n{"v":1}')
    assert parts.chain_head(m, []) == h("coopgov/log/v1\n" + m)
    assert parts.chain_head(m, [t]) == h("coopgov/log/v1\n" + h("coopgov/log/v1\n" + m) + "\n" + t)
    assert parts.close_hash({"n": 1}) == h('coopgov/close/v1\n{"n":1}')
    assert parts.tie_commit(secret) == h("coopgov/tie-commit/v1\n" + secret)
    close = {"h_n": t, "tie_secret": secret}
    assert parts.tie_seed({**close, "draw": None}) == h(f"coopgov/tie/v1\n{t}\n{secret}\n")
    assert parts.tie_seed({**close, "draw": "6 6"}) == h(f"coopgov/tie/v1\n{t}\n{secret}\n6 6")
    named = {"poll": m, "voter": t, "name": "Zoë", "choice": "agree", "reason": "So", "nonce": "1" * 32}
    said = h('coopgov/said/v1\n["%s","Zoë","So"]' % ("1" * 32))
    assert parts.tracker(named) == h(
        f'coopgov/ballot/v1\n{{"choice":"agree","poll":"{m}","said":"{said}","voter":"{t}"}}'
    )


def test_the_signature_is_over_the_digits_of_d() -> None:
    record = read(SECRET_BOARD)
    assert record["signature"] == sign(record["close"])


@pytest.mark.parametrize("name", METHODS)
def test_the_transcript_is_the_result_told_in_order(name: str) -> None:
    result = read(of_every_method()[name])["result"]
    told = transcript(result)
    steps = [step["step"] for step in told]
    assert steps == sorted(steps, key=["ballots", "figure", "round", "tie", "reason", "verdict"].index)
    assert steps.count("round") == len(result.get("rounds", []))
    assert [step["key"] for step in told if step["step"] == "reason"] == [one["key"] for one in result["reasons"]]
    assert told[-1]["verdict"] == result["verdict"]


def test_the_page_about_records_tells_every_check_field_and_tag() -> None:
    page = (Path(__file__).parents[2] / "docs/record.md").read_text()
    told = page[page.index("## The checks") :]
    assert [line.split("|")[1].strip() for line in told.splitlines() if line.startswith("| ")][
        1 : len(CHECKED) + 1
    ] == CHECKED
    for kind in (
        parts.Terms,
        parts.Close,
        parts.NamedBallot,
        parts.ErasedBallot,
        parts.SecretBallot,
        parts.Amendment,
        parts.Proxy,
    ):
        assert [name for name in kind.__annotations__ if name not in page] == []
    tags = [value for name, value in vars(parts).items() if name.endswith("_TAG")]
    tags += [value for name, value in vars(merkle).items() if name.endswith("_TAG")]
    assert [tag for tag in tags if tag.replace("\n", "\\n") not in page] == []
