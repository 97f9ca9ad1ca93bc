"""Commands about votes that need no database."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import click

from coopgov.infra.http import FetchFailed, FetchRefused, guarded_client
from coopgov.tally.ballot_file import BadFile
from coopgov.tally.counting_files import Asked, CannotCount, count_file, method_names, read_file
from coopgov.tally.lots import Ties
from coopgov.tally.recount import lines, read_hash
from coopgov.tally.strict_json import MOST_BYTES as MOST_BYTES_OF_A_RECORD
from coopgov.tally.verify import check_record

MOST_BYTES = 200_000_000
PATIENCE_S = 60.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")
PROPOSAL = re.compile(r"(/p/[0-9]+)(-[^/]*)?/?")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--method", required=True, type=click.Choice(method_names()))
@click.option("--seats", type=click.IntRange(1, 1000), help="To fill; else as the file says, or one.")
@click.option("--decimals", type=click.IntRange(0, 18), help="Of transfer values, for stv-wigm; exact without it.")
@click.option("--unranked", type=click.Choice(["last", "neutral"]), help="What a ballot says of options it leaves out.")
@click.option("--default-option", help="Options that do not beat this one are dropped first.")
@click.option("--budget-per-ballot", type=click.IntRange(1), help="Points that a ballot may spend, for dot.")
@click.option("--ties", type=click.Choice([str(rule) for rule in Ties]), help="What decides between equals.")
@click.option("--seed", help="For the lot; without one it falls back on the order of the file.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def count(file: Path, as_json: bool, **asked: Any) -> None:
    """Counts an election FILE (.blt, rank-matrix .csv, pairwise .json, Pabulib .pb); needs no database."""
    try:
        found = count_file(read_file(_text(file), file.suffix), Asked(**asked))
    except (BadFile, CannotCount) as error:
        raise click.ClickException(f"{file.name}: {error}") from error
    click.echo(json.dumps(found, ensure_ascii=False) if as_json else "\n".join(_lines(found)))
    raise SystemExit(0 if found["verdict"] == "decided" else 1)


def _text(file: Path) -> str:
    if file.stat().st_size > MOST_BYTES:
        raise click.ClickException(f"{file.name} is larger than {MOST_BYTES} bytes.")
    raw = file.read_bytes()
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return raw.decode("latin-1")  # many BLT files are older than UTF-8


def _lines(found: dict[str, Any]) -> list[str]:
    """The result for people: who won, and the figures behind it."""
    lines = [found["title"] or "Election", f"{found['counted']} of {found['cast']} ballots say something."]
    if found["winners"]:
        lines.append("Elected: " + ", ".join(found["winners"]))
    else:
        lines.append("Tied: " + ", ".join(found["tied"]) if found.get("tied") else "Nobody is elected.")
    for name in ("quota", "total_cost", "added_per_voter", "ranking", "ranking_after_dropping", "dropped"):
        if name in found:
            value = found[name]
            lines.append(f"{name.replace('_', ' ')}: {', '.join(value) if isinstance(value, list) else value}")
    for number, one in enumerate(found.get("rounds", []), 1):
        lines.append(f"{number}. {one.get('action', '')}".rstrip(" ."))
        lines += [f"     {value:>16}  {option}" for option, value in one.get("tally", one).items()]
    for one in found["tie_breaks"]:
        lines.append(f"tie ({one['purpose']}) between {', '.join(one['between'])}: {one['chosen']} by {one['by']}")
    return lines


def _hash(_context: click.Context, _parameter: click.Parameter, text: str | None) -> str | None:
    try:
        return None if text is None else read_hash(text)
    except ValueError as error:
        raise click.BadParameter("a hash is 64 hexadecimal digits.") from error


@click.command()
@click.argument("where", metavar="FILE-OR-URL")
@click.option("--manifest", metavar="HASH", callback=_hash, help="M, as it was announced at opening.")
@click.option("--close", metavar="HASH", callback=_hash, help="D, as it was announced at closing.")
@click.option("--json", "as_json", is_flag=True, help="For machines.")
def verify(where: str, manifest: str | None, close: str | None, as_json: bool) -> None:
    """Checks and recounts a published record: a file, or the address of a record or of its proposal."""
    raw = _fetched(where) if where.startswith(("https://", "http://")) else _read(Path(where))
    report = check_record(raw, manifest, close)
    click.echo(json.dumps(report.to_plain()) if as_json else "\n".join(lines(report)))
    raise SystemExit(0 if report.passed else 1)


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise click.UsageError(f"{file} cannot be read: {error.strerror}.") from error


def _fetched(where: str) -> bytes:
    try:
        parts = urlsplit(where)
    except ValueError as error:
        raise click.UsageError(f"{where} is no address.") from error
    url = record_address(parts)
    typed_loopback = parts.hostname in LOOPBACK  # whoever types it means this machine: the demo is there
    client = guarded_client(typed_loopback, deadline_s=PATIENCE_S, most_bytes=MOST_BYTES_OF_A_RECORD)
    try:
        answer = client.get(url, ["application/json"])
    except (FetchRefused, FetchFailed) as error:
        raise click.ClickException(f"{url} cannot be fetched: {error.reason}.") from error
    if answer.status != 200:
        raise click.ClickException(f"{url} answers {answer.status}.")
    return answer.body


def record_address(parts: SplitResult) -> str:
    """The address itself, or that of its record where it is a proposal's (``…/p/7-slug``)."""
    head, slash, tail = parts.path.rpartition("/p/")
    if found := PROPOSAL.fullmatch(slash + tail):
        parts = parts._replace(path=f"{head}{found[1]}/record.json", query="")
    return parts._replace(fragment="").geturl()
