"""Every sentence that a person can read exists in every language, with the same blanks to fill in."""

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_keywords, parse_mapping_cfg
from babel.messages.pofile import read_po

from coopgov.infra.i18n import gettext, languages, ngettext, percent, relative, speaking
from tests.conftest import NOW

ROOT = Path(__file__).parents[1]
KEYWORDS = parse_keywords(["_", "N_", "lazy", "gettext", "ngettext:1,2"])
OTHERS = [code for code in languages() if code != "en"]


def extracted() -> set[str]:
    """Message ids in code and templates."""
    with (ROOT / "babel.cfg").open() as config:
        mapping, options = parse_mapping_cfg(config)
    found = extract_from_dir(ROOT, mapping, options, KEYWORDS)
    return {_singular(message) for _file, _line, message, _comments, _context in found if message} - {""}


def _singular(message: object) -> str:
    return str(message[0] if isinstance(message, tuple) else message)


def catalog(code: str) -> Catalog:
    with (ROOT / f"coopgov/translations/{code}/LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=code)


def messages(code: str) -> list[Message]:
    return [m for m in catalog(code) if m.id]


def test_there_is_more_than_one_language() -> None:
    assert len(languages()) >= 2


@pytest.mark.parametrize("code", OTHERS)
def test_nothing_is_missing_or_left_over(code: str) -> None:
    there = {_singular(m.id) for m in messages(code)}
    assert (extracted() - there, there - extracted()) == (set(), set())


@pytest.mark.parametrize("code", OTHERS)
def test_everything_is_translated_for_sure(code: str) -> None:
    open_ones = [_singular(m.id) for m in messages(code) if m.fuzzy or not all(_forms(m.string))]
    assert open_ones == []


def _forms(words: object) -> list[str]:
    return [str(w) for w in words] if isinstance(words, tuple | list) else [str(words)]


@pytest.mark.parametrize("code", OTHERS)
def test_the_blanks_are_the_same(code: str) -> None:
    wrong = []
    for message in messages(code):
        wanted = set(re.findall(r"%\((\w+)\)s", " ".join(_forms(message.id))))
        for form in _forms(message.string):
            has = set(re.findall(r"%\((\w+)\)s", form))
            if not has <= wanted or (has != wanted and wanted - has - {"num", "count", "number"}):
                wrong.append((_singular(message.id), form))
    assert wrong == []


@pytest.mark.parametrize("code", OTHERS)
def test_markup_and_ends_are_kept(code: str) -> None:
    wrong = [
        _singular(m.id)
        for m in messages(code)
        for form in _forms(m.string)
        if re.findall(r"</?\w+", form) != re.findall(r"</?\w+", _singular(m.id)) or form != form.strip() != m.id
    ]
    assert [w for w in wrong if w == w.strip()] == []


def test_an_unknown_language_falls_back_to_english() -> None:
    with speaking("tlh", "UTC"):
        assert gettext("Agree") == "Agree"
        assert ngettext("%(num)s vote", "%(num)s votes", 2) == "2 votes"


@pytest.mark.parametrize(
    ("part", "whole", "shown"), [(66, 100, "66%"), (2, 3, "66.6%"), (2999, 3000, "99.9%"), (0, 0, "–")]
)
def test_a_share_is_cut_and_never_rounded_up_to_a_limit_it_missed(part: int, whole: int, shown: str) -> None:
    with speaking("en", "UTC"):
        assert percent(part, whole) == shown


def test_times_ahead_and_past_are_said_in_words() -> None:
    from datetime import timedelta

    with speaking("en", "UTC"):
        assert relative(NOW + timedelta(days=7, hours=1), NOW) == "in 7 days"
        assert relative(NOW - timedelta(hours=3), NOW) == "3 hours ago"
        assert relative(NOW + timedelta(seconds=10), NOW) == "in 1 minute"
