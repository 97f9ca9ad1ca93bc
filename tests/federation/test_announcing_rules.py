"""Pure rules of announcements: lengths as Mastodon counts them, excerpts, hashtags."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.core.errors import Refused
from coopgov.federation.rules.announcing import (
    LONGEST_EXCERPT,
    LONGEST_POST,
    LONGEST_TITLE,
    Post,
    check_by_hand,
    counted,
    hashtag,
    length_of,
    tags_of,
    with_excerpt,
    with_whole,
)

POST = Post("New discussion: Where shall we host?", "Anybody can read along.", "/t/1", "en", (("Tech", "/g/tech"),))
texts = st.text(max_size=1500)


def test_an_address_counts_as_mastodon_counts_it() -> None:
    assert counted("https://example.org/" + "x" * 300) == 23
    assert counted("Größe 1") == 7


def test_the_length_of_a_post_holds_its_title_words_link_and_hashtags() -> None:
    assert length_of(Post("abc", "de\nf", "/", "en")) == 3 + 2 + 2 + 2 + 1 + 2 + 23
    assert length_of(Post("", "de", "/", "en", (("Tech", "/g/tech"), ("Art", "/g/art")))) == 2 + 2 + 23 + 2 + 10


def test_an_excerpt_stands_before_what_we_say() -> None:
    assert with_excerpt(POST, "We have outgrown it.").words == "We have outgrown it.\nAnybody can read along."


def test_nothing_is_made_of_a_text_without_words() -> None:
    assert with_excerpt(POST, " \n ") == POST


def test_there_is_no_excerpt_where_only_a_word_of_it_would_fit() -> None:
    full = replace(POST, words="x" * (LONGEST_POST - length_of(replace(POST, words="")) - 20))
    assert with_excerpt(full, "word " * 50) == full


@given(texts, st.text(max_size=150), st.text(max_size=240))
def test_a_post_with_an_excerpt_fits_into_mastodon(text: str, title: str, words: str) -> None:
    post = replace(POST, title=title.replace("\n", " "), words=words)
    assert length_of(with_excerpt(post, text)) <= max(LONGEST_POST, length_of(post))


@given(st.text("abc dé 語", max_size=200), st.lists(st.text("abc dé 語", max_size=400), max_size=4))
def test_a_post_that_has_to_hold_a_hash_holds_it_whole_and_fits(title: str, paragraphs: list[str]) -> None:
    post = with_whole(replace(POST, title=title, words="\n".join(filter(str.strip, paragraphs))), f"M: {'f' * 64}")
    assert post.words.split("\n")[-1] == f"M: {'f' * 64}"
    assert length_of(post) <= LONGEST_POST


def test_the_title_is_cut_for_a_hash_before_the_words_are() -> None:
    post = with_whole(replace(POST, title="Quinces " * 25, words="w" * 250), f"M: {'f' * 64}")
    assert post.words == f"{'w' * 250}\nM: {'f' * 64}"
    assert post.title.startswith("Quinces Quinces ")
    assert LONGEST_POST - 10 < length_of(post) <= LONGEST_POST


def test_a_post_that_is_short_enough_stays_as_it_is_beside_a_hash() -> None:
    assert with_whole(POST, "M: f") == replace(POST, words="Anybody can read along.\nM: f")


@given(texts)
def test_an_excerpt_is_one_short_paragraph(text: str) -> None:
    first = with_excerpt(replace(POST, words=""), text).words
    assert len(first) <= LONGEST_EXCERPT
    assert len(first.splitlines()) <= 1


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("Tech", "Tech"),
        ("trust & safety", "TrustSafety"),
        ("Öffentlichkeits-Arbeit", "ÖffentlichkeitsArbeit"),
        ("広報 チーム", "広報チーム"),
        ("Board 2026", "Board2026"),
        ("snake_case", "SnakeCase"),
        ("समूह १", "समूह१"),
        ("½ Pint", "Pint"),
        ("2026", ""),
        ("– ✂ –", ""),
        ("e\u0301quipe", "Équipe"),
    ],
)
def test_a_group_gives_a_hashtag_in_any_script(name: str, tag: str) -> None:
    assert hashtag(name) == tag


@given(st.text(max_size=80))
def test_a_hashtag_is_one_word(name: str) -> None:
    tag = hashtag(name)
    assert tag == "" or any(sign.isalpha() for sign in tag)
    assert not any(sign.isspace() or sign in "#_-.&" for sign in tag)


def test_a_group_whose_name_gives_no_hashtag_has_none() -> None:
    assert tags_of([("2026", "/g/2026"), ("Tech", "/g/tech")]) == (("Tech", "/g/tech"),)


def test_what_somebody_wrote_is_tidied() -> None:
    assert check_by_hand("  Open\nday ", "\r\nCome by.\r\n\r\nBring cake.\n") == ("Open day", "Come by.\n\nBring cake.")


@pytest.mark.parametrize(
    ("title", "words", "reason", "field"),
    [
        ("Open day", " \n ", "announcement.words_needed", "words"),
        ("", "x" * (LONGEST_POST + 1), "announcement.too_long", "words"),
        ("x" * (LONGEST_TITLE + 1), "Come by.", "announcement.title_too_long", "title"),
    ],
)
def test_what_does_not_fit_is_refused(title: str, words: str, reason: str, field: str) -> None:
    with pytest.raises(Refused) as refused:
        check_by_hand(title, words)
    assert (refused.value.reason, refused.value.field) == (reason, field)


def test_as_much_as_fits_is_taken() -> None:
    assert check_by_hand("x" * LONGEST_TITLE, "y" * LONGEST_POST) == ("x" * LONGEST_TITLE, "y" * LONGEST_POST)
