"""Who is told what, once: pure."""

from collections.abc import Collection, Set


def comment_audiences(
    author_id: int, mentioned: Collection[int], answered: int | None, participants: Collection[int], readers: Set[int]
) -> dict[str, set[int]]:
    """Kind → parties whom a comment concerns, each under the closest kind alone: mention, reply, thread_comment.

    ``answered`` is the author of the comment above; only ``readers`` are told, and nobody of their own words.
    """
    told = {author_id}
    audiences: dict[str, set[int]] = {}
    concerned = (
        ("mention", mentioned),
        ("reply", () if answered is None else (answered,)),
        ("thread_comment", participants),
    )
    for kind, parties in concerned:
        audiences[kind] = (set(parties) & readers) - told
        told |= audiences[kind]
    return audiences


def thread_audiences(
    author_id: int, mentioned: Collection[int], sitters: Collection[int], readers: Set[int]
) -> dict[str, set[int]]:
    """Kind → parties whom a new thread concerns: mention before thread_opened, nobody of their own."""
    mentions = (set(mentioned) & readers) - {author_id}
    return {"mention": mentions, "thread_opened": (set(sitters) & readers) - mentions - {author_id}}


def who_wants_mail(parties: Collection[int], by_default: bool, exceptions: Set[int]) -> set[int]:
    """Those of ``parties`` to whom a kind is mailed; ``exceptions`` said the opposite of the default."""
    return set(parties) - exceptions if by_default else set(parties) & exceptions
