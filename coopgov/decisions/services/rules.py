"""Writing the rules that authors of proposals choose from."""

from dataclasses import dataclass
from datetime import datetime

from coopgov.core.errors import Refused
from coopgov.core.text import slug_of
from coopgov.decisions import events
from coopgov.decisions.models import DecisionRule
from coopgov.decisions.queries import rules as queries
from coopgov.decisions.rules.presets import PRESET_NAMES, Preset, check_slug, holding
from coopgov.infra import audit, outbox
from coopgov.infra.db import writing_session
from coopgov.tally.rule import Rule


@dataclass(frozen=True, kw_only=True)
class PresetTerms:
    """What the secretary sets. ``name`` empty: the shipped one; ``holds_from`` None: from now on."""

    name: str
    method: str
    rule: Rule
    note: str
    offered: bool = True
    holds_from: datetime | None = None


def add_preset(terms: PresetTerms, by_id: int, now: datetime) -> DecisionRule:
    """A rule that there was not before, at once; its address is made of its name.

    Raises Refused for a name that is taken, or that gives no address.
    """
    writing_session()
    slug = slug_of(terms.name)
    names = {name for one in queries.known_presets() for name in (one.slug, one.name or PRESET_NAMES[one.slug])}
    check_slug(slug, frozenset(slug_of(name) for name in names))
    return _write(slug, 1, terms, by_id, now)


def change_preset(slug: str, terms: PresetTerms, by_id: int, now: datetime) -> DecisionRule:
    """A new version of the rule from ``terms.holds_from`` on, which replaces planned ones; what is open keeps its copy.

    Raises Refused for a day in the past and for a version that changes nothing, NotFound for an unknown rule.
    """
    writing_session()
    if terms.holds_from is not None and terms.holds_from < now:
        raise Refused("preset.in_the_past", field="holds_from")
    queries.preset(slug, now)
    versions = queries.versions(slug)
    former = holding(versions, terms.holds_from or now)
    if former is not None and former.says_the_same(_preset(slug, terms)) and former is versions[-1]:
        raise Refused("preset.unchanged")
    return _write(slug, versions[-1].version + 1, terms, by_id, now)


def _preset(slug: str, terms: PresetTerms) -> Preset:
    return Preset(slug=slug, version=1, name=terms.name, method=terms.method, rule=terms.rule, offered=terms.offered)


def _write(slug: str, version: int, terms: PresetTerms, by_id: int, now: datetime) -> DecisionRule:
    row = DecisionRule(
        slug=slug,
        version=version,
        name=terms.name,
        method=terms.method,
        rule=terms.rule.to_plain(),
        note=terms.note,
        offered=terms.offered,
        from_at=terms.holds_from or now,
        by_id=by_id,
    )
    session = writing_session()
    session.add(row)
    session.flush()
    audit.record(by_id, "decision_rule.set", f"decision_rule:{row.id}", now, version=version, offered=terms.offered)
    outbox.emit(events.RuleSet(slug=slug, rule_version=version, offered=terms.offered), now)
    return row
