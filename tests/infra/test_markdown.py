"""Texts of people become HTML that cannot harm, mentions are found where a reader would see them."""

import time
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Kind, Refused
from coopgov.infra.markdown import _CLEANER, REFUSALS, TOO_LONG, mentioned, plain_text, to_html

REL = 'rel="nofollow noopener ugc"'
PEOPLE = {"Ada": "/people/1", "Ada Lovelace": "/people/2", "Zoë van Dijk": "/people/3", "Straße": "/people/4"}
ALLOWED = {"p", "br", "a", "em", "strong", "s", "ul", "ol", "li", "blockquote", "code", "pre", "hr"}
ALLOWED |= {"h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"}


class Seen(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.text = list[str](), list[tuple[str, str, str]](), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


def harmless(html: str) -> bool:
    seen = Seen(html)
    links = [value for _, name, value in seen.attributes if name == "href"]
    return (
        "<script" not in html.lower()
        and set(seen.tags) <= ALLOWED
        and {(tag, name) for tag, name, _ in seen.attributes}
        <= {("a", "href"), ("a", "rel"), ("a", "class"), ("ol", "start")}
        and all(
            link.lower().startswith(("http://", "https://", "mailto:", "/t/", "/p/", "/g/", "/people/"))
            for link in links
        )
    )


def test_a_text_is_set_in_html() -> None:
    html = to_html("Hello *dear* **friends**\n\n- one\n- two\n\n> said\n\n~~gone~~ `code`")
    assert html == (
        "<p>Hello <em>dear</em> <strong>friends</strong></p>\n<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
        "<blockquote>\n<p>said</p>\n</blockquote>\n<p><s>gone</s> <code>code</code></p>"
    )


def test_a_table_is_a_table() -> None:
    seen = Seen(to_html("| item | £ |\n|---|--:|\n| rent | 40 |"))
    assert seen.tags == ["table", "thead", "tr", "th", "th", "tbody", "tr", "td", "td"]
    assert seen.attributes == []


def test_the_empty_corner_of_a_table_is_no_heading() -> None:
    assert Seen(to_html("| | £ |\n|---|--:|\n| rent | 40 |")).tags[:5] == ["table", "thead", "tr", "td", "th"]


def test_an_address_becomes_a_link() -> None:
    assert to_html("see https://social.coop/about.") == (
        f'<p>see <a href="https://social.coop/about" {REL}>https://social.coop/about</a>.</p>'
    )


def test_a_file_name_is_not_an_address() -> None:
    assert to_html("in README.md and example.org") == "<p>in README.md and example.org</p>"


@pytest.mark.parametrize("path", ["/t/1-budget", "/p/7", "/p/7-x/results.json", "/g/tech/", "/t/1?page=2#c9"])
def test_a_path_to_our_own_threads_proposals_and_groups_is_a_link(path: str) -> None:
    assert f'<a href="{path}"' in to_html(f"[here]({path})")


@pytest.mark.parametrize(
    "target",
    [
        "/sign-out",
        "/admin",
        "/t/../admin",
        "/t/%2e%2e/admin",
        "/t/./../admin",
        "/t//evil.example",
        "//evil.example/t/1",
        "/\\evil.example",
        "/t/\\evil",
        "t/1",
        "?next=/t/1",
        "#top",
        "https:evil",
        "https:///evil",
        "https:/\\evil",
    ],
)
def test_any_other_path_stays_text(target: str) -> None:
    assert "<a" not in to_html(f"[here]({target})")


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><style><img src=x onerror=alert(1)></style></svg>",
        '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=alert(1)&gt;">',
        '<p style="position:fixed" id="results" name="x" hx-get="/x">clobber</p>',
        "<form action=/x><input name=csrf_token><button>go",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java&#x0A;script:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](\x01javascript:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "![x](data:image/png;base64,AAAA)",
        "[x](vbscript:x) <javascript:alert(1)>",
        "[x]: javascript:alert(1)\n\n[x]",
        '[x](https://a.example "onclick=alert(1)")',
        '[x](https://a.example/"onclick="alert(1))',
        "```html onload=alert(1)\n<script>alert(1)</script>\n```",
        '``` "onclick=alert(1)\nx\n```',
        "<!--><script>alert(1)</script>-->",
        "<![CDATA[<script>alert(1)</script>]]>",
        "| <b onmouseover=alert(1)> |\n|-|\n| <script>x</script> |",
        "\ud800<script>",
        "\x00<script\x00>",
    ],
)
def test_a_hostile_text_is_harmless(payload: str) -> None:
    assert harmless(to_html(payload))


def test_html_is_shown_as_it_was_typed() -> None:
    assert to_html("<b onclick=x>") == "<p>&lt;b onclick=x&gt;</p>"


def test_a_picture_becomes_a_link_to_it() -> None:
    assert to_html("![our *hall*](https://a.example/hall.png)") == (
        f'<p><a href="https://a.example/hall.png" {REL}>our hall</a></p>'
    )


def test_a_picture_without_words_shows_its_address() -> None:
    assert ">https://a.example/hall.png</a>" in to_html("![](https://a.example/hall.png)")


def test_a_picture_in_a_link_leaves_its_words() -> None:
    assert to_html("[![logo](https://a.example/l.png)](https://b.example)") == (
        f'<p><a href="https://b.example" {REL}>logo</a></p>'
    )


def test_a_link_has_no_title() -> None:
    assert Seen(to_html('[x](https://a.example "tip")')).attributes == [
        ("a", "href", "https://a.example"),
        ("a", "rel", "nofollow noopener ugc"),
    ]


def test_nothing_turns_the_reading_direction() -> None:
    assert to_html("a\u202eb\u202dc") == "<p>abc</p>"


def _headings(source: str) -> list[str]:
    return [tag for tag in Seen(to_html(source)).tags if tag.startswith("h")]


def test_headings_begin_below_those_of_the_page() -> None:
    assert _headings("# a\n## b\n# c") == ["h3", "h4", "h3"]
    assert _headings("Title\n=====\n\nPart\n----") == ["h3", "h4"]


def test_headings_leave_no_level_out() -> None:
    assert _headings("#### a\n###### b") == ["h3", "h4"]
    assert _headings("## a\n# b") == ["h3", "h3"]


@given(st.lists(st.integers(1, 6), min_size=1, max_size=12))
def test_every_heading_is_at_most_one_level_below_the_one_before(levels: list[int]) -> None:
    shown = [int(tag[1]) for tag in _headings("\n\n".join("#" * level + " x" for level in levels))]
    assert len(shown) == len(levels)
    assert shown[0] == 3
    assert all(3 <= level <= 6 for level in shown)
    assert all(after <= before + 1 for before, after in pairwise(shown))


# Length


def test_the_longest_text_is_taken() -> None:
    assert len(to_html("x" * TOO_LONG)) == TOO_LONG + len("<p></p>")


@pytest.mark.parametrize("text", ["x" * (TOO_LONG + 1), "é" * (TOO_LONG // 2 + 1)])
def test_a_longer_one_is_refused_before_it_is_read(text: str) -> None:
    for reader in (to_html, lambda source: mentioned(source, PEOPLE)):
        with pytest.raises(Refused) as refused:
            reader(text)
        assert refused.value.reason == "text.too_long"
        assert refused.value.facts == {"most": TOO_LONG, "length": len(text.encode())}


def test_the_refusal_has_a_sentence() -> None:
    kind, sentence = REFUSALS["text.too_long"]
    assert kind is Kind.INVALID
    assert sentence.endswith(".")


@pytest.mark.parametrize(
    "pattern",
    ["*", "_", "[", "![", "`", "`a", "> ", "- ", "<a", "@", "@A", "@Ada ", "http://", "a@b.c ", "(", "[a](", "~~", "|a",
     "|-|\n", "[x]: y\n", "&#x0;", "\\", "*a_", "**x", "1) ", "#\n", "<!--", "![a](https://b) ", "&amp", "\n\n"],
)  # fmt: skip
def test_the_worst_texts_take_no_more_than_seconds(pattern: str) -> None:
    text = (pattern * TOO_LONG)[:TOO_LONG]
    began = time.process_time()
    html = to_html(text, PEOPLE)
    assert time.process_time() - began < 3
    assert harmless(html)


# Mentions


def test_a_mention_becomes_a_link() -> None:
    assert to_html("Thanks @Ada Lovelace!", PEOPLE) == (
        f'<p>Thanks <a href="/people/2" class="mention" {REL}>@Ada Lovelace</a>!</p>'
    )


def test_only_those_who_are_named_are_linked() -> None:
    assert "<a" not in to_html("Thanks @Ada Lovelace", {"Grace": "/people/9"})
    assert "<a" not in to_html("Thanks @Ada Lovelace")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("@Ada", {"Ada"}),
        ("@ada, @ADA LOVELACE", {"Ada", "Ada Lovelace"}),
        ("(@Ada) and *@Zoë van Dijk*", {"Ada", "Zoë van Dijk"}),
        ("@Zoe\u0308 van Dijk", {"Zoë van Dijk"}),
        ("@Straße.", {"Straße"}),
        ("@Ada Lovelaces", {"Ada"}),
        ("@Ada's idea", {"Ada"}),
        ("# @Ada", {"Ada"}),
        ("> - @Ada", {"Ada"}),
        ("|x|\n|-|\n|@Ada|", {"Ada"}),
        ("\\@Ada", {"Ada"}),
        ("@Adam", set()),
        ("@Ada-Marie", set()),
        ("@Ada_", set()),
        ("x@Ada", set()),
        ("ada@Ada", set()),
        ("mail @Ada@social.coop", set()),
        ("me@ada.example", set()),
        ("`@Ada`", set()),
        ("    @Ada", set()),
        ("```\n@Ada\n```", set()),
        ("[@Ada](https://a.example)", set()),
        ("https://social.coop/@Ada", set()),
        ("<https://a.example/@Ada>", set()),
        ("@", set()),
        ("@ Ada", set()),
        ("", set()),
    ],
)
def test_a_mention_is_found_where_a_reader_sees_one(source: str, found: set[str]) -> None:
    assert mentioned(source, PEOPLE) == found
    links = [value for _, name, value in Seen(to_html(source, PEOPLE)).attributes if name == "href"]
    assert {path for path in links if path.startswith("/people/")} == {PEOPLE[name] for name in found}


def test_a_name_cannot_bring_markup() -> None:
    html = to_html("@<b>x", {"<b>x": "/people/1"})
    assert harmless(html)
    assert "&lt;b&gt;x</a>" in html


def test_a_mention_cannot_lead_off_the_site() -> None:
    assert "evil" not in to_html("@Ada", {"Ada": "//evil.example"})
    assert "javascript" not in to_html("@Ada", {"Ada": "javascript:alert(1)"})


# Words alone


def test_plain_text_has_the_words_and_nothing_else() -> None:
    html = to_html("# Rent\n\nIt is *£40* & more,\nor <less>.\n\n- one\n- two\n\n[here](https://a.example) `x`")
    assert plain_text(html) == "Rent\nIt is £40 & more,\nor <less>.\none\ntwo\nhere x"


def test_plain_text_keeps_cells_apart() -> None:
    assert plain_text("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>") == "a b\nc"


# Whatever is typed

WORDS = ["<script>", "</script>", "<img", " onerror=x>", "javascript:", "[x](", ")", "![", "](https://a.example)"]
WORDS += [
    "`",
    "```",
    "~~",
    "**",
    "_",
    "|",
    "\n|-|\n",
    "# ",
    "> ",
    "- ",
    "1. ",
    "@Ada",
    " style=",
    " id=x",
    " on=",
    "\\",
]
WORDS += ["&#x6a;", "&lt;", "<!--", "-->", "https://a.example", "data:", "/t/1", '"', "'", ":", " ", "\n", "\n\n"]
PIECES = st.lists(st.sampled_from(WORDS) | st.text(max_size=5)).map("".join)


@given(PIECES)
def test_no_text_makes_harmful_html(source: str) -> None:
    assert harmless(to_html(source, PEOPLE))


@given(PIECES)
def test_cleaning_again_changes_nothing(source: str) -> None:
    html = to_html(source, PEOPLE)
    assert _CLEANER.clean(html) == html


@given(PIECES)
def test_plain_text_has_no_tags_left(source: str) -> None:
    html = to_html(source, PEOPLE)
    assert "".join(plain_text(html).split()) == "".join(Seen(html).text.split())
