"""Who writes a proposal together: its author, and co-authors who were asked and said yes. Pure."""

from collections.abc import Collection, Iterable

from coopgov.core.errors import Kind, Refusals, Refused
from coopgov.core.text import N_

REFUSALS: Refusals = {
    "author.is_one": (Kind.CONFLICT, N_("This member is an author of it already.")),
    "author.asked_already": (Kind.CONFLICT, N_("This member has been asked and has not answered yet.")),
    "author.not_asked": (Kind.CONFLICT, N_("You have not been asked to write this, or the request was taken back.")),
    "author.not_waiting": (Kind.CONFLICT, N_("This member does not wait to be a co-author.")),
    "author.not_a_member": (Kind.INVALID, N_("Choose a current member of the co-op.")),
    "author.too_many": (Kind.LIMIT, N_("There are as many authors and open requests as there can be: %(most)s.")),
    "author.too_late": (Kind.CONFLICT, N_("The text is frozen, so its authors stay as they are.")),
    "author.alone": (
        Kind.CONFLICT,
        N_("Nobody else writes this proposal. Withdraw it if you no longer stand behind it."),
    ),
}
MOST_AUTHORS = 12  # the author, co-authors and those who are asked


def last_acts(acts: Iterable[tuple[int, str]]) -> dict[int, str]:
    """What holds of each party of (party, act), the first act first; in the order in which it came to hold."""
    held: dict[int, str] = {}
    for party_id, act in acts:
        held.pop(party_id, None)
        held[party_id] = act
    return held


def joined(held: dict[int, str], author_id: int) -> tuple[int, ...]:
    """The co-authors, the longest first; the author is none."""
    return tuple(party for party, act in held.items() if act == "joined" and party != author_id)


def waiting(held: dict[int, str]) -> tuple[int, ...]:
    """Who was asked and has not answered, the longest first."""
    return tuple(party for party, act in held.items() if act == "asked")


def check_asking(party_id: int, members: Collection[int], author_id: int, held: dict[int, str]) -> None:
    """Raises Refused unless the party may be asked to write the proposal of ``author_id`` with the others."""
    if party_id not in members:
        raise Refused("author.not_a_member", field="name")
    if party_id == author_id or held.get(party_id) == "joined":
        raise Refused("author.is_one", field="name")
    if held.get(party_id) == "asked":
        raise Refused("author.asked_already", field="name")
    if 1 + len(joined(held, author_id)) + len(waiting(held)) >= MOST_AUTHORS:
        raise Refused("author.too_many", field="name", most=MOST_AUTHORS)
