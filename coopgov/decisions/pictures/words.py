"""Options and figures as they stand in a picture or a sentence."""

import unicodedata
from collections.abc import Mapping, Sequence
from fractions import Fraction

from coopgov.decisions.sentences import CHOICES
from coopgov.infra import i18n
from coopgov.infra.i18n import decimal_mark, listing, number, text_direction
from coopgov.infra.i18n import gettext as _

Texts = Mapping[str, str]
"""What people wrote, by option, in the order of the manifest."""

LONGEST_NAME = 60  # characters of an option inside a sentence


def name_of(option: str, texts: Texts) -> str:
    """The whole text of an option: what people wrote, else our word for it, else the option itself."""
    if option in texts:
        return texts[option]
    return _(CHOICES[option]) if option in CHOICES else option


def clipped(text: str, most: int = LONGEST_NAME) -> str:
    """``text`` on at most ``most`` characters, with an ellipsis where something is missing.

    >>> clipped("A bicycle shed behind the hall", 14)
    'A bicycle…'
    """
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    words = cut.rsplit(" ", 1)[0] if " " in cut and not text[most - 1].isspace() else cut
    return f"{words.rstrip(' ,;:.')}…"


def in_sentence(option: str, texts: Texts) -> str:
    """An option inside a sentence: clipped, and kept apart from words that run the other way."""
    name = clipped(name_of(option, texts))
    strong = {unicodedata.bidirectional(sign) for sign in name}
    foreign = {"L"} if text_direction() == "rtl" else {"R", "AL"}
    return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}" if strong & foreign else name


def names(options: Sequence[str], texts: Texts) -> str:
    """Several options inside a sentence: ``A, B and C``."""
    return listing([in_sentence(option, texts) for option in options])


def figure(value: str | int | Fraction) -> str:
    """A figure of a count with at most two decimals, cut and never rounded up to a quota that it missed.

    >>> figure("1904.00000"), figure("1911.69999"), figure("31/3")
    ('1,904', '1,911.69', '10.33')
    """
    whole, rest = divmod(int(Fraction(value) * 100), 100)
    return f"{number(whole)}{decimal_mark()}{rest:02d}" if rest else number(whole)


def ngettext(singular: str, plural: str, how_many: int, **facts: object) -> str:
    """The form for ``how_many``, which is also available as ``%(num)s``, grouped: results have large numbers."""
    return i18n.ngettext(singular, plural, how_many, **{"num": number(how_many), **facts})


def is_cut(value: str | int | Fraction) -> bool:
    """Whether ``figure`` leaves out decimals of ``value``."""
    return (Fraction(value) * 100).denominator != 1
