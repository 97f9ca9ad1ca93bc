"""Keeping a proposal's words and terms as a template, and withdrawing one."""

from datetime import datetime
from typing import Any

from coopgov.core.errors import Refused
from coopgov.core.text import slug_of
from coopgov.decisions import events
from coopgov.decisions.models import Proposal, ProposalTemplate
from coopgov.decisions.queries import templates as queries
from coopgov.decisions.rules.templates import check_slug
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session

KEPT = ("name", "method", "title", "source", "options", "settings", "is_shuffled", "rule", "rule_name", "electorate")


def keep_as_template(
    proposal: Proposal, name: str, group_id: int | None, by_id: int, now: datetime
) -> ProposalTemplate:
    """A template of the group, or (None) of the co-op; under a name that it has, a new version of that.

    Raises Refused for a name that is another's or gives no address, and where nothing changes.
    """
    writing_session()
    slug = slug_of(name)
    check_slug(slug, group_id, queries.owners())
    terms = {field: getattr(proposal, field) for field in KEPT if field != "name"} | {"name": name}
    former = queries.newest(slug)
    if former is not None and former.offered and all(getattr(former, field) == terms[field] for field in KEPT):
        raise Refused("template.unchanged", field="name")
    version = former.version + 1 if former else 1
    return _write(slug, version, group_id, terms, True, by_id, now)


def withdraw_template(former: ProposalTemplate, by_id: int, now: datetime) -> None:
    """It is offered no more; proposals that came from it stay as they are. Harmless when repeated."""
    writing_session()
    if former.offered:
        terms = {field: getattr(former, field) for field in KEPT}
        _write(former.slug, former.version + 1, former.group_id, terms, False, by_id, now)


def _write(
    slug: str, version: int, group_id: int | None, terms: dict[str, Any], offered: bool, by_id: int, now: datetime
) -> ProposalTemplate:
    row = ProposalTemplate(
        slug=slug, version=version, group_id=group_id, offered=offered, from_at=now, by_id=by_id, **terms
    )
    session = writing_session()
    session.add(row)
    session.flush()
    audit.record(by_id, "template.set", f"template:{row.id}", now, version=version, offered=offered)
    outbox.emit(events.TemplateSet(slug=slug, template_version=version, offered=offered), now)
    return row
