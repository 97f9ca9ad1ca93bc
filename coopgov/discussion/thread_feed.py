"""The twins of a public thread for feed readers."""

from collections.abc import Sequence

from coopgov.discussion.queries import CommentLine, Head, comments_between
from coopgov.infra.feeds import Entry, tag_id
from coopgov.infra.i18n import gettext as _

NEWEST = 50  # comments in a feed


def entries(head: Head, base_url: str) -> Sequence[Entry]:
    """The newest comments of the thread, newest first, and its opening post; hidden and deleted words left out."""
    first = max(1, head.comment_count - NEWEST + 1)
    lines = comments_between(head.id, first, head.comment_count, with_names=False)
    found = [_comment_entry(head, line, base_url) for line in reversed(lines) if line.state == "visible"]
    return [*found, _opening_entry(head, base_url)] if head.state == "visible" else found


def title_of(head: Head) -> str:
    """The thread's title while it may be shown."""
    return head.title if head.state == "visible" else _("A hidden discussion")


def _comment_entry(head: Head, line: CommentLine, base_url: str) -> Entry:
    return Entry(
        id=tag_id(base_url, head.opened_at, f"thread/{head.id}/{line.number}"),
        title=_("Comment %(number)s on “%(title)s”", number=line.number, title=title_of(head)),
        url=f"{base_url}/t/{head.id}/c/{line.number}",
        published=line.posted_at,
        updated=line.edited_at or line.posted_at,
        author=line.public_name,
        html=line.html,
    )


def _opening_entry(head: Head, base_url: str) -> Entry:
    return Entry(
        id=tag_id(base_url, head.opened_at, f"thread/{head.id}"),
        title=head.title,
        url=base_url + head.path,
        published=head.opened_at,
        updated=head.edited_at or head.opened_at,
        author=head.public_name,
        html=head.html,
    )
