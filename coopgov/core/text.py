"""Words: marking for translation, counting, shortening, names that cannot trick."""

import re
import unicodedata

_BIDI = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C])
_INVISIBLE = dict.fromkeys([0x200B, 0x2060, 0xFEFF, 0x00AD])
LONGEST_NAME = 80  # of a person, also as the public reads it
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
MOST_MARKS_IN_A_ROW = 4  # enough for Vietnamese and Hebrew; 200 of them hide the lines around


def N_(text: str) -> str:
    """``text`` itself: marks a sentence for translation where it is defined, not where it is shown."""
    return text


def one_line(text: str) -> str:
    """``text`` as a single clean line: NFC, white space folded, no control, direction or invisible characters."""
    text = unicodedata.normalize("NFC", text).translate(_BIDI).translate(_INVISIBLE)
    visible = "".join(" " if unicodedata.category(c) in ("Cc", "Zl", "Zp") else c for c in text)
    return " ".join(_limit_marks(visible).split())


def _limit_marks(text: str) -> str:
    kept: list[str] = []
    run = 0
    for character in text:
        run = run + 1 if unicodedata.combining(character) else 0
        if run <= MOST_MARKS_IN_A_ROW:
            kept.append(character)
    return "".join(kept)


def clean_lines(text: str) -> str:
    """``text`` as typed over several lines: line ends as ``\\n``, no NUL, no trailing blank lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "").strip("\n").rstrip()


def count_characters(text: str) -> int:
    """Length in Unicode code points, line ends counted once, as Mastodon counts and as the browser script does."""
    return len(text.replace("\r\n", "\n"))


def excerpt(text: str, limit: int = 200) -> str:
    """The first words of ``text`` on one line, at most ``limit`` code points, with an ellipsis when cut."""
    line = one_line(text)
    if len(line) <= limit:
        return line
    return line[: limit - 1].rsplit(" ", 1)[0].rstrip(" ,;:.") + "…"


def slug_of(title: str) -> str:
    """A readable tail for an address: ASCII letters, digits and hyphens, at most 60; may be empty."""
    ascii_only = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_only.lower()).strip("-")[:60].strip("-")


def fold_email(address: str) -> str:
    """The key under which an address is unique: white space off, case folded; dots and tags stay distinct."""
    return address.strip().casefold()


def shown_in_public(name: str, choice: str) -> str:
    """The name as the public reads it: ``full``, ``initial`` (first word and an initial), or ``none`` (empty).

    >>> shown_in_public("Ada Mary Lovelace", "initial")
    'Ada L.'
    """
    words = name.split()
    if choice == "none":
        return ""
    if choice == "initial":
        return words[0] if len(words) < 2 else f"{words[0][: LONGEST_NAME - 3]} {words[-1][0]}."
    return name


def safe_cell(value: object) -> object:
    """``value`` for a table file, with an apostrophe before text that a spreadsheet would compute.

    >>> safe_cell("=1+1"), safe_cell(-1)
    ("'=1+1", -1)
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA_STARTS) else value
