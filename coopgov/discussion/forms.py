"""Forms of discussion."""

from wtforms import HiddenField, IntegerField, RadioField
from wtforms.validators import AnyOf, Length, Optional
from wtforms.widgets import HiddenInput

from coopgov.core.ids import random_id
from coopgov.core.text import N_, one_line
from coopgov.discussion import rules
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, TextAreaField, each_label, lazy, needed

READERS = {"public": N_("Public"), "members": N_("Members only")}
MARKDOWN = lazy("Markdown works: *emphasis*, **strong**, > quote, - list. @Name mentions a member.")


class TextForm(BaseForm):
    """New words for a comment."""

    text = TextAreaField(
        lazy("Your comment"),
        [needed(N_("Write something first.")), AtMost(rules.TEXT_AT_MOST)],
        description=MARKDOWN,
    )


class CommentForm(TextForm):
    """A comment; ``parent`` is the number of the comment it answers."""

    parent = IntegerField(widget=HiddenInput(), validators=[Optional()])
    form_key = HiddenField(default=random_id, validators=[Length(max=64)], filters=[one_line])


class AudienceForm(BaseForm):
    """Who reads a new thread: without a default, its author must say. Above PostForm, whose fields stand below it."""

    readers = RadioField(lazy("Who can read this?"), [needed(N_("Choose who can read this."))], choices=())

    def __init__(self) -> None:
        super().__init__()
        self.readers.choices = each_label(READERS.items(), _)


class PostForm(BaseForm):
    """Title and words of an opening post."""

    title = StringField(
        lazy("Title"),
        [needed(N_("Give the discussion a title.")), AtMost(rules.TITLE_AT_MOST)],
        description=lazy("What it is about, so that others can find it."),
    )
    text = TextAreaField(
        lazy("What you want to say"),
        [needed(N_("Write something first.")), AtMost(rules.TEXT_AT_MOST)],
        description=MARKDOWN,
    )


class ThreadForm(AudienceForm, PostForm):
    """A new thread."""


class ReasonForm(BaseForm):
    """Why a moderator hides or restores words."""

    reason = StringField(
        lazy("Reason"),
        [needed(N_("Give the reason.")), AtMost(rules.REASON_AT_MOST)],
        description=lazy("Stands in the public moderation log. Do not quote what you hide, and name nobody."),
    )


class ReadersForm(BaseForm):
    """Who can read a thread from now on."""

    to = StringField(validators=[AnyOf(list(READERS))])


class ReadForm(BaseForm):
    """Up to which comment a thread has been read."""

    number = IntegerField(validators=[Optional()], default=0)
