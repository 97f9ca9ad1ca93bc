"""recount.py: all that a recount needs in one file, made of the sources that count here.

The modules stand in it word for word, each as a text under its own name, and a small importer finds them there. So
nothing is renamed, nothing can clash, and everybody can compare them line by line with the published sources.
"""

import ast
import hashlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).parent
ENTRY = "coopgov.tally.recount"

HEADER = '''#!/usr/bin/env python3
"""Checks and recounts the published record of a decision made with coopgov.

    python3 recount.py record.json [--manifest HASH] [--close HASH]

HASH: M from the announcement of the opening, D from that of the closing. Without them it can be checked whether the
record fits together, not whether it is the one that was announced. The last line is PASS, or FAIL with what does not
fit; exit status 0, 1, or 2 when not understood. What is in a record, and what each check means: docs/record.md.

Needs Python 3.11 or newer and nothing else: no network, no other file. `python3 -I -S recount.py` shuts out all that is
installed here. Best taken from another place than the record: compare its SHA-256 with recount_sha256 of the manifest.

It is made of the modules of coopgov.tally, word for word, each below under its name, what it needs before it.
This program is free software: you can redistribute it and/or modify it under the terms of the GNU Affero General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
version. It comes without any warranty. See https://www.gnu.org/licenses/.

SPDX-License-Identifier: AGPL-3.0-or-later
"""

import importlib.abc
import importlib.util
import sys
from pathlib import Path

SOURCES = {}
'''

FOOTER = '''

class Importer(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Finds the modules of coopgov in this file, and no others."""

    def find_spec(self, name, path=None, target=None):
        if name in SOURCES:
            return importlib.util.spec_from_loader(name, self, origin=f"{__file__}: {name}")
        return None

    def get_source(self, name):
        return SOURCES[name]

    def is_package(self, name):
        return any(other.startswith(name + ".") for other in SOURCES)


if __name__ == "__main__":
    sys.meta_path.insert(0, Importer())
    sys.stdout.reconfigure(errors="backslashreplace")

    from coopgov.tally.recount import main

    raise SystemExit(main(sys.argv[1:], Path(__file__).read_bytes()))
'''


@cache
def recount_source() -> str:
    """The text of recount.py; the same bytes whenever the sources are the same."""
    parts = [f'\nSOURCES["{name}"] = {_quoted(source)}\n' for name, source in _modules()]
    return HEADER + "".join(parts) + FOOTER


def recount_sha256() -> str:
    """The hash of recount.py, for the manifest."""
    return hashlib.sha256(recount_source().encode()).hexdigest()


def _quoted(source: str) -> str:
    plain = "'''" not in source and source.endswith("\n")
    return f"r'''{source}'''" if plain else repr(source)


def _modules() -> Iterator[tuple[str, str]]:
    """Name and source of every module that a recount needs, each after those that it imports."""
    done: set[str] = {"coopgov"}
    yield "coopgov", ""  # its own text counts nothing
    yield from _with_its_needs(ENTRY, done)


def _with_its_needs(name: str, done: set[str]) -> Iterator[tuple[str, str]]:
    if name in done:
        return
    done.add(name)
    yield from _with_its_needs(name.rpartition(".")[0], done)
    source = _file(name).read_text(encoding="utf-8")
    for needed in _imported(source):
        yield from _with_its_needs(needed, done)
    yield name, source


def _imported(source: str) -> list[str]:
    """The modules of coopgov that ``source`` imports, sorted."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names if alias.name.startswith("coopgov.")}
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("coopgov."):
            inside = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {node.module} | {name for name in inside if _file(name).is_file()}
    return sorted(found)


def _file(name: str) -> Path:
    """Where the source of a module or package of coopgov.tally is."""
    folder = PACKAGE.joinpath(*name.split(".")[2:])
    return folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
