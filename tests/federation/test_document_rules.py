"""Words become HTML that stands anywhere, lists have cursors that stay, pictures have our letters."""

import io
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from coopgov.federation.rules.documents import collection_page, html_of
from coopgov.federation.rules.icon import icon, initials
from coopgov.infra.markdown import plain_text


class Elements(HTMLParser):
    """Which elements and addresses there are."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.hrefs: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.hrefs += [value or "" for name, value in attrs if name == "href"]
        assert {name for name, _ in attrs} <= {"href", "class", "rel"}


@given(title=st.text(), words=st.text(), name=st.text(min_size=1))
def test_any_words_give_only_the_elements_that_mastodon_keeps(title: str, words: str, name: str) -> None:
    found = Elements(html_of(title, words, "https://coop.example/p/7", [(name, "https://coop.example/g/x")]))
    assert found.tags <= {"p", "strong", "a", "span"}
    assert all(address.startswith(("https://", "http://")) for address in found.hrefs)


@given(title=st.text("abc<>&\"' ", min_size=1), words=st.text("abc<>&\"' \n"))
def test_every_word_can_be_read_as_it_was_written(title: str, words: str) -> None:
    shown = plain_text(html_of(title, words, "", []))
    wanted = [" ".join(line.split()) for line in (title, *words.splitlines())]
    assert shown.splitlines() == [line for line in wanted if line]


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ("See https://x.example.", "https://x.example"),
        ("(https://x.example/a)", "https://x.example/a"),
        ("https://x.example/a_(b), and", "https://x.example/a_(b)"),
        ("“https://x.example/a”", "https://x.example/a"),
        ("https://x.example/?a=1&b=2!", "https://x.example/?a=1&b=2"),
        ("http://x.example/ö", "http://x.example/ö"),
    ],
)
def test_an_address_ends_where_its_sentence_goes_on(words: str, address: str) -> None:
    assert Elements(html_of("", words, "", [])).hrefs == [address]


@pytest.mark.parametrize("words", ["javascript:alert(1)", "x.example", "ftp://x.example", "https:// x"])
def test_only_web_addresses_become_links(words: str) -> None:
    assert Elements(html_of("", words, "", [])).hrefs == []


def test_a_page_names_itself_its_list_and_what_follows() -> None:
    page = collection_page("https://coop.example/o", 40, ["a"], 20)
    assert page["id"] == "https://coop.example/o?page=true&before=40"
    assert page["next"] == "https://coop.example/o?page=true&before=20"
    assert page["partOf"] == "https://coop.example/o"


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Harbour Social Co-op", "HC"),
        ("harbour", "H"),
        ("élan vital", "EV"),
        ("  3 rivers  ", "3R"),
        ("“Quoted” (Ltd)", "QL"),
        ("Aa Aa", "A"),
        ("合作社", ""),
        ("— …", ""),
        ("", ""),
    ],
)
def test_initials_are_those_of_the_first_word_and_the_last(name: str, letters: str) -> None:
    assert initials(name) == letters


@given(name=st.text(max_size=20))
def test_every_name_has_a_picture(name: str) -> None:
    picture = Image.open(io.BytesIO(icon(initials(name))))
    assert picture.size == (400, 400)
    assert len(picture.getcolors(100_000)) > 1
