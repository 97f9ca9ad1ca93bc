"""What upper features show beside the preview of something that is still being written, wired by `create_app`.

The form for a new discussion shows how its words will look; who tells others of discussions adds what will be told,
without the form knowing of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from flask import current_app
from markupsafe import Markup


@dataclass(frozen=True)
class Draft:
    """A text as it stands in a form: ``kind`` (thread), its group, title, clean HTML, and whether all may read it."""

    kind: str
    group_id: int
    title: str
    html: str
    is_public: bool


Preview = Callable[[Draft], Markup]


def previews(draft: Draft) -> list[Markup]:
    """What is shown below the preview of ``draft``, in the order of registration, empty ones left out."""
    registered: tuple[Preview, ...] = current_app.extensions["coopgov.previews"]
    return [html for preview in registered if (html := preview(draft))]
