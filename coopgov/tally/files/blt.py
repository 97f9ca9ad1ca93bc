"""BLT, the format of OpenSTV, OpaVote and most counts of transferable votes.

``candidates seats``, then withdrawn candidates as negative numbers, then ``weight preference … 0``, then ``0``, the
names in quotes and the title. ``=`` joins equals, ``-`` is a rank that was skipped, ``#`` begins a comment. Files that
are written here hold no quotes and no backslashes within names, which programs read in different ways.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence

from coopgov.tally.ballot_file import BadFile, BallotFile, Levels

_UNSAFE = str.maketrans('"\\', "'/")
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')


def read_blt(text: str) -> BallotFile:
    """The election in ``text``; raises BadFile."""
    lines = [line for raw in text.splitlines() if (line := _without_comment(raw).strip())]
    try:
        size, seats = (int(word) for word in lines[0].split()[:2])
    except (ValueError, IndexError):
        raise BadFile("line 1 has to say how many candidates and seats there are") from None
    if size < 1 or seats < 1:
        raise BadFile("there have to be a candidate and a seat at least")
    end, ballots, withdrawn = _ballots(lines, size)
    names = _names(lines[end + 1 :], size)
    options = tuple(names[:size])
    if len(set(options)) != size:
        raise BadFile("two candidates have the same name")
    box: Counter[Levels] = Counter()
    for levels, number in ballots.items():
        box[tuple(tuple(options[place - 1] for place in level) for level in levels)] += number
    settings: dict[str, object] = {"seats": seats}
    if withdrawn:
        settings["withdrawn"] = tuple(options[place - 1] for place in withdrawn)
    return BallotFile(names[size] if len(names) > size else "", options, box, settings=settings)


def _without_comment(line: str) -> str:
    quoted = False
    for place, character in enumerate(line):
        if character == '"':
            quoted = not quoted
        elif character == "#" and not quoted:
            return line[:place]
    return line


def _ballots(lines: list[str], size: int) -> tuple[int, Counter[tuple[tuple[int, ...], ...]], list[int]]:
    """The number of the line that ends the ballots, the ballots, and who was withdrawn."""
    box: Counter[tuple[tuple[int, ...], ...]] = Counter()
    withdrawn: list[int] = []
    for number, line in enumerate(lines[1:], 1):
        if line == "0":
            return number, box, withdrawn
        words = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", line).split()
        try:
            if words and words[0].startswith("-"):
                withdrawn += [_candidate(-int(word), size) for word in words]
            elif words:
                weight, levels = _ballot(words, size)
                box[levels] += weight
        except ValueError as error:
            raise BadFile(f"ballot {number}: {error or 'cannot be read'}") from None
    raise BadFile("the ballots do not end with a line 0")


def _ballot(words: list[str], size: int) -> tuple[int, tuple[tuple[int, ...], ...]]:
    weight = int(words[0])
    if weight < 1 or words[-1] != "0":
        raise ValueError("a ballot is its number, preferences and 0")
    levels: list[tuple[int, ...]] = []
    seen: set[int] = set()
    for word in words[1:-1]:
        if word == "-":
            continue  # a rank that was skipped is passed over
        level = tuple(_candidate(int(one), size) for one in word.split("="))
        fresh = tuple(sorted(one for one in set(level) if one not in seen))
        seen |= set(level)
        if fresh:
            levels.append(fresh)
    return weight, tuple(levels)


def _candidate(number: int, size: int) -> int:
    if not 1 <= number <= size:
        raise ValueError(f"there is no candidate {number}")
    return number


def _names(lines: list[str], size: int) -> list[str]:
    names = [match.replace('\\"', '"').strip() for line in lines for match in _NAME.findall(line)]
    if len(names) < size or not all(names[:size]):
        raise BadFile(f"there have to be {size} names in quotes, and the title")
    return names


def write_blt(file: BallotFile, names: Sequence[str] = ()) -> str:
    """The rankings of ``file`` as BLT; reading it gives the same ones. ``names``: what its options are called there.

    Names lose line ends, quotes and backslashes; where one is empty then, or two are alike, all get their number.
    ``seats`` and ``withdrawn`` are in it, as the format has room for no other settings.
    """
    places = {option: place for place, option in enumerate(file.options, 1)}
    withdrawn = [f"-{places[option]}" for option in file.settings.get("withdrawn", ())]
    lines = [
        f"{len(places)} {file.settings.get('seats', 1)}",
        *([" ".join(withdrawn)] if withdrawn else []),
        *sorted(_line(levels, number, places) for levels, number in file.rankings.items()),
        "0",
        *(f'"{name}"' for name in _different(names or file.options)),
        f'"{_plain(file.title)}"',
    ]
    return "\n".join(lines) + "\n"


def _line(levels: Levels, number: int, places: Mapping[str, int]) -> str:
    ranks = ["=".join(str(places[option]) for option in level) for level in levels]
    return " ".join([str(number), *ranks, "0"])


def _different(texts: Sequence[str]) -> list[str]:
    names = [_plain(text) for text in texts]
    if all(names) and len(set(names)) == len(names):
        return names
    return [f"{name} ({place})".lstrip() for place, name in enumerate(names, 1)]


def _plain(text: str) -> str:
    return " ".join(text.translate(_UNSAFE).split())
