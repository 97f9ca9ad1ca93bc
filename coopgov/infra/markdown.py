"""Texts of people: Markdown in, HTML out that may stand on any page.

The parser makes nothing that is not wanted; the cleaner behind it would stop it if it did.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from html.parser import HTMLParser

import nh3
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_, clean_lines

TOO_LONG = 20_000  # bytes in UTF-8; the worst text of this length that we know takes about a second
TOP_HEADING = 3  # the page around owns h1 and h2
LOWEST_HEADING = 6

REFUSALS: Refusals = {
    "text.too_long": (
        Kind.INVALID,
        N_("This text is too long: about 20,000 letters fit. Shorten it, or divide it into two."),
    ),
}

_OVERRIDES = dict.fromkeys([0x202D, 0x202E])  # turn the reading direction of everything behind them
_OWN_PATH = re.compile(r"/[tpg]/[\w-]+(/[\w-]+)*(\.[a-z]+)?/?(\?[^\s\\]*)?(#[\w-]*)?", re.ASCII)
_SCHEMES = {"http", "https", "mailto"}
_BLOCKS = {"p", "br", "li", "blockquote", "pre", "h3", "h4", "h5", "h6", "hr", "tr", "table", "ul", "ol"}
_CELLS = {"td", "th"}
_INLINE = {"a", "em", "strong", "s", "code"}
_CLEANER = nh3.Cleaner(
    tags=_BLOCKS | _CELLS | _INLINE | {"thead", "tbody"},
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},
    allowed_classes={"a": {"mention"}},
    url_schemes=_SCHEMES,
    url_relative=lambda path: path if re.match(r"/(?![/\\])", path) else None,
    link_rel="nofollow noopener ugc",
    strip_comments=True,
)


class _Parser(MarkdownIt):
    def validateLink(self, url: str) -> bool:
        """True for a web or mail address, and for a path to our own threads, proposals and groups."""
        scheme, colon, rest = url.partition(":")
        if colon and scheme.lower() in _SCHEMES:
            return scheme.lower() == "mailto" or re.match(r"//[^/\\]", rest) is not None
        return _OWN_PATH.fullmatch(url) is not None


_PARSER = _Parser("commonmark", {"html": False, "linkify": True}).enable(["table", "strikethrough", "linkify"])
_RENDERER = RendererHTML()
if _PARSER.linkify:
    _PARSER.linkify.set({"fuzzy_link": False})  # README.md is a file, not a site in Moldova


def to_html(source: str, mentions: Mapping[str, str] = {}) -> str:
    """``source`` (CommonMark, tables, ~~strike~~) as clean HTML that starts with headings of level 3.

    ``@Name`` becomes a link for each name in ``mentions``, which maps names to paths on this site; of two that fit
    the longer wins, case does not matter. Pictures become links to them. Raises Refused above TOO_LONG bytes.
    """
    tokens = _parsed(source)
    _put_under_the_page(tokens)
    _empty_heads_into_cells(tokens)
    names = _Names(mentions)
    for token in tokens:
        if token.children:
            token.children = list(_with_mentions(_without_pictures(token.children), names, mentions))
    return _CLEANER.clean(_RENDERER.render(tokens, _PARSER.options, {})).strip()


def mentioned(source: str, names: Iterable[str]) -> set[str]:
    """Those of ``names`` that stand in ``source`` as ``@Name``, outside code, links and mail addresses.

    Of two that fit at one place the longer counts; case does not matter. Raises Refused above TOO_LONG bytes.
    """
    known = _Names(names)
    inlines = [token.children for token in _parsed(source) if token.children]
    return {name for children in inlines for text in _plain(children) for _, _, name in known.found_in(text.content)}


def plain_text(html: str) -> str:
    """The words of ``html``, one line for each block, without marks."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.words).splitlines())
    return "\n".join(line for line in lines if line)


def _parsed(source: str) -> list[Token]:
    raw = source.encode("utf-8", "replace")  # a lone surrogate, which JSON can carry, becomes a question mark
    if len(raw) > TOO_LONG:
        raise Refused("text.too_long", most=TOO_LONG, length=len(raw))
    text = unicodedata.normalize("NFC", clean_lines(raw.decode())).translate(_OVERRIDES)
    return _PARSER.parse(text)


def _put_under_the_page(tokens: list[Token]) -> None:
    """Gives the levels of heading that the text uses, highest first, h3 and below, leaving none out on the way."""
    headings = [token for token in tokens if token.type in ("heading_open", "heading_close")]
    used = sorted({token.tag for token in headings})
    before = TOP_HEADING - 1
    for token in headings:
        if token.type == "heading_open":
            before = min(TOP_HEADING + used.index(token.tag), before + 1, LOWEST_HEADING)
        token.tag = f"h{before}"


def _empty_heads_into_cells(tokens: list[Token]) -> None:
    """The empty corner of a table heads nothing, and would be read out as a heading without words."""
    for opening, words, closing in zip(tokens, tokens[1:], tokens[2:], strict=False):
        if opening.type == "th_open" and not words.content.strip():
            opening.tag = closing.tag = "td"


def _without_pictures(tokens: Iterable[Token]) -> Iterator[Token]:
    """``tokens`` with a link in place of each picture: a picture would tell its server who reads."""
    for token, in_link in _with_links(tokens):
        if token.type != "image":
            yield token
            continue
        address = str(token.attrs.get("src", ""))
        words = _text(_alternative(token) or address)
        yield from [words] if in_link else [_link(address), words, Token("link_close", "a", -1)]


def _alternative(image: Token) -> str:
    return _RENDERER.renderInlineAsText(image.children or [], _PARSER.options, {})


def _with_mentions(tokens: Iterable[Token], names: "_Names", paths: Mapping[str, str]) -> Iterator[Token]:
    for token, in_link in _with_links(tokens):
        if token.type == "text" and not in_link:
            yield from _linked(token.content, names, paths)
        else:
            yield token


def _linked(text: str, names: "_Names", paths: Mapping[str, str]) -> Iterator[Token]:
    done = 0
    for start, end, name in names.found_in(text):
        yield _text(text[done:start])
        yield _link(paths[name], "mention")
        yield _text(text[start:end])
        yield Token("link_close", "a", -1)
        done = end
    yield _text(text[done:])


def _plain(tokens: Iterable[Token]) -> Iterator[Token]:
    return (token for token, in_link in _with_links(tokens) if token.type == "text" and not in_link)


def _with_links(tokens: Iterable[Token]) -> Iterator[tuple[Token, bool]]:
    """Each token, and whether it stands inside a link."""
    depth = 0
    for token in tokens:
        depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
        yield token, depth > 0


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _link(address: str, css_class: str = "") -> Token:
    attributes: dict[str, str | int | float] = {"href": address}
    return Token("link_open", "a", 1, attrs={**attributes, "class": css_class} if css_class else attributes)


class _Names:
    """Finds names behind an @."""

    def __init__(self, names: Iterable[str]) -> None:
        composed = {unicodedata.normalize("NFC", name): name for name in names if name}
        self._by_key = {text.casefold(): name for text, name in composed.items()}
        self._lengths = sorted({len(text) for text in composed}, reverse=True)

    def found_in(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Start (the @), end and name of each mention in ``text``, in order."""
        at = text.find("@")
        while at >= 0:
            if not (at and _belongs_to_a_word(text[at - 1])):  # as in ada@example.org
                yield from self._longest_at(text, at)
            at = text.find("@", at + 1)

    def _longest_at(self, text: str, at: int) -> Iterator[tuple[int, int, str]]:
        for length in self._lengths:
            end = at + 1 + length
            name = self._by_key.get(text[at + 1 : end].casefold())
            if name and end <= len(text) and _ends_well(text, end):
                yield at, end, name
                return


def _belongs_to_a_word(character: str) -> bool:
    return character.isalnum() or character in "_+-/@" or unicodedata.combining(character) > 0


def _ends_well(text: str, end: int) -> bool:
    """True when a name that ends before ``end`` is not the beginning of a longer word, @handle@server or @a-b."""
    after, beyond = text[end : end + 1], text[end + 1 : end + 2]
    if after == "-":
        return not beyond.isalnum()
    return not after or not (_belongs_to_a_word(after) and after not in "+/")


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begins a line for a block, keeps cells of a table apart."""
        self.words.append("\n" if tag in _BLOCKS else " " if tag in _CELLS else "")

    def handle_endtag(self, tag: str) -> None:
        """Ends the line of a block."""
        self.handle_starttag(tag, [])

    def handle_data(self, data: str) -> None:
        """Keeps the words."""
        self.words.append(data)
