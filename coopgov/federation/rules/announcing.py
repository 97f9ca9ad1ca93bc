"""Pure rules of announcements: what a post is made of, how long it may be, and the hashtag of a group."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_, clean_lines, count_characters, excerpt, one_line

BY_HAND = "by_hand"  # the kind of what an officer wrote, about nothing on the site
LONGEST_POST = 500  # characters, as Mastodon counts them
LONGEST_TITLE = 200
HOME = "/"  # where a post leads that is about nothing on the site; its words do not end with that address
LINK = 23  # characters that Mastodon counts for any address
SHORTEST_TITLE = 60  # characters that are left of a title, at least, where a post has to hold something whole
SHORTEST_EXCERPT = 40  # characters of somebody's text: less than this says nothing
LONGEST_EXCERPT = 240  # about four lines on a phone
_ADDRESS = re.compile(r"https?://\S+")

REFUSALS: Refusals = {
    "announcement.words_needed": (Kind.INVALID, N_("Write what is to be announced.")),
    "announcement.too_long": (Kind.INVALID, N_("The text is too long: at most %(most)s characters.")),
    "announcement.title_too_long": (Kind.INVALID, N_("The title is too long: at most %(most)s characters.")),
    "announcement.no_actor": (
        Kind.CONFLICT,
        N_("The co-op has no account in the fediverse yet. It gets one within a minute of its foundation."),
    ),
    "announcement.withdrawn": (Kind.CONFLICT, N_("This announcement has been taken back, so it cannot be changed.")),
}


@dataclass(frozen=True)
class Post:
    """What an announcement says: plain words, a line of ``words`` is a paragraph; ``tags`` are (hashtag, path)."""

    title: str
    words: str
    path: str
    language: str
    tags: tuple[tuple[str, str], ...] = ()


def subject_of(kind: str, number: int) -> str:
    """What an announcement is about, as its row keeps it.

    >>> subject_of("proposal", 7)
    'proposal:7'
    """
    return f"{kind}:{number}"


def counted(text: str) -> int:
    """Characters of ``text`` as Mastodon counts them: an address is LINK of them, however long it is.

    >>> counted("See https://example.org/a/very/long/address/that/goes/on")
    27
    """
    return count_characters(_ADDRESS.sub("x" * LINK, text))


def length_of(post: Post) -> int:
    """Characters of the whole post as Mastodon counts them, with its link, its hashtags and the lines between."""
    parts = [post.title, *post.words.split("\n"), "x" * LINK, " ".join(f"#{tag}" for tag, _path in post.tags)]
    return sum(counted(part) + 2 for part in parts if part) - 2


def with_excerpt(post: Post, text: str) -> Post:
    """``post`` with the beginning of somebody's ``text`` as its first paragraph, as far as there is room for it."""
    room = min(LONGEST_POST - length_of(post) - 2, LONGEST_EXCERPT)
    line = one_line(text)
    if not line or room < min(SHORTEST_EXCERPT, len(line)):
        return post
    return replace(post, words="\n".join(filter(None, (excerpt(line, room), post.words))))


def with_whole(post: Post, line: str) -> Post:
    """``post`` with ``line`` as its last paragraph, not a character less; what stands before is cut as far as it takes:
    first the title, then the longest paragraphs."""
    ended = replace(post, words="\n".join(filter(None, (post.words, line))))
    ended = replace(ended, title=excerpt(ended.title, max(SHORTEST_TITLE, len(ended.title) - _over(ended))))
    paragraphs = post.words.split("\n")
    for longest in sorted(range(len(paragraphs)), key=lambda place: -len(paragraphs[place])):
        text = paragraphs[longest]
        paragraphs[longest] = excerpt(text, max(SHORTEST_EXCERPT, len(text) - _over(ended)))
        ended = replace(ended, words="\n".join(filter(None, (*paragraphs, line))))
    return ended


def _over(post: Post) -> int:
    """By how many characters a post is too long."""
    return max(0, length_of(post) - LONGEST_POST)


def has_room_for(post: Post, line: str) -> bool:
    """Whether ``post`` can have one more paragraph and still begin with a good part of somebody's text."""
    return length_of(post) + counted(line) + 2 + LONGEST_EXCERPT // 2 <= LONGEST_POST


def hashtag(name: str) -> str:
    """``name`` as a hashtag without its sign, its words run together with capitals; empty when nothing is left.

    >>> hashtag("Trust & safety"), hashtag("Größen-Rat"), hashtag("2026")
    ('TrustSafety', 'GrößenRat', '')
    """
    composed = unicodedata.normalize("NFC", name)
    words = "".join(sign if _in_hashtags(sign) else " " for sign in composed).split()
    tag = "".join(word[:1].upper() + word[1:] for word in words)
    return tag if any(sign.isalpha() for sign in tag) else ""


def _in_hashtags(sign: str) -> bool:
    """Letters, the marks upon them, and digits, of any script."""
    category = unicodedata.category(sign)
    return category[0] in "LM" or category == "Nd"


def tags_of(groups: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """Hashtags of groups, each a name and the path of its page; names that give none are left out."""
    return tuple((hashtag(name), path) for name, path in groups if hashtag(name))


def check_by_hand(title: str, words: str) -> tuple[str, str]:
    """Title and words as they will be kept; raises Refused ``announcement.…`` for none, or for more than fits."""
    title, words = one_line(title), clean_lines(words).strip()
    if not words:
        raise Refused("announcement.words_needed", field="words")
    if count_characters(words) > LONGEST_POST:
        raise Refused("announcement.too_long", field="words", most=LONGEST_POST)
    if len(title) > LONGEST_TITLE:
        raise Refused("announcement.title_too_long", field="title", most=LONGEST_TITLE)
    return title, words
