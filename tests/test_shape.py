"""The shape of the house: contracts, sizes, docstrings, settings that are written down."""

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from coopgov.config import Settings

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "coopgov"
MODULES = sorted(PACKAGE.rglob("*.py"))
REGISTRIES = {"tally/methods", "funding/providers"}
Function = ast.FunctionDef | ast.AsyncFunctionDef


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(path: Path) -> Iterator[Function]:
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def length(function: Function) -> int:
    """Lines without decorators and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (function.end_lineno or 0) - body[0].lineno + 2 if body else 1


def percentile(values: list[int], share: float) -> int:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def imported(path: Path) -> Iterator[str]:
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." * node.level + (node.module or "")


def test_the_import_contracts_are_kept() -> None:
    run = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"], cwd=ROOT, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stdout[-3000:]


@pytest.mark.parametrize(
    "path", [p for part in ("core", "tally") for p in sorted((PACKAGE / part).rglob("*.py"))], ids=str
)
def test_core_and_tally_need_only_the_standard_library(path: Path) -> None:
    assert {name.split(".")[0] for name in imported(path)} <= sys.stdlib_module_names | {"coopgov"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=str)
def test_a_package_imports_nothing_unless_it_is_a_registry(path: Path) -> None:
    assert str(path.parent.relative_to(PACKAGE)) in REGISTRIES or not list(imported(path))


def test_nothing_is_imported_late_outside_the_command_line() -> None:
    late = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in MODULES
        if path.name != "cli.py"
        for function in functions(path)
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
    assert late == []


def test_there_are_no_rooms_for_odds_and_ends() -> None:
    assert [p for p in MODULES if p.stem in ("util", "utils", "helpers", "common", "misc")] == []


def test_functions_are_small() -> None:
    sizes = [length(f) for path in MODULES for f in functions(path)]
    assert statistics.median(sizes) <= 6
    assert percentile(sizes, 0.9) <= 19
    assert max(sizes) <= 50


def _is_routes(path: Path) -> bool:
    return path.stem == "routes" or path.parent.name == "routes"


def test_routes_only_translate() -> None:
    routes = [
        length(f)
        for path in MODULES
        if _is_routes(path)
        for f in functions(path)
        if any("bp." in ast.unparse(d) for d in f.decorator_list)
    ]
    assert percentile(routes, 0.9) <= 15
    assert max(routes) <= 25


def test_files_are_short() -> None:
    long = {str(p.relative_to(ROOT)): n for p in MODULES if (n := len(p.read_text().splitlines())) > 500}
    assert long == {}


def _public_functions() -> Iterator[tuple[str, Function]]:
    for path in MODULES:
        if not _is_routes(path):
            for node in ast.walk(tree(path)):
                if isinstance(node, ast.ClassDef | ast.Module):
                    for inner in node.body:
                        if isinstance(inner, Function) and not inner.name.startswith("_"):
                            yield f"{path.relative_to(ROOT)}:{inner.name}", inner


def test_public_functions_say_what_they_give() -> None:
    named = list(_public_functions())
    silent = [name for name, f in named if not ast.get_docstring(f)]
    assert len(silent) <= len(named) * 0.05, silent


def test_every_module_says_what_it_is_for() -> None:
    assert [str(p) for p in MODULES if not ast.get_docstring(tree(p))] == []


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    written = set(re.findall(r"^\| `COOPGOV_([A-Z_]+)`", (ROOT / "docs/settings.md").read_text(), re.MULTILINE))
    assert written == {f.name.upper() for f in fields(Settings)}


def test_settings_are_explained_in_the_same_words() -> None:
    page = (ROOT / "docs/settings.md").read_text()
    assert [f.name for f in fields(Settings) if f.metadata["explains"] not in page] == []


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: str(p.relative_to(ROOT)))
def test_templates_hold_no_inline_script_or_style(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(), flags=re.DOTALL)
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|hx-on|javascript:", text)


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=lambda p: str(p.relative_to(ROOT)))
def test_every_form_that_posts_carries_its_token(path: Path) -> None:
    text = path.read_text()
    for form in re.findall(r"<form[^>]*method=\"post\".*?</form>", text, flags=re.DOTALL):
        by_its_own_signature = "/mail/stop/" in form  # RFC 8058: mail programs post there too
        assert "csrf()" in form or "csrf_field" in form or by_its_own_signature, form[:200]


def test_the_lock_holds_no_addresses() -> None:
    assert "://" not in (ROOT / "requirements.lock").read_text()
