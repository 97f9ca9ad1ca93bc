"""The note on the next page after something was done: ``?said=key``, where the key names one of a few fixed sentences.

It needs no cookie and no session row; an invented key says nothing.
"""

from urllib.parse import urlencode

from flask import current_app, redirect, request
from werkzeug.wrappers import Response

from coopgov.infra.i18n import gettext as _

Sayings = dict[str, str]  # key → sentence, marked with N_


def go(path: str, said: str = "", anchor: str = "") -> Response:
    """The answer after a successful POST: 303 to ``path``, which then shows the note ``said``."""
    asked = {"said": said, "lang": request.args.get("lang", "")}  # a visitor's language goes along
    given = {name: value for name, value in asked.items() if value}
    query = ("&" if "?" in path else "?") + urlencode(given) if given else ""
    return redirect(path + query + (f"#{anchor}" if anchor else ""), 303)


def spoken() -> list[tuple[str, str]]:
    """Notes for the layout of the page being rendered."""
    sayings: Sayings = current_app.extensions["coopgov.sayings"]
    sentence = sayings.get(request.args.get("said", ""))
    return [("success", _(sentence))] if sentence else []
