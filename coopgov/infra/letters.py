"""How a mail is written: one template, two parts.

``templates/email/KIND.txt`` starts with ``Subject: …`` and a blank line; then paragraphs. A paragraph ``>> Words |
ADDRESS`` is a button and ``-- Words | ADDRESS`` a link of the small print; lines that start with ``> `` are quoted.
Every value filled in is folded to one line, so that nobody's text can make a paragraph or a button; the filter
``quoted`` lets several lines in, quoted.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from coopgov import paths
from coopgov.core.text import clean_lines, one_line
from coopgov.infra import i18n


@dataclass(frozen=True)
class Written:
    """A mail in words: subject, plain text and HTML."""

    subject: str
    text: str
    html: str


class _Lines(str):
    """Text that may keep its line ends because each line is quoted."""

    __slots__ = ()


def _quoted(text: str) -> _Lines:
    return _Lines("\n".join(f"> {line}" for line in clean_lines(text).split("\n")))


def _folded(value: object) -> object:
    return value if isinstance(value, _Lines) else one_line(str(value))


@cache
def _environment() -> Environment:
    environment = Environment(  # noqa: S701 - plain text; _html escapes
        loader=FileSystemLoader(paths.TEMPLATES / "email"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_folded,
    )
    i18n.install(environment)
    environment.filters["quoted"] = _quoted
    return environment


def write_letter(kind: str, language: str, zone: str, facts: dict[str, Any]) -> Written:
    """The mail ``kind`` in ``language``; raises UndefinedError when a fact that the template needs is missing."""
    with i18n.speaking(language, zone):
        source = _environment().get_template(f"{kind}.txt").render(facts)
    subject, _, body = source.partition("\n")
    paragraphs = [p.strip("\n") for p in body.split("\n\n") if p.strip()]
    return Written(subject.removeprefix("Subject:").strip(), _text(paragraphs), _html(paragraphs, language))


def _link(paragraph: str) -> tuple[str, str] | None:
    if not paragraph.startswith((">> ", "-- ")):
        return None
    words, _, address = paragraph[3:].rpartition(" | ")
    return words, address


def _text(paragraphs: list[str]) -> str:
    parts = [f"{link[0]}:\n{link[1]}" if (link := _link(p)) else p for p in paragraphs]
    return "\n\n".join(parts) + "\n"


def _html(paragraphs: list[str], language: str) -> str:
    body = Markup("\n").join(_html_paragraph(p) for p in paragraphs)
    return _PAGE.format(language=language, body=body)


def _html_paragraph(paragraph: str) -> Markup:
    if link := _link(paragraph):
        shape = _BUTTON if paragraph.startswith(">") else _SMALL
        return shape.format(words=link[0], address=link[1])
    if paragraph.startswith("> "):
        lines = Markup("<br>").join(escape(line.removeprefix("> ").removeprefix(">")) for line in paragraph.split("\n"))
        return _QUOTE.format(lines)
    return _PARAGRAPH.format(Markup("<br>").join(escape(line) for line in paragraph.split("\n")))


# Mail programs know no style sheets: the few colours of static/site.css stand here again, as attributes.
_PAGE = Markup(
    '<!doctype html><html lang="{language}"><head><meta charset="utf-8"><meta name="color-scheme" content="light dark">'
    '</head><body style="margin:0;padding:24px;background:#fbfaf6;color:#1d2321;font:17px/1.6 sans-serif;'
    'overflow-wrap:anywhere">'
    '<div style="max-width:36em;margin:0 auto">{body}</div></body></html>'
)
_BUTTON = Markup(
    '<p style="margin:24px 0"><a href="{address}" style="display:inline-block;padding:12px 24px;border-radius:4px;'
    'background:#14594a;color:#ffffff;font-weight:bold;text-decoration:none">{words}</a></p>'
)
_SMALL = Markup('<p style="margin:8px 0;font-size:15px"><a href="{address}" style="color:#0f5c8c">{words}</a></p>')
_QUOTE = Markup('<blockquote style="margin:16px 0;padding-left:16px;border-left:3px solid #7d8480">{}</blockquote>')
_PARAGRAPH = Markup('<p style="margin:16px 0">{}</p>')
