"""Files for the browser: read once at start, packed once, under addresses that name their content."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from pathlib import Path

from flask import Blueprint, Response, abort, current_app, request

from coopgov.infra.web.access import PUBLIC, allow

YEAR_S = 31_536_000
bp = Blueprint("static_files", __name__)


@dataclass(frozen=True)
class _File:
    body: bytes
    packed: bytes
    mimetype: str
    fingerprint: str


def load_files(folder: Path) -> dict[str, _File]:
    """Every file below ``folder`` by its relative name; README files stay home."""
    paths = [p for p in sorted(folder.rglob("*")) if p.is_file() and p.stem != "README"]
    return {p.relative_to(folder).as_posix(): _load(p) for p in paths}


def _load(path: Path) -> _File:
    body = path.read_bytes()
    mimetype = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return _File(body, gzip.compress(body, 9, mtime=0), mimetype, hashlib.sha256(body).hexdigest()[:12])


def _files() -> dict[str, _File]:
    files: dict[str, _File] = current_app.extensions["coopgov.static"]
    return files


def static_url(name: str) -> str:
    """Address of a file that changes with its content, so that browsers may keep it for a year."""
    return f"/static/{_files()[name].fingerprint}/{name}"


@bp.get("/static/<fingerprint>/<path:name>")
@allow(PUBLIC)
def serve_file(fingerprint: str, name: str) -> Response:
    found = _files().get(name)
    if found is None or fingerprint != found.fingerprint:
        abort(404)
    packs = found.mimetype.startswith(("text/", "image/svg")) and "gzip" in request.headers.get("Accept-Encoding", "")
    response = Response(found.packed if packs else found.body, mimetype=found.mimetype)
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    response.headers["Vary"] = "Accept-Encoding"
    response.headers["Cache-Control"] = f"public, max-age={YEAR_S}, immutable"
    return response
