"""What an upper feature shows inside a lower one's page, wired by `create_app`.

A thread's page has a slot for its proposals without knowing that proposals exist; the layout has one for the unread
badge. ``stamp`` says when what the panel shows has changed, for the public page store.
"""

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from flask import current_app
from markupsafe import Markup

from coopgov.core.viewer import Viewer


@dataclass(frozen=True)
class Panel:
    """``render(viewer, subject id)`` gives the HTML for ``slot`` (empty: nothing); ``stamp(subject id)`` its age."""

    # thread.head | thread.side | proposal.head | proposal.side | group.main | group.side | home.head | home.side
    # … record.witness
    slot: str
    render: Callable[[Viewer, int], Markup]
    stamp: Callable[[int], Hashable] = lambda _subject: None


def panels(slot: str, viewer: Viewer, subject: int = 0) -> list[Markup]:
    """What is shown in ``slot`` for this viewer, in the order of registration, empty panels left out."""
    shown = (panel.render(viewer, subject) for panel in _registered(slot))
    return [html for html in shown if html]


def panel_stamps(slot: str, subject: int = 0) -> tuple[Hashable, ...]:
    """The versions of everything in ``slot``."""
    return tuple(panel.stamp(subject) for panel in _registered(slot))


def _registered(slot: str) -> list[Panel]:
    registered: tuple[Panel, ...] = current_app.extensions["coopgov.panels"]
    return [panel for panel in registered if panel.slot == slot]
