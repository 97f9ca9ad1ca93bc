"""What the pages of rules show: the list, one rule with its versions, and what a rule means for the people here."""

import json
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from coopgov.core.errors import NotFound
from coopgov.core.viewer import Viewer
from coopgov.decisions.meaning_words import change_words, explain, preset_name
from coopgov.decisions.queries import rules as queries
from coopgov.decisions.rules.kinds import KINDS
from coopgov.decisions.rules.meaning import SOCIAL_COOP, SOCIAL_COOP_SOURCE, meaning_of
from coopgov.decisions.rules.presets import SOURCES, Preset, changes, holding, state_of, words_to_be
from coopgov.decisions.sentences import say
from coopgov.infra.i18n import gettext as _
from coopgov.tally.rule import Rule

BASES = ("meaning.basis.own", "meaning.basis.social_coop")


@dataclass(frozen=True)
class Explained:
    """A rule in words, its example with the turnout that it rests on, and warnings; empty ``basis``: no example."""

    words: list[str]
    basis: str
    source_url: str
    example: list[str]
    warnings: list[str]


def words_of(rule: Rule, method: str = "proposal") -> list[str]:
    """The rule in sentences, in reading order, as far as the method judges by it; of others than proposals first
    what the method does."""
    how = [] if method == "proposal" else [_(KINDS[method].summary)]
    return how + [say(reason) for reason in words_to_be(rule, method)]


def explained(
    rule: Rule,
    viewer: Viewer,
    now: datetime,
    method: str = "proposal",
    electorate: str = "coop",
    group_id: int | None = None,
) -> Explained:
    """What the rule means for a vote of the co-op, or of the group, that would open now.

    Members see the roll as it is; others the last public one, or Social.Coop's, as they are told no figure that
    depends on who may vote at this moment.
    """
    past = queries.past_votes(electorate, group_id, public_only=not viewer.is_member)
    here = queries.roll_size(electorate, group_id, rule, now) if viewer.is_member else next((p.roll for p in past), 0)
    meaning = meaning_of(rule, here or SOCIAL_COOP.roll, past, method)
    basis = next((reason for reason in meaning.example if reason.key in BASES), None)
    return Explained(
        words=words_of(rule, method),
        basis=explain(basis) if basis else "",
        source_url=SOCIAL_COOP_SOURCE if basis and basis.key == "meaning.basis.social_coop" else "",
        example=[explain(reason) for reason in meaning.example if reason is not basis],
        warnings=[explain(reason) for reason in meaning.warnings],
    )


def list_facts(now: datetime) -> dict[str, Any]:
    """All rules to choose from, and those that are no longer offered."""
    held = queries.presets_at(now, withdrawn=True)
    shown = [(preset, preset_name(preset), words_of(preset.rule, preset.method)) for preset in held]
    return {
        "offered": [line for line in shown if line[0].offered],
        "withdrawn": [line for line in shown if not line[0].offered],
    }


@dataclass(frozen=True)
class Version:
    """A version as its page tells it. ``state``: see ``presets.state_of``; ``differs``: (matter, before, now) against
    the version before it; ``words``: all that the first one says."""

    preset: Preset
    name: str
    state: str
    differs: list[tuple[str, str, str]]
    words: list[str]


def rule_facts(slug: str, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """One rule: what holds, what it means here, and every version, the newest first. Raises NotFound."""
    versions = queries.versions(slug)
    held = holding(versions, now)
    if held is None:
        raise NotFound
    title, url = SOURCES.get(slug, ("", ""))
    return {
        "preset": held,
        "name": preset_name(held),
        "source": (_(title), url) if title else None,  # of the version that ships
        "explained": explained(held.rule, viewer, now, held.method),
        "versions": [_version(one, former, state_of(one, versions, now)) for former, one in _newest_first(versions)],
        "may_edit": viewer.holds("membership_secretary"),
    }


def _newest_first(versions: list[Preset]) -> list[tuple[Preset | None, Preset]]:
    """Each version with the one before it."""
    return [(None, versions[0]), *pairwise(versions)][::-1]


def _version(preset: Preset, before: Preset | None, state: str) -> Version:
    differs = change_words(list(changes(before, preset))) if before else []
    if before and preset_name(before) != preset_name(preset):
        differs.insert(0, (_("Name"), preset_name(before), preset_name(preset)))
    if before and before.offered != preset.offered:
        words = {True: _("Authors can choose it."), False: _("Authors cannot choose it.")}
        differs.append((_("Offered"), words[before.offered], words[preset.offered]))
    return Version(preset, preset_name(preset), state, differs, [] if before else words_of(preset.rule, preset.method))


def as_json(now: datetime, site: str) -> str:
    """The rules that authors can choose from, for machines."""
    held = [_plain(preset, site) for preset in queries.presets_at(now)]
    return json.dumps({"rules": held}, ensure_ascii=False, indent=1)


def _plain(preset: Preset, site: str) -> dict[str, object]:
    return {
        "slug": preset.slug,
        "url": f"{site}/decisions/rules/{preset.slug}",
        "name": preset_name(preset),
        "version": preset.version,
        "from": preset.from_at.isoformat() if preset.from_at else None,
        "method": preset.method,
        "rule": preset.rule.to_plain(),
        "words": words_of(preset.rule, preset.method),
        "source": SOURCES.get(preset.slug, ("", ""))[1] or None,
    }
