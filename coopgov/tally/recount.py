"""What `coopgov verify` and recount.py say of a record, and the command line of the latter."""

import argparse
import hashlib
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from coopgov.tally.verify import Report, check_record

HASH = re.compile(r"[0-9a-f]{64}")
UNWITNESSED = (
    "Not witnessed: the record fits together. Whether it is the one that was announced only the hashes M and D tell, "
    "from the mails or posts of opening and closing: give them with --manifest and --close."
)


def lines(report: Report, own_sha256: str | None = None) -> list[str]:
    """The report for people: a line for each check, then PASS, or FAIL with the first check that failed and why.

    ``own_sha256``: the hash of the program that counts, to be compared with the one that the manifest announces.
    """
    told = [f"{report.title}"] if report.title else []
    told += [f"{check.state:<14}{check.name:<12}{check.what}".rstrip() for check in report.checks]
    if own_sha256 and report.recount_sha256:
        same = "is" if own_sha256 == report.recount_sha256 else "is not"
        told.append(f"This program {same} the one that the manifest names: {own_sha256}")
    if report.failure:
        told.append(f"FAIL: {report.failure.name}: {report.failure.what}")
    else:
        told += ["PASS"] if report.witnessed else [UNWITNESSED, "PASS"]
    return [_printable(line) for line in told]


def main(words: Sequence[str], own: bytes | None = None) -> int:
    """Checks the record that ``words`` name and prints the report; gives 0 for PASS, 1 for FAIL.

    ``own``: the program's own bytes. Ends with status 2 (SystemExit) where it is not told properly what to check.
    """
    parser = argparse.ArgumentParser(prog="recount.py", description="Checks and recounts a published record.")
    parser.add_argument("record", type=Path, help="the record, such as record.json")
    parser.add_argument("--manifest", metavar="HASH", type=read_hash, help="M, as it was announced at opening")
    parser.add_argument("--close", metavar="HASH", type=read_hash, help="D, as it was announced at closing")
    asked = parser.parse_args(words)
    try:
        raw = asked.record.read_bytes()
    except OSError as error:
        parser.error(f"{asked.record} cannot be read: {error.strerror}")
    report = check_record(raw, asked.manifest, asked.close)
    own_sha256 = None if own is None else hashlib.sha256(own).hexdigest()
    sys.stdout.write("\n".join(lines(report, own_sha256)) + "\n")
    return 0 if report.passed else 1


def read_hash(text: str) -> str:
    """A hash as people paste it, in lower case and without the blanks around it; raises ValueError ``hash``."""
    found = text.strip().lower()
    if not HASH.fullmatch(found):
        raise ValueError("hash")
    return found


def _printable(line: str) -> str:
    """Without what would steer a terminal or turn the direction of reading: strangers wrote the record."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in line)
