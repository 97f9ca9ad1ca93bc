"""Pure rules of discussion: who may read, write, change and hide words, and how comments nest."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_, shown_in_public
from coopgov.core.viewer import Viewer

TITLE_AT_MOST = 150
TEXT_AT_MOST = 20_000
REASON_AT_MOST = 300
PER_PAGE = 100  # comments

REFUSALS: Refusals = {
    "thread.gone": (Kind.CONFLICT, N_("This discussion was deleted meanwhile, so nothing can be added to it.")),
    "thread.answered": (
        Kind.CONFLICT,
        N_("Others have answered, so the discussion stays. You can edit your words; earlier versions remain readable."),
    ),
    "thread.kept": (
        Kind.CONFLICT,
        N_("A proposal belongs to this discussion, so it stays. You can edit your words."),
    ),
    "thread.stays_private": (
        Kind.CONFLICT,
        N_("Others have written here for members only, so it cannot become public. Start a new public discussion."),
    ),
    "thread.author_only": (Kind.FORBIDDEN, N_("Only the author can make a discussion public.")),
    "thread.not_yours": (Kind.FORBIDDEN, N_("Only the author or a convenor of the group can change who reads this.")),
    "words.not_yours": (Kind.FORBIDDEN, N_("Only their author can change or delete these words.")),
    "words.not_visible": (Kind.CONFLICT, N_("These words are hidden or deleted now, so they cannot be changed.")),
    "words.not_hidden": (Kind.CONFLICT, N_("These words are not hidden now, so there is nothing to restore.")),
    "words.convenor_only": (Kind.FORBIDDEN, N_("Only a convenor of this group can hide or restore words.")),
    "comment.no_such_parent": (
        Kind.CONFLICT,
        N_("The comment that you answer is not in this discussion. Send it again as a comment of its own."),
    ),
    "comment.members_only": (Kind.FORBIDDEN, N_("Only current members of the co-op can write here.")),
}
_FIRST_AND_INITIAL = re.compile(r"\S+ \S\.")


@dataclass(frozen=True)
class Author:
    """Who writes; ``public_name`` is what the public reads for the name, empty for "a member"."""

    party_id: int
    name: str
    public_name: str


def author_of(viewer: Viewer) -> Author:
    """The viewer as an author, named for the public as they choose now."""
    return Author(viewer.party_id, viewer.name, shown_in_public(viewer.name, viewer.public_name))


def may_read(thread_is_public: bool, thread_state: str, viewer: Viewer) -> bool:
    """True when the thread exists for the viewer: public ones for everybody, others for current members."""
    return thread_state != "deleted" and (thread_is_public or viewer.is_member)


def may_write(viewer: Viewer) -> bool:
    """True for current members of the co-op: in every group, whether they sit in it or not."""
    return viewer.is_member


def may_moderate(viewer: Viewer, group_id: int) -> bool:
    """True for the group's convenors and the admins, while they are members of the co-op."""
    return viewer.is_member and (viewer.convenes(group_id) or viewer.holds("admin"))


def may_open(state: str, author_id: int, viewer: Viewer, group_id: int) -> bool:
    """True when the viewer may read words in ``state``: hidden ones are left to their author and to moderators."""
    if state == "hidden":
        return viewer.party_id == author_id or may_moderate(viewer, group_id)
    return state == "visible"


def may_edit(state: str, author_id: int, viewer: Viewer) -> bool:
    """True for the author of visible words who is still a member."""
    return state == "visible" and viewer.party_id == author_id and may_write(viewer)


def may_delete(state: str, author_id: int, viewer: Viewer) -> bool:
    """True for the author, member or not, until it is done."""
    return state != "deleted" and viewer.is_signed_in and viewer.party_id == author_id


def refuse_visibility(to_public: bool, is_author: bool, moderates: bool, others_wrote: bool) -> None:
    """Raises Refused unless the thread may become public (``to_public``) or members-only.

    To members-only: by its author or a moderator, at any time. To public: by its author, while nobody else has
    written in it under the promise that only members read.
    """
    if not (is_author or moderates):
        raise Refused("thread.not_yours")
    if to_public and not is_author:
        raise Refused("thread.author_only")
    if to_public and others_wrote:
        raise Refused("thread.stays_private")


def names_somebody(public_name: str) -> bool:
    """True when a name as the public reads it is a whole one, so that its page stays out of search engines.

    >>> names_somebody("Ada Lovelace"), names_somebody("Ada L."), names_somebody("")
    (True, False, False)
    """
    return bool(public_name) and not _FIRST_AND_INITIAL.fullmatch(public_name)


def page_of(number: int) -> int:
    """The page, from 1, on which the comment with ``number`` stands; 0 (the opening post) is on the first."""
    return max(number - 1, 0) // PER_PAGE + 1


def nest(parents: Mapping[int, int | None]) -> dict[int, list[int]]:
    """Comments of one page in two levels: each first-level number with the numbers below it, both in given order.

    ``parents`` maps each number, oldest first, to the one it answers. An answer to an answer stands on the second
    level too; an answer to something that is not on the page stands on the first.

    >>> nest({1: None, 2: 1, 3: 2, 4: None})
    {1: [2, 3], 4: []}
    """
    heads: dict[int, int] = {}
    branches: dict[int, list[int]] = {}
    for number, parent in parents.items():
        if parent in heads:
            heads[number] = heads[parent]
            branches[heads[number]].append(number)
        else:
            heads[number] = number
            branches[number] = []
    return branches
