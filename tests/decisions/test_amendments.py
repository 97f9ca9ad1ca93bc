"""Another text for a proposal: what it changes, who answers it, and what happens when the text moves on."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import Amendment, AmendmentAct, Proposal, ProposalRevision
from coopgov.decisions.queries import amendments as queries
from coopgov.decisions.queries.authors import co_author_ids
from coopgov.decisions.rules import amendments as rules
from coopgov.decisions.rules.amendments import ENDS, Clash, Settled, Wording, rebased, three_way
from coopgov.decisions.rules.kinds import KINDS
from coopgov.decisions.rules.options import numbered
from coopgov.decisions.services import amendments, drafting, opening
from coopgov.decisions.services.amendments import Change
from coopgov.decisions.surroundings import in_short
from coopgov.discussion.diff import Piece
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from tests.conftest import NOW
from tests.decisions.scene import CLOSES, Scene, author_of, close, draft, opened, scene, terms, vote
from tests.decisions.test_kinds import filled, newest

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
texts = st.lists(st.sampled_from(["a", "b", "c", "d", ""]), max_size=9)


def row(proposal: Proposal) -> Proposal:
    db.session.expire_all()
    return db.session.get_one(Proposal, proposal.id)


def refused(reason: str):
    return pytest.raises(Refused, match=f"^{reason}$")


def change(proposal: Proposal, base: Wording | None = None, **words) -> Change:
    present = queries.present_wording(row(proposal))
    given_words = {"title": present.title, "source": "We move **slowly**.", "options": present.options} | words
    wants = given_words.pop("wants_authorship", False)
    return Change(wording=Wording(**given_words), base=base or present, reason="Haste.", wants_authorship=wants)


def proposed(on: Scene, proposal: Proposal, by: int = 0, at=NOW, **words) -> Amendment:
    with write_transaction():
        return amendments.propose(row(proposal), author_of(on.members[by]), change(proposal, **words), at)


def line(amendment: Amendment) -> queries.Line:
    db.session.expire_all()
    return queries.amendment_by_id(amendment.id)


def act(do, proposal: Proposal, amendment: Amendment, by, *more, at=NOW) -> None:
    with write_transaction():
        do(row(proposal), line(amendment), by.id, *more, at)


# Three ways


def settled(parts) -> list[str]:
    return [text for part in parts for text in (part.theirs if isinstance(part, Clash) else part.lines)]


@given(texts, texts)
def test_what_only_one_side_changed_is_taken_as_it_is(base, changed):
    assert settled(three_way(base, changed, base)) == settled(three_way(base, base, changed)) == changed
    assert not [part for part in three_way(base, changed, base) if isinstance(part, Clash)]


@given(texts, texts)
def test_what_both_changed_alike_does_not_clash(base, changed):
    assert three_way(base, changed, changed) == ([Settled(tuple(changed))] if changed else [])


@given(texts, texts, texts)
def test_it_does_not_matter_who_is_called_mine(base, one, other):
    here, there = three_way(base, one, other), three_way(base, other, one)
    assert [p if isinstance(p, Settled) else Clash(p.base, p.theirs, p.mine) for p in there] == here


@given(texts, texts, texts)
def test_with_mine_in_every_clash_all_changes_of_mine_are_there_and_with_theirs_all_of_theirs(base, mine, theirs):
    """Each side can be read back: parts that the other side settled are the only difference."""
    parts = three_way(base, mine, theirs)
    clashes = [part for part in parts if isinstance(part, Clash)]
    assert all(part.mine != part.theirs and part.mine != part.base and part.theirs != part.base for part in clashes)
    if not clashes:
        again = three_way(mine, settled(parts), mine)
        assert settled(again) == settled(parts)


def test_changes_of_lines_apart_are_put_together_and_neighbours_clash():
    base = ["one", "two", "three", "four"]
    apart = three_way(base, ["ONE", "two", "three", "four"], ["one", "two", "three", "FOUR"])
    assert apart == [Settled(("ONE", "two", "three", "FOUR"))]
    near = three_way(base, ["ONE", "two", "three", "four"], ["one", "TWO", "three", "four"])
    assert near == [Clash(("one", "two"), ("ONE", "two"), ("one", "TWO")), Settled(("three", "four"))]


def test_a_text_of_too_many_lines_clashes_whole():
    base = [str(n) for n in range(rules.MOST_LINES + 1)]
    (part,) = three_way(base, [*base, "mine"], ["theirs", *base])
    assert isinstance(part, Clash)


def test_in_a_clash_the_present_text_stands_until_somebody_decides():
    old, mine, now = (
        Wording("T", "one\n\ntwo", ("x",)),
        Wording("T", "ONE\n\ntwo", ("y",)),
        Wording("U", "uno\n\ntwo", ("x",)),
    )
    anew = rebased(old, mine, now)
    assert anew.wording == Wording("U", "uno\n\ntwo", ("y",))
    assert [clash.mine for clash in anew.clashes] == [("ONE",)]


# States


@given(st.sampled_from(["open", "voting", "carried", "rejected", *ENDS]), st.booleans(), st.booleans(), st.booleans())
def test_nobody_answers_what_is_answered_or_under_vote_and_strangers_nothing(state, writes, fits, is_member):
    mine = rules.acts_on(state, writes=writes, amends=False, is_member=is_member, fits=fits)
    if state not in ("open", "carried") or not writes or not is_member:
        assert mine == frozenset()
    if not fits:
        assert not mine & {"accept", "vote"}
    assert "decline" not in mine or state == "open"


@given(st.lists(st.just("put_to_vote")), st.sampled_from(ENDS), st.sampled_from(["", "open", "closed", "void"]))
def test_an_end_is_the_end_whatever_its_vote_says(votes, end, vote_state):
    assert rules.state_of([*votes, end], vote_state, "passed") == end


@pytest.mark.parametrize(
    ("vote_state", "verdict", "state"),
    [
        ("", "", "open"),
        ("draft", "", "voting"),
        ("open", "", "voting"),
        ("closed", "passed", "carried"),
        ("closed", "failed", "rejected"),
        ("closed", "no_quorum", "rejected"),
        ("withdrawn", "", "open"),
        ("void", "", "open"),
    ],
)
def test_a_vote_carries_or_rejects_and_one_that_was_stopped_leaves_it_open(vote_state, verdict, state):
    assert rules.state_of(["put_to_vote"], vote_state, verdict) == state


# In short

CHUNKS = st.lists(st.tuples(st.sampled_from(["same", "added", "removed"]), st.text("a\n", min_size=1)), max_size=6)


@given(CHUNKS)
def test_in_short_nothing_that_changes_is_left_out_nor_anything_invented(chunks):
    pieces = [Piece(kind, text) for kind, text in chunks]
    shown = in_short(pieces)
    assert [piece for piece in shown if piece.kind != "same"] == [piece for piece in pieces if piece.kind != "same"]
    for piece, whole in zip(shown, pieces, strict=True):
        assert piece == whole or len(piece.text.split("\n")) < len(whole.text.split("\n"))


def test_in_short_the_lines_beside_a_change_stay():
    text = "\n".join("abcdefg")
    shown = in_short([Piece("same", text), Piece("added", "X"), Piece("same", text)])
    assert [piece.text for piece in shown] == ["…\nf\ng", "X", "a\nb\n…"]


# Services


@pytest.mark.usefixtures("app")
class TestProposing:
    def test_any_member_proposes_another_text_and_the_proposal_stays(self):
        on = scene()
        proposal = draft(on)
        amendment = proposed(on, proposal)
        assert (amendment.number, amendment.base_source) == (1, "We **move**.")
        assert row(proposal).source == "We **move**."
        assert line(amendment).state == "open"
        written = list(db.session.scalars(select(AuditRow.act).order_by(AuditRow.number)))
        assert written == ["proposal.drafted", "amendment.proposed"]
        assert not any(run_checks().values())

    def test_authors_and_co_authors_change_it_themselves(self):
        on = scene()
        proposal = draft(on)
        with refused("amendment.yours"), write_transaction():
            amendments.propose(row(proposal), author_of(on.author), change(proposal), NOW)

    def test_nothing_is_amended_once_the_text_is_frozen(self):
        on = scene()
        proposal = draft(on, discuss=True)
        with write_transaction():
            drafting.freeze_text(row(proposal), on.author.id, NOW)
        with refused("amendment.too_late"):
            proposed(on, proposal)

    def test_a_change_of_nothing_and_a_text_that_moved_on_meanwhile_are_refused(self):
        on = scene()
        proposal = draft(on)
        with refused("amendment.unchanged"):
            proposed(on, proposal, source="We **move**.")
        with refused("amendment.older_text"):
            proposed(on, proposal, base=Wording("Another", "We **move**."))

    def test_one_member_has_five_without_an_answer_at_most(self):
        on = scene()
        proposal = draft(on)
        for n in range(rules.MOST_WAITING):
            proposed(on, proposal, source=f"Text {n}.")
        with refused("amendment.too_many"):
            proposed(on, proposal, source="One more.")
        assert proposed(on, proposal, by=1).number == rules.MOST_WAITING + 1

    def test_options_change_where_their_author_wrote_words_and_their_number_only_without_figures(self):
        on = scene()
        own = draft(on, method="choose", options=numbered(("Ada", "Ben")), settings={"most": 1, "ties": "lot"})
        amendment = proposed(on, own, source="We **move**.", options=("Ada", "Ben", "Cléo"))
        act(amendments.accept, own, amendment, on.author)
        assert [option["text"] for option in row(own).options] == ["Ada", "Ben", "Cléo"]
        with refused("amendment.option_twice"):
            proposed(on, own, options=("Ada", "Ada"))
        sides = draft(on, options=numbered(("Yes", "No")), settings={"counts_as": {"o1": "agree", "o2": "disagree"}})
        with refused("amendment.option_number"):
            proposed(on, sides, options=("Yes", "No", "Perhaps"))
        act(amendments.accept, sides, proposed(on, sides, options=("Aye", "No")), on.author)
        assert [option["text"] for option in row(sides).options] == ["Aye", "No"]
        with refused("amendment.no_options"):
            proposed(on, draft(on), options=("A", "B"))


@pytest.mark.usefixtures("app")
class TestAnswering:
    def test_accepting_makes_its_words_the_proposals_and_keeps_what_it_said(self):
        on = scene()
        proposal = draft(on)
        amendment = proposed(on, proposal, wants_authorship=True)
        act(amendments.accept, proposal, amendment, on.author, at=NOW + HOUR)
        assert row(proposal).html == "<p>We move <strong>slowly</strong>.</p>"
        (former,) = db.session.scalars(select(ProposalRevision))
        assert (former.source, former.by_id) == ("We **move**.", on.author.id)
        assert line(amendment).state == "accepted"
        assert co_author_ids(row(proposal)) == {on.members[0].id}
        assert not any(run_checks().values())

    def test_without_the_wish_its_author_becomes_none(self):
        on = scene()
        proposal = draft(on)
        act(amendments.accept, proposal, proposed(on, proposal), on.author)
        assert co_author_ids(row(proposal)) == set()

    def test_accepting_does_not_ask_whether_the_closing_is_still_far_enough_away(self):
        on = scene()
        proposal = draft(on)
        act(amendments.accept, proposal, proposed(on, proposal), on.author, at=NOW + 3 * DAY)
        assert "slowly" in row(proposal).source

    def test_declining_needs_a_reason_and_leaves_the_text(self):
        on = scene()
        proposal = draft(on)
        amendment = proposed(on, proposal)
        with refused("proposal.reason_needed"):
            act(amendments.decline, proposal, amendment, on.author, " ")
        act(amendments.decline, proposal, amendment, on.author, "Too slow.")
        assert (line(amendment).state, line(amendment).end.reason) == ("declined", "Too slow.")
        assert row(proposal).source == "We **move**."

    def test_each_is_answered_once_and_by_who_may(self):
        on = scene()
        proposal = draft(on)
        amendment = proposed(on, proposal)
        for stranger in (on.convenor, on.members[1], on.members[0]):
            with refused("amendment.not_yours"):
                act(amendments.accept, proposal, amendment, stranger)
        with refused("amendment.not_yours"):
            act(amendments.withdraw_amendment, proposal, amendment, on.author)
        act(amendments.withdraw_amendment, proposal, amendment, on.members[0])
        assert line(amendment).state == "withdrawn"
        with refused("amendment.answered"):
            act(amendments.accept, proposal, amendment, on.author)
        assert len(list(db.session.scalars(select(AmendmentAct)))) == 1

    def test_one_for_an_older_text_is_not_accepted_but_made_anew(self):
        on = scene()
        proposal = draft(on, source="One.\n\nTwo.\n\nThree.")
        amendment = proposed(on, proposal, source="One.\n\nTwo.\n\nThree, slowly.")
        with write_transaction():
            drafting.mend_proposal(row(proposal), on.author.id, terms(source="Uno.\n\nTwo.\n\nThree."), NOW)
        for do in (amendments.accept, lambda p, a, by, now: amendments.put_to_vote(p, a, p, by, now)):
            with refused("amendment.older_text"):
                act(do, proposal, amendment, on.author)
        words = rebased(
            queries.base_wording(line(amendment).amendment),
            queries.amended_wording(line(amendment).amendment),
            queries.present_wording(row(proposal)),
        )
        assert (words.wording.source, words.clashes) == ("Uno.\n\nTwo.\n\nThree, slowly.", ())
        with refused("amendment.not_yours"), write_transaction():
            amendments.rebase(row(proposal), line(amendment), author_of(on.author), change(proposal), NOW)
        with write_transaction():
            anew = amendments.rebase(
                row(proposal),
                line(amendment),
                author_of(on.members[0]),
                change(proposal, source=words.wording.source),
                NOW,
            )
        assert (line(amendment).state, anew.number, anew.replaces_id) == ("replaced", 2, amendment.id)
        with refused("amendment.answered"), write_transaction():
            amendments.rebase(row(proposal), line(amendment), author_of(on.members[0]), change(proposal), NOW)
        act(amendments.accept, proposal, anew, on.author)
        assert row(proposal).source == "Uno.\n\nTwo.\n\nThree, slowly."
        assert not any(run_checks().values())

    def test_one_that_fits_is_not_made_anew(self):
        on = scene()
        proposal = draft(on)
        amendment = proposed(on, proposal)
        with refused("amendment.answered"), write_transaction():
            amendments.rebase(
                row(proposal), line(amendment), author_of(on.members[0]), change(proposal, source="x"), NOW
            )


@pytest.mark.usefixtures("app")
class TestVoting:
    def voted(self, on: Scene, proposal: Proposal, choice: str) -> Amendment:
        amendment = proposed(on, proposal)
        ballot = opened(on, title="Amendment 1")
        act(lambda p, a, by, now: amendments.put_to_vote(p, a, row(ballot), by, now), proposal, amendment, on.author)
        assert line(amendment).state == "voting"
        with refused("amendment.answered"):
            act(amendments.accept, proposal, amendment, on.author)
        vote(row(ballot), on.members[1], choice)
        close(row(ballot))
        return amendment

    def test_what_members_voted_for_is_accepted_with_one_act_and_neither_declined_nor_taken_back(self):
        on = scene()
        proposal = draft(on, discuss=True, closes_at=CLOSES + 30 * DAY)
        amendment = self.voted(on, proposal, "agree")
        assert line(amendment).state == "carried"
        with refused("amendment.answered"):
            act(amendments.decline, proposal, amendment, on.author, "No.")
        with refused("amendment.answered"):
            act(amendments.withdraw_amendment, proposal, amendment, on.members[0])
        with refused("amendment.carried_waits"), write_transaction():
            drafting.freeze_text(row(proposal), on.author.id, CLOSES + DAY, True)
        act(amendments.accept, proposal, amendment, on.author, at=CLOSES + DAY)
        assert "slowly" in row(proposal).source
        with write_transaction():
            drafting.freeze_text(row(proposal), on.author.id, CLOSES + DAY)
        assert row(proposal).state == "frozen"

    def test_what_was_voted_down_is_over(self):
        on = scene()
        proposal = draft(on, discuss=True, closes_at=CLOSES + 30 * DAY)
        amendment = self.voted(on, proposal, "disagree")
        assert line(amendment).state == "rejected"
        with refused("amendment.answered"):
            act(amendments.accept, proposal, amendment, on.author)
        with write_transaction():
            drafting.freeze_text(row(proposal), on.author.id, CLOSES + DAY)
        assert not any(run_checks().values())

    def test_a_vote_that_was_stopped_leaves_it_open_and_there_can_be_another(self):
        on = scene()
        proposal = draft(on)
        amendment = proposed(on, proposal)
        for title in ("First", "Second"):
            ballot = opened(on, title=title)
            act(
                lambda p, a, by, now, b=ballot: amendments.put_to_vote(p, a, row(b), by, now),
                proposal,
                amendment,
                on.author,
            )
            with write_transaction():
                drafting.withdraw(row(ballot), on.author.id, "A mistake.", NOW)
            assert line(amendment).state == "open"


@pytest.mark.usefixtures("app")
class TestFreezing:
    @pytest.mark.parametrize("freeze", [drafting.freeze_text, None], ids=["freezing", "opening"])
    def test_unanswered_ones_are_asked_about_and_lapse_with_a_fact(self, freeze):
        on = scene()
        proposal = draft(on, discuss=True)
        amendment = proposed(on, proposal)

        def go_on(lapses: bool) -> None:
            with write_transaction():
                if freeze:
                    freeze(row(proposal), on.author.id, NOW, lapses)
                else:
                    opening.open_voting(row(proposal), NOW, on.author.id, lapses)

        with refused("amendment.unanswered"):
            go_on(False)
        assert row(proposal).state == "discussion"
        go_on(True)
        assert row(proposal).state == ("frozen" if freeze else "open")
        assert (line(amendment).state, line(amendment).end.by_id) == ("lapsed", on.author.id)
        assert not any(run_checks().values())

    def test_they_lapse_when_the_clock_opens_the_vote_or_the_proposal_is_withdrawn(self, catch_up, clock):
        on = scene()
        by_clock = draft(on, opens_at=NOW + DAY, closes_at=CLOSES + DAY)
        withdrawn = draft(on)
        first, second = proposed(on, by_clock), proposed(on, withdrawn)
        with write_transaction():
            drafting.withdraw(row(withdrawn), on.author.id, "No.", NOW)
        assert line(second).state == "lapsed"
        clock.forward(days=1)
        catch_up()
        db.session.rollback()  # the worker wrote in a session of its own
        assert row(by_clock).state == "open"
        assert (line(first).state, line(first).end.by_id) == ("lapsed", None)
        assert not any(run_checks().values())

    def test_the_check_finds_one_that_waits_after_the_freeze(self):
        on = scene()
        proposal = draft(on)
        proposed(on, proposal)
        with write_transaction() as session:
            session.get_one(Proposal, proposal.id).state = "withdrawn"
        assert [name for name, faults in run_checks().items() if faults] == [
            "no amendment waits for an answer after the freeze"
        ]


# Pages


@pytest.mark.usefixtures("app")
class TestPages:
    def test_a_member_amends_the_author_sees_the_difference_and_accepts(self, sign_in, client, catch_up, mails):
        on = scene()
        proposal = draft(on)
        member, author = sign_in(on.members[0].id), sign_in(on.author.id)
        assert "/amendments/new" in member.get(proposal.path).text
        assert "/amendments/new" not in author.get(proposal.path).text
        form = member.get(f"/p/{proposal.id}/amendments/new").text
        seal = form.split('name="base" type="hidden" value="')[1].split('"')[0]
        words = {"title": proposal.title, "source": "We **stay**.", "reason": "Cheaper.", "base": seal}
        shown = member.submit(f"/p/{proposal.id}/amendments/new", **words, act="changes")
        assert "<ins>" in shown.text
        assert db.session.scalar(select(Amendment.id)) is None
        sent = member.submit(f"/p/{proposal.id}/amendments/new", **words, wants_authorship="y")
        assert sent.location == f"/p/{proposal.id}/amendments/1?said=amendment-proposed"
        for reader in (client, author):
            page = reader.get(row(proposal).path).text
            assert "Cheaper." in page
            assert "stay" in page
            assert "<del>" in page
        assert "Set-Cookie" not in client.get(f"/p/{proposal.id}/amendments/1").headers
        assert author.submit(f"/p/{proposal.id}/amendments/1/accept").status_code == 303
        assert row(proposal).source == "We **stay**."
        catch_up()
        subjects = [mail["Subject"] for mail in mails()]
        assert any("proposes another text" in subject for subject in subjects)
        assert any(subject.startswith("Your amendment") for subject in subjects)
        assert "Proposed by Ada Author and Member 0" in client.get(row(proposal).path).text

    def test_a_text_that_changed_under_the_form_is_shown_again_and_nothing_typed_is_lost(self, sign_in):
        on = scene()
        proposal = draft(on)
        member = sign_in(on.members[0].id)
        words = {"title": proposal.title, "source": "We **stay**.", "reason": "Cheaper.", "base": "0" * 32}
        answer = member.submit(f"/p/{proposal.id}/amendments/new", **words)
        assert answer.status_code == 409
        assert "changed while you were writing" in answer.text
        assert "We **stay**." in answer.text

    def test_declining_is_refused_without_a_reason_beside_the_field(self, sign_in):
        on = scene()
        proposal = draft(on)
        proposed(on, proposal)
        author = sign_in(on.author.id)
        assert author.submit(f"/p/{proposal.id}/amendments/1/decline").status_code == 422
        assert author.submit(f"/p/{proposal.id}/amendments/1/decline", reason="Too slow.").status_code == 303
        assert "Too slow." in author.get(proposal.path).text

    def test_it_is_put_to_a_vote_of_its_own_that_names_it_and_says_when_it_is_ready(self, sign_in, client):
        on = scene()
        proposal = draft(on, discuss=True, closes_at=CLOSES + 60 * DAY)
        amendment = proposed(on, proposal)
        author = sign_in(on.author.id)
        composer = f"/t/{on.thread.id}/proposals/new?amendment={amendment.id}"
        page = author.get(composer).text
        assert "We move **slowly**." in page
        assert f'name="amendment" value="{amendment.id}"' in page
        answer = author.submit(
            f"/t/{on.thread.id}/proposals/new", **filled(KINDS["proposal"], amendment=str(amendment.id))
        )
        assert answer.status_code == 303
        ballot = newest()
        assert "Decides on an amendment" in client.get(ballot.path).text
        assert ballot.path in client.get(f"/p/{proposal.id}/amendments/1").text
        vote(ballot, on.members[1])
        close(ballot)
        assert "Voted for: can be accepted" in client.get(row(proposal).path).text
        stranger = sign_in(on.members[1].id)
        words = filled(KINDS["proposal"], amendment=str(amendment.id))
        assert stranger.submit(f"/t/{on.thread.id}/proposals/new", **words).status_code == 403

    def test_both_differences_are_shown_before_it_is_made_anew(self, sign_in):
        on = scene()
        proposal = draft(on, source="One.\n\nTwo.")
        proposed(on, proposal, source="One, slowly.\n\nTwo.")
        with write_transaction():
            drafting.mend_proposal(row(proposal), on.author.id, terms(source="Uno.\n\nTwo."), NOW)
        member, author = sign_in(on.members[0].id), sign_in(on.author.id)
        assert "made for an older text" in author.get(f"/p/{proposal.id}/amendments/1").text
        assert author.submit(f"/p/{proposal.id}/amendments/1/accept").status_code == 409
        assert author.get(f"/p/{proposal.id}/amendments/1/rebase").status_code == 403
        page = member.get(f"/p/{proposal.id}/amendments/1/rebase").text
        assert "Both changed the same lines in 1 place." in page
        seal = page.split('name="base" type="hidden" value="')[1].split('"')[0]
        words = {"title": proposal.title, "source": "Uno, slowly.\n\nTwo.", "reason": "Haste.", "base": seal}
        assert member.submit(f"/p/{proposal.id}/amendments/1/rebase", **words).location.startswith(
            f"/p/{proposal.id}/amendments/2"
        )

    def test_freezing_says_how_many_are_unanswered(self, sign_in):
        on = scene()
        proposal = draft(on, discuss=True)
        proposed(on, proposal)
        proposed(on, proposal, by=1)
        author = sign_in(on.author.id)
        assert "2 amendments are unanswered." in author.get(f"/p/{proposal.id}/freeze").text
        assert author.submit(f"/p/{proposal.id}/freeze").status_code == 409
        assert author.submit(f"/p/{proposal.id}/freeze", lapses="y").status_code == 303
        assert row(proposal).state == "frozen"

    def test_amendments_of_a_members_proposal_are_for_members_alone(self, sign_in, client):
        on = scene(is_public=False)
        proposal = draft(on)
        proposed(on, proposal)
        assert client.get(f"/p/{proposal.id}/amendments/1").status_code == 404
        assert sign_in(on.members[1].id).get(f"/p/{proposal.id}/amendments/1").status_code == 200
        assert client.get(f"/p/{proposal.id}/amendments/2").status_code == 404
