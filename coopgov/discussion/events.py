"""What happens in discussions."""

from dataclasses import dataclass
from typing import ClassVar

from coopgov.core.event import Event


@dataclass(frozen=True, kw_only=True)
class ThreadOpened(Event):
    """A thread was opened; ``is_public`` as at that moment."""

    name: ClassVar[str] = "discussion.thread_opened"
    thread_id: int
    group_id: int
    author_id: int
    is_public: bool


@dataclass(frozen=True, kw_only=True)
class CommentPosted(Event):
    """A comment was posted; ``parent_id`` is the comment it answers."""

    name: ClassVar[str] = "discussion.comment_posted"
    comment_id: int
    thread_id: int
    author_id: int
    parent_id: int | None


@dataclass(frozen=True, kw_only=True)
class WordsEdited(Event):
    """A thread's opening post (``comment_id`` None) or a comment was edited by its author."""

    name: ClassVar[str] = "discussion.words_edited"
    thread_id: int
    comment_id: int | None
    author_id: int


@dataclass(frozen=True, kw_only=True)
class VisibilityChanged(Event):
    """A thread became public, or members-only: what was sent out about it has to follow."""

    name: ClassVar[str] = "discussion.visibility_changed"
    thread_id: int
    is_public: bool
    by_id: int


@dataclass(frozen=True, kw_only=True)
class WordsHidden(Event):
    """Words were hidden (by a convenor), restored, or deleted (by their author): ``act`` says which."""

    name: ClassVar[str] = "discussion.words_hidden"
    thread_id: int
    comment_id: int | None
    act: str  # hide | restore | delete
    by_id: int
