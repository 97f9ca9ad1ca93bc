"""What changed between two versions, and the proposals that belong to one."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.options import numbered
from coopgov.decisions.services import drafting
from coopgov.decisions.versions import SETTINGS, term_changes
from coopgov.discussion.models import Thread
from coopgov.infra.db import db, write_transaction
from coopgov.infra.i18n import speaking
from coopgov.tally.rule import PRESETS
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, OPENLY, close, draft, opened, scene, terms, vote

HOUR = timedelta(hours=1)


def row(proposal: Proposal) -> Proposal:
    db.session.rollback()
    return db.session.get_one(Proposal, proposal.id)


def mended(proposal: Proposal, by_id: int, at=NOW, **changes) -> None:
    with write_transaction() as session:
        drafting.mend_proposal(session.get_one(Proposal, proposal.id), by_id, terms(**changes), at)


settings = st.dictionaries(
    st.sampled_from(sorted(SETTINGS)), st.one_of(st.booleans(), st.integers(1, 99), st.sampled_from(["lot", "declare"]))
)


@given(settings, settings)
def test_terms_that_are_the_same_are_not_spoken_of_and_others_once(one, other):
    base = {"rule": OPENLY.to_plain(), "electorate": "coop", "closes_at": CLOSES.isoformat()}
    with speaking("en", "Europe/London"):
        assert term_changes({**base, "settings": one}, {**base, "settings": one}) == []
        changes = term_changes({**base, "settings": one}, {**base, "settings": other})
        differing = {
            name
            for name in SETTINGS
            if (type(one.get(name)), one.get(name)) != (type(other.get(name)), other.get(name))
        }
        assert {change.label for change in changes} <= {SETTINGS[name] for name in differing}
        assert all(change.before != change.after for change in changes)


@pytest.mark.usefixtures("app")
class TestHistory:
    def test_words_and_terms_that_changed_are_marked_with_who_and_when(self, client):
        on = scene()
        proposal = draft(on)
        mended(
            proposal,
            on.author.id,
            title="Move to our own servers",
            source="We **stay**.",
            rule=replace(PRESETS["two_thirds"], secrecy=OPENLY.secrecy),
            electorate="group",
            closes_at=CLOSES + HOUR,
        )
        page = client.get(f"/p/{proposal.id}/history").text
        assert "by Ada Author" in page
        for before, after in (("server", "servers"), ("All members vote.", "The members of the group vote.")):
            assert f"[removed: </span>{before}" in page
            assert f"[added: </span>{after}" in page
        assert "It passes if at least two thirds" in page
        assert "As first written" in page

    def test_options_and_settings_that_changed_are_said_in_words(self, client):
        on = scene()
        own = {"method": "choose", "options": numbered(("Ada", "Ben")), "settings": {"most": 1, "ties": "lot"}}
        proposal = draft(on, **own)
        mended(
            proposal,
            on.author.id,
            **own | {"options": numbered(("Ada", "Cléo")), "settings": {"most": 2, "ties": "lot"}},
        )
        page = client.get(f"/p/{proposal.id}/history").text
        assert "Cléo" in page
        assert "Options that one may pick at most" in page
        assert "If options are equal" not in page

    def test_a_long_history_is_paged_and_each_change_is_against_the_next(self, client):
        on = scene()
        proposal = draft(on)
        for n in range(11):
            mended(proposal, on.author.id, NOW + n * timedelta(seconds=1), source=f"Text {n}.")
        first, second = (client.get(f"/p/{proposal.id}/history?page={n}").text for n in (1, 2))
        assert first.count("Changed on") == 10
        assert second.count("Changed on") == 1
        assert "As first written" not in first
        assert "As first written" in second
        assert "move" in second.split("As first written")[0]
        assert "[removed: </span>We" not in first

    def test_a_name_that_is_not_public_stays_away_from_the_public(self, client, sign_in):
        on = scene()
        proposal = draft(on)
        mended(proposal, on.convenor.id, source="We stay.")
        assert "Con Venor" not in client.get(f"/p/{proposal.id}/history").text
        assert "by Con Venor" in sign_in(on.members[0].id).get(f"/p/{proposal.id}/history").text


@pytest.mark.usefixtures("app")
class TestAround:
    def test_a_vote_held_again_and_the_one_before_name_each_other_with_day_and_result(self, client):
        on = scene()
        earlier = opened(on)
        vote(earlier, on.author, "disagree")
        earlier = close(earlier)
        assert "Voted on again" not in client.get(earlier.path).text
        later = opened(on, now=CLOSES + HOUR, closes_at=CLOSES + timedelta(days=8), earlier_id=earlier.id)
        page = client.get(row(later).path).text
        assert "Repeats the vote of 22 November 2026" in page
        assert "Not passed" in page
        back = client.get(row(earlier).path).text
        assert "Voted on again on 29 November 2026" in back
        assert later.path in back

    def test_the_public_hears_nothing_of_a_repetition_among_members(self, client, sign_in):
        on = scene()
        earlier = close(opened(on))
        with write_transaction() as session:
            session.get_one(Thread, on.thread.id).is_public = False
        later = draft(on, now=CLOSES + HOUR, closes_at=CLOSES + timedelta(days=8), earlier_id=earlier.id, title="Hush")
        assert "Hush" not in client.get(row(earlier).path).text
        assert "Hush" in sign_in(on.members[0].id).get(earlier.path).text
        assert client.get(row(later).path).status_code == 404

    def test_a_proposal_shows_the_others_of_its_thread_and_the_composer_those_under_way(self, client, sign_in):
        on = scene()
        over, running, written = (
            close(opened(on, title="Over")),
            opened(on, title="Running"),
            draft(on, title="Written"),
        )
        page = client.get(row(running).path).text.split('id="others"')[1].split("</ul>")[0]
        assert "Over" in page
        assert "Written" in page
        assert running.path not in page
        author = sign_in(on.author.id)
        composer = author.get(f"/t/{on.thread.id}/proposals/new").text.split("Already going on")[1].split("</ul>")[0]
        assert running.path in composer
        assert row(written).path in composer
        assert row(over).path not in composer
        editing = author.get(f"/p/{written.id}/edit").text.split("Already going on")[1].split("</ul>")[0]
        assert row(written).path not in editing
