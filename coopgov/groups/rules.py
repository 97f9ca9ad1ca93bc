"""Pure rules of groups: who may convene, change and join one."""

from collections.abc import Iterable

from coopgov.core.errors import Kind, Refusals
from coopgov.core.text import N_, slug_of
from coopgov.core.viewer import Viewer

JOINING = {  # how one joins → what the form and the group's page call it
    "open": N_("Open: every member of the co-op may join"),
    "asked": N_("By request: a convenor accepts who joins"),
}
NAME_AT_MOST = 80
SUMMARY_AT_MOST = 300
PURPOSE_AT_MOST = 20_000
SEATS_AT_MOST = 100_000

REFUSALS: Refusals = {
    "group.name_taken": (Kind.CONFLICT, N_("There is already a group called %(name)s. Choose another name.")),
    "group.not_a_member": (Kind.FORBIDDEN, N_("Only current members of the co-op can sit in a group.")),
    "group.convenor_only": (Kind.FORBIDDEN, N_("Only a convenor of this group can do this.")),
    "group.last_convenor": (
        Kind.CONFLICT,
        N_(
            "You are the only convenor of %(group)s. Make another member of the group convenor first; "
            "then you can step down or leave."
        ),
    ),
    "group.full": (Kind.CONFLICT, N_("All %(seats)s seats of %(group)s are taken. When somebody leaves, one is free.")),
    "group.fewer_seats": (
        Kind.INVALID,
        N_("%(members)s people sit in the group already: it needs as many seats at least."),
    ),
    "group.not_seated": (Kind.CONFLICT, N_("This person is not in the group now, so they cannot convene it.")),
    "group.nobody_asks": (
        Kind.CONFLICT,
        N_("This request is not waiting any more: somebody answered it, or it was taken back."),
    ),
}


def has_room(seats: int | None, taken: int) -> bool:
    """True when one more may sit in a group with ``seats`` seats (None: no limit), of which ``taken`` are taken."""
    return seats is None or taken < seats


def may_found(viewer: Viewer) -> bool:
    """True for those who may start a working group: the admins."""
    return viewer.holds("admin")


def may_run(viewer: Viewer, group_id: int) -> bool:
    """True for those who may change the group's page, answer requests and appoint convenors.

    Its convenors and the admins, while they are members of the co-op.
    """
    return viewer.is_member and (viewer.convenes(group_id) or viewer.holds("admin"))


def free_slug(name: str, taken: Iterable[str]) -> str:
    """The group's part of the address: from its name, with a number when another group has the same.

    >>> free_slug("Tech", {"tech"}), free_slug("تقنية", ())
    ('tech-2', 'group')
    """
    stem, used = slug_of(name)[:50].strip("-") or "group", set(taken)
    slug, number = stem, 1
    while slug in used:
        number += 1
        slug = f"{stem}-{number}"
    return slug
