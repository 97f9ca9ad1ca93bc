"""Starting a proposal from a template, and keeping one as a template."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from wtforms import RadioField

from coopgov.core.text import N_
from coopgov.decisions.forms.proposals import empty_proposal, given_proposal, usual_times
from coopgov.decisions.forms.rules import OWN, rule_choices
from coopgov.decisions.models import Proposal, ProposalTemplate
from coopgov.decisions.queries.templates import held_templates
from coopgov.decisions.rules.kinds import KINDS, Kind, kind_of
from coopgov.decisions.rules.templates import TEMPLATES, Template
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.forms import AtMost, BaseForm, StringField, lazy, needed


class TemplateForm(BaseForm):
    """A name, and for whom."""

    name = StringField(
        lazy("Name"),
        [needed(N_("Write a name.")), AtMost(80)],
        description=lazy("Under a name that a template here has already, this becomes its new version."),
    )
    scope = RadioField(lazy("For whom"))

    def __init__(self, scopes: Sequence[tuple[str, str]], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data)
        self.scope.choices = list(scopes)
        if self.scope.data is None and scopes:
            self.scope.data = scopes[0][0]


def given_template(key: str, group_id: int, now: datetime) -> tuple[Kind, dict[str, Any]] | None:
    """Kind and fields that a form starts with from the template ``key``, shipped or held; None for an unknown one."""
    if key in TEMPLATES:
        return _given_shipped(TEMPLATES[key], now)
    row = next((one for one in held_templates(group_id) if one.slug == key), None)
    return _given_held(row, now) if row else None


def _given_shipped(template: Template, now: datetime) -> tuple[Kind, dict[str, Any]]:
    kind = KINDS[template.kind]
    given = empty_proposal(now, kind)
    if template.rule_name in {choice.value for choice in rule_choices(now, kind.method)}:
        given["rule_name"] = template.rule_name
    if given["rule_name"] == OWN:
        given["minimum_days"] = template.days - 1  # at whatever hour of the day it is posted
    words = {"title": _(template.title), "source": _(template.source)}
    terms = {"electorate": template.electorate, "opening": template.opening}
    return kind, given | usual_times(now, timedelta(days=template.days)) | words | terms | dict(template.settings)


def _given_held(row: ProposalTemplate, now: datetime) -> tuple[Kind, dict[str, Any]]:
    """As of a proposal that says the same; a rule to choose from comes in its version of today."""
    held = {choice.value: choice.preset.rule.to_plain() for choice in rule_choices(now, row.method)}
    like = Proposal(  # never stored
        title=row.title,
        source=row.source,
        electorate=row.electorate,
        rule=held.get(row.rule_name, row.rule),
        rule_name=row.rule_name,
        method=row.method,
        options=row.options,
        settings=row.settings,
        is_shuffled=row.is_shuffled,
        urgent_reason="",
        state="draft",
        opens_at=None,
        closes_at=now,
    )
    kind = kind_of(row.method, "counts_as" in row.settings)
    return kind, given_proposal(like) | {"opening": "discuss"} | usual_times(now)
