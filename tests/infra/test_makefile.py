"""The first command of a newcomer: what it says when something is missing, and what it installs with."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(not shutil.which("make"), reason="make is not installed")

NO_UV = "#!/bin/sh\nexit 127\n"
LOGS = '#!/bin/sh\necho "$0 $*" | sed "s|.*/||" >> "$LOG"\n'


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, tmp_path / name)
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    return tmp_path


def program(checkout: Path, name: str, text: str) -> None:
    path = checkout / name
    path.write_text(text)
    path.chmod(0o755)


def make(checkout: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    environment = {"PATH": f"{checkout / 'bin'}:/usr/bin:/bin", "LOG": str(checkout / "log")}
    command = ["make", "--no-print-directory", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def said(checkout: Path) -> list[str]:
    return (checkout / "log").read_text().splitlines()


def python_that(checkout: Path, refuses: str) -> None:
    """A python3 that fails when asked for ``refuses`` and notes everything else that it is asked."""
    program(checkout, "bin/uv", NO_UV)
    program(checkout, "bin/python3", f'#!/bin/sh\ncase "$*" in *"{refuses}"*) exit 1;; esac\n' + LOGS.split("\n", 1)[1])


def test_make_alone_lists_every_target(checkout: Path) -> None:
    listed = make(checkout).stdout.splitlines()
    targets = re.findall(r"^([a-z]+):", (checkout / "Makefile").read_text(), re.MULTILINE)
    assert [line.split()[1] for line in listed] == targets
    assert {"demo", "test", "lint", "types", "lock", "translations", "clean"} <= set(targets)


def test_an_old_python_gets_one_sentence(checkout: Path) -> None:
    python_that(checkout, "version_info")
    done = make(checkout, "test")
    assert done.returncode
    assert done.stdout == (
        "coopgov needs Python 3.11 or newer: install it, or name it with make PYTHON=/path/to/python3.12.\n"
    )


def test_a_missing_venv_module_gets_one_sentence_with_its_package(checkout: Path) -> None:
    python_that(checkout, "ensurepip")
    done = make(checkout, "test")
    assert done.returncode
    assert done.stdout == (
        "Python's venv module is missing: install the package python3-venv (apt install python3-venv).\n"
    )
    assert not (checkout / ".venv/.ready").exists()


def test_without_uv_it_installs_by_venv_and_pip_with_hashes(checkout: Path) -> None:
    python_that(checkout, "nothing at all")
    for name in ("python", "pytest"):
        program(checkout, f".venv/bin/{name}", LOGS)
    assert make(checkout, "test").returncode == 0
    steps = said(checkout)
    assert steps[2] == "python3 -m venv .venv"
    assert "--require-hashes -r requirements.lock" in steps[3]
    assert "--no-deps -e ." in steps[4]
    assert steps[5] == "pytest -n 2 --dist worksteal -W error"


def test_with_uv_it_installs_by_uv_and_only_once(checkout: Path) -> None:
    program(checkout, "bin/uv", LOGS)
    program(checkout, ".venv/bin/coopgov", LOGS)
    assert make(checkout, "demo", "PORT=8123").returncode == 0
    steps = said(checkout)
    assert "--require-hashes -r requirements.lock" in steps[2]
    assert "--no-deps -e ." in steps[3]
    assert steps[4] == "coopgov serve --demo --port 8123"
    assert make(checkout, "demo").returncode == 0
    assert said(checkout)[5:] == ["coopgov serve --demo --port 8000"]


def test_a_failed_installation_is_not_taken_for_done(checkout: Path) -> None:
    program(checkout, "bin/uv", '#!/bin/sh\ncase "$*" in *require-hashes*) exit 1;; esac\n')
    assert make(checkout, "test").returncode
    assert not (checkout / ".venv/.ready").exists()


def test_the_lock_holds_hashes_and_no_addresses() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    assert "--hash=sha256:" in lock
    assert not re.findall(r"://|^--(?:extra-)?index|^--find-links|^#", lock, re.MULTILINE)


def test_the_licence_is_the_whole_affero_licence() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.lstrip().startswith("GNU AFFERO GENERAL PUBLIC LICENSE")
    assert "13. Remote Network Interaction" in text
    assert len(text) == 34_523
