"""What changed between two versions of a text, in words that a reader can follow. Pure."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher

# The comparison takes the cube of the words of a passage in the worst case, on a page that anybody may ask for. What
# is beyond these numbers is shown as replaced whole.
MOST_LINES = 2_000  # of a text
MOST_WORDS = 250  # of a changed passage that is compared word by word
MOST_COMPARED = 1_000  # words of all such passages of a text together


@dataclass(frozen=True)
class Piece:
    """A stretch of text. ``kind``: same, removed, added."""

    kind: str
    text: str


def changes(before: str, after: str) -> list[Piece]:
    """``after`` as pieces, with what left ``before`` in its place: by lines, and by words inside changed lines.

    The pieces without the removed ones make ``after``, those without the added ones ``before``.
    """
    return list(_joined(_by_lines(before.splitlines(keepends=True), after.splitlines(keepends=True))))


def _by_lines(before: list[str], after: list[str]) -> Iterator[Piece]:
    if before != after and max(len(before), len(after)) > MOST_LINES:
        yield from (Piece("removed", "".join(before)), Piece("added", "".join(after)))
        return
    left = MOST_COMPARED
    for act, i, j, m, n in SequenceMatcher(None, before, after).get_opcodes():
        old, new = "".join(before[i:j]), "".join(after[m:n])
        if act == "equal":
            yield Piece("same", old)
            continue
        words = max(len(_words(old)), len(_words(new)))
        if words > min(MOST_WORDS, left):
            yield from (Piece("removed", old), Piece("added", new))
        else:
            left -= words
            yield from _by_words(_words(old), _words(new))


def _by_words(old: list[str], new: list[str]) -> Iterator[Piece]:
    for act, i, j, m, n in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if act == "equal":
            yield Piece("same", "".join(old[i:j]))
        else:
            yield from (Piece("removed", "".join(old[i:j])), Piece("added", "".join(new[m:n])))


def _words(text: str) -> list[str]:
    """Words, white space and single marks; what is not ASCII goes with words, so that no accent is torn off."""
    return re.findall(r"(?:\w|[^\x00-\x7f\s])+|\s+|[^\w\s]", text)


def _joined(pieces: Iterator[Piece]) -> Iterator[Piece]:
    """``pieces`` without empty ones, neighbours of one kind in one."""
    held: Piece | None = None
    for piece in pieces:
        if not piece.text:
            continue
        if held and held.kind == piece.kind:
            held = Piece(held.kind, held.text + piece.text)
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held
