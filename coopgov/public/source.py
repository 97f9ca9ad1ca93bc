"""The program's own source, offered to everybody who uses it over the network (AGPL, version 3, section 13)."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from coopgov import __version__, paths

NAME = f"coopgov-{__version__}"
BESIDE = (  # the package, in a checkout; a wheel carries templates, static files and migrations inside the package
    *(
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "CONTRIBUTING.md",
        "FEDERATION.md",
        "Makefile",
        "babel.cfg",
        "pyproject.toml",
    ),
    *("requirements.lock", "wsgi.py", "templates", "static", "migrations", "tests", "docs", "bench", ".ci"),
)
NO_SOURCE = {".pyc", ".pyo", ".db", ".key", ".env"}
MADE = {"__pycache__", "node_modules"}  # folders of what others wrote or a program made of it


@cache
def tarball() -> bytes:
    """The files of the running program as ``coopgov-VERSION.tar.gz``; the same files give the same bytes."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for path in sorted(source_files()):
            _add(tar, path)
    return packed.getvalue()


def source_files() -> Iterator[Path]:
    """Every file that the program is made of, and nothing that an installation wrote."""
    tops = [paths.PACKAGE]
    if paths.PACKAGE.parent == paths.ROOT:
        tops += [paths.ROOT / name for name in BESIDE]
    for top in tops:
        yield from (path for path in ([top] if top.is_file() else top.rglob("*")) if _is_source(path))


def _is_source(path: Path) -> bool:
    is_made = path.suffix in NO_SOURCE or bool(MADE & set(path.parts))
    return path.is_file() and not path.is_symlink() and not is_made


def _add(tar: tarfile.TarFile, path: Path) -> None:
    entry = tarfile.TarInfo(f"{NAME}/{path.relative_to(paths.PACKAGE.parent)}")
    entry.size = path.stat().st_size
    with path.open("rb") as file:
        tar.addfile(entry, file)


@cache
def licence() -> str:
    """The licence's full text."""
    return next(path for path in (paths.ROOT / "LICENSE", paths.PACKAGE / "LICENSE") if path.exists()).read_text()
