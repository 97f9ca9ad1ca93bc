"""What the register's page shows, and what a proposal's page shows of the register."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from coopgov.core.viewer import Viewer
from coopgov.decisions.display import shown_now
from coopgov.decisions.models import Proposal
from coopgov.decisions.queries import register
from coopgov.decisions.queries.proposals import Sheet
from coopgov.decisions.queries.register import Wanted
from coopgov.decisions.queries.validity import About, Relation, abouts
from coopgov.decisions.register import FILTERS
from coopgov.decisions.rules.register import Status, acts_on
from coopgov.decisions.rules.stages import acts_open_to
from coopgov.decisions.validity import RELATIONS, STATUSES, validity_words
from coopgov.infra.i18n import gettext as _
from coopgov.infra.web.pages import paged
from coopgov.infra.web.timeline import Step

REGISTER_ON_A_PAGE = 25


@dataclass(frozen=True)
class Shown:
    """What a page says of a decision beside its count: the status for its tag (empty for none), its word and sentence,
    the other decisions by how they hang together, what the viewer may record."""

    about: About
    status: str
    label: str
    sentence: str
    relations: list[tuple[str, list[Relation]]]
    acts: frozenset[str] = frozenset()

    @property
    def says_more(self) -> bool:
        """False for a decision in force of which the tag says all there is to say."""
        validity = self.about.validity
        return bool(self.relations or self.reasons or validity.review_at or validity.ends_at or validity.over_at)

    @property
    def hidden_ending(self) -> bool:
        """True when something that the viewer may not see ended it."""
        return self.about.hidden_ending

    @property
    def reasons(self) -> list[str]:
        """What was written down when it was repealed, or found when it was reviewed last."""
        return [self.about.reason] if self.about.reason else []


def shown(about: About, acts: frozenset[str] = frozenset()) -> Shown:
    """The words for it."""
    status = str(about.validity.status or "")
    relations = [
        (_(label), [relation for relation in about.relations if relation.kind == kind])
        for kind, label in RELATIONS.items()
    ]
    there = [(label, some) for label, some in relations if some]
    return Shown(about, status, _(STATUSES[status]) if status else "", validity_words(about.validity), there, acts)


def about_sheet(sheet: Sheet, is_member: bool, now: datetime) -> About:
    """What stands of a proposal beside its count."""
    end = (sheet.result.verdict if sheet.result else "", sheet.proposal.closed_at)
    return abouts({sheet.proposal.id: end}, is_member, now)[sheet.proposal.id]


def proposal_in_register(sheet: Sheet, viewer: Viewer, now: datetime) -> Shown:
    """What a proposal's page says of the register, with what the viewer may record there."""
    about = about_sheet(sheet, viewer.is_member, now)
    acts = acts_on(about.validity, sheet.proposal.group_id, viewer)
    return shown(about, acts | _may_link(sheet.proposal, viewer, now))


def _may_link(proposal: Proposal, viewer: Viewer, now: datetime) -> frozenset[str]:
    return frozenset({"link"} if "mend" in acts_open_to(proposal, viewer, now) else ())


def register_steps(about: About) -> list[Step]:
    """What comes after the outcome on a decision's way."""
    validity = about.validity
    if validity.over_at is not None:
        return [Step(_(STATUSES[str(validity.status)]), "done", validity.over_at)]
    if validity.review_at is None:
        return []
    return [Step(_("To be reviewed"), "now" if validity.status is Status.REVIEW_DUE else "next", validity.review_at)]


def register_facts(wanted: Wanted, viewer: Viewer, now: datetime) -> dict[str, Any]:
    """A page of the register of decisions; a member sees the members-only ones in it too."""
    page = paged(register.register_size(wanted, viewer.is_member), REGISTER_ON_A_PAGE)
    lines = register.register(wanted, viewer.is_member, page.size, page.first)
    found = register.abouts_of(lines, viewer.is_member, now)
    return {
        "lines": shown_now(lines, now),
        "shown": {key: shown(about) for key, about in found.items()},
        "page": page,
        "wanted": wanted,
        "groups": register.register_groups(viewer.is_member),
        "years": [(str(year), str(year)) for year in register.register_years(viewer.is_member)],
        "results": [(key, _(word)) for key, word in FILTERS.items()],
        "statuses": [(key, _(word)) for key, word in STATUSES.items()],
        "query": query_of(wanted),
    }


def query_of(wanted: Wanted) -> str:
    """What narrows the register, as it stands in an address; empty for all of it."""
    given = {
        "q": wanted.words,
        "status": wanted.status,
        "result": wanted.result,
        "group": wanted.group,
        "year": "" if wanted.year is None else str(wanted.year),
    }
    asked = {key: value for key, value in given.items() if value}
    return f"?{urlencode(asked)}" if asked else ""
