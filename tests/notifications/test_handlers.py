"""What happens reaches those whom it concerns, in the inbox and by mail."""

import re

import pytest
from sqlalchemy import select

from coopgov.core.text import shown_in_public
from coopgov.decisions.events import BallotCast, OutcomeRecorded, VotingClosed, VotingClosesSoon, VotingOpened
from coopgov.decisions.models import Ballot, Outcome, ResultRow
from coopgov.decisions.services import drafting
from coopgov.discussion.events import CommentPosted, ThreadOpened, WordsHidden
from coopgov.discussion.models import Comment, Thread
from coopgov.groups.events import SeatAsked
from coopgov.identity.models import Login
from coopgov.infra.db import db, write_transaction
from coopgov.infra.letters import write_letter
from coopgov.infra.outbox import emit
from coopgov.membership.models import Membership
from coopgov.notifications.models import Notice, Preference
from coopgov.proxies import services as proxy_services
from coopgov.tally.count import Ballot as Vote
from coopgov.tally.count import Manifest, tally
from coopgov.tally.rule import PRESETS
from tests import factories
from tests.conftest import NOW
from tests.decisions import scene as votes
from tests.proxies.scene import allow, end, give, offer


def happened(event) -> None:
    with write_transaction():
        emit(event, NOW)


def told() -> set[tuple[int, str]]:
    return {(party, kind) for party, kind in db.session.execute(select(Notice.party_id, Notice.kind))}


def text_of(mail) -> str:
    return mail.get_body(("plain",)).get_content()


def address_of(party) -> str:
    return db.session.scalars(select(Login.email).where(Login.party_id == party.id)).one()


@pytest.fixture
def tech(app):
    return factories.group("Tech")


@pytest.fixture
def people(app):
    return [factories.member(name) for name in ("Ada Lovelace", "Ben Okri", "Cai Jones", "Dee Dee")]


def opened(thread) -> None:
    happened(
        ThreadOpened(
            thread_id=thread.id, group_id=thread.group_id, author_id=thread.author_id, is_public=thread.is_public
        )
    )


def posted(comment) -> None:
    happened(
        CommentPosted(
            comment_id=comment.id, thread_id=comment.thread_id, author_id=comment.author_id, parent_id=comment.parent_id
        )
    )


class TestThreads:
    def test_a_new_thread_reaches_the_group_but_not_its_author(self, tech, people, catch_up, mails):
        ada, ben = people[:2]
        for person in (ada, ben):
            factories.seat(tech, person)
        opened(factories.thread(tech, ada))
        catch_up()
        assert told() == {(ben.id, "thread_opened")}
        (mail,) = mails()
        assert mail["Subject"] == "New in Tech: Where shall we host?"
        assert "Ada Lovelace started a discussion in Tech" in text_of(mail)

    def test_a_mention_in_it_comes_before_the_group_and_reaches_any_member(self, tech, people, catch_up):
        ada, ben, cai, _ = people
        factories.seat(tech, ben)
        opened(factories.thread(tech, ada, source="What do you say, @Ben Okri and @Cai Jones?"))
        catch_up()
        assert told() == {(ben.id, "mention"), (cai.id, "mention")}

    def test_who_left_the_group_or_the_coop_meanwhile_is_not_told(self, tech, people, catch_up, mails):
        ada, ben, cai, dee = people
        seats = [factories.seat(tech, person) for person in (ben, cai, dee)]
        opened(factories.thread(tech, ada, is_public=False, title="A secret matter"))
        with write_transaction() as session:
            seats[0].ends_at = NOW
            session.scalars(select(Membership).filter_by(party_id=cai.id)).one().ceased_at = NOW
        catch_up()
        assert told() == {(dee.id, "thread_opened")}
        assert len(mails()) == 1

    def test_words_deleted_before_the_job_runs_reach_nobody(self, tech, people, catch_up, mails):
        thread = factories.thread(tech, people[0])
        factories.seat(tech, people[1])
        opened(thread)
        with write_transaction():
            db.session.get_one(Thread, thread.id).state = "deleted"
        catch_up()
        assert told() == set()
        assert mails() == []

    def test_a_hidden_thread_leaves_the_inboxes(self, tech, people, catch_up):
        thread = factories.thread(tech, people[0])
        factories.seat(tech, people[1])
        opened(thread)
        catch_up()
        happened(WordsHidden(thread_id=thread.id, comment_id=None, act="hide", by_id=people[0].id))
        catch_up()
        assert told() == set()


class TestComments:
    def test_mention_reply_and_thread_each_reach_their_own(self, tech, people, catch_up, mails):
        ada, ben, cai, dee = people
        thread = factories.thread(tech, ada)
        first = factories.comment(thread, ben, "I would stay.")
        posted(factories.comment(thread, dee, "Why, @Cai Jones?", parent_id=first.id))
        catch_up()
        assert told() == {(cai.id, "mention"), (ben.id, "reply"), (ada.id, "thread_comment")}
        assert len(mails()) == 2  # comments in one's threads come by mail to those alone who ask for it

    def test_the_mail_quotes_the_words_and_says_who_may_read_them(self, tech, people, catch_up, mails):
        thread = factories.thread(tech, people[0], is_public=False)
        posted(
            factories.comment(thread, people[1], "See <https://example.org>, @Cai Jones!", html="<p>One &amp; two</p>")
        )
        catch_up()
        (mail,) = mails()
        text = text_of(mail)
        assert "> One & two" in text
        assert "This discussion is for members only: please do not pass it on." in text
        assert f"http://localhost/t/{thread.id}/c/1" in text

    def test_who_asked_for_them_gets_the_other_comments_by_mail(self, tech, people, catch_up, mails):
        thread = factories.thread(tech, people[0])
        with write_transaction() as session:
            session.add(Preference(party_id=people[0].id, kind="thread_comment", by_mail=True))
        posted(factories.comment(thread, people[1]))
        catch_up()
        assert [mail["Subject"] for mail in mails()] == ["New comment: Where shall we host?"]

    def test_a_kind_that_was_stopped_still_waits_in_the_inbox(self, tech, people, catch_up, mails):
        thread = factories.thread(tech, people[0])
        with write_transaction() as session:
            session.add(Preference(party_id=people[2].id, kind="mention", by_mail=False))
        posted(factories.comment(thread, people[1], "@Cai Jones?"))
        catch_up()
        assert (people[2].id, "mention") in told()
        assert mails() == []

    def test_a_comment_that_was_hidden_meanwhile_reaches_nobody(self, tech, people, catch_up):
        comment = factories.comment(factories.thread(tech, people[0]), people[1])
        posted(comment)
        with write_transaction():
            db.session.get_one(Comment, comment.id).state = "hidden"
        catch_up()
        assert told() == set()

    def test_a_title_cannot_write_headers(self, tech, people, catch_up, mails):
        thread = factories.thread(tech, people[0], title="Hosting\r\nBcc: victim@example.org", slug="x")
        posted(factories.comment(thread, people[1], "@Cai Jones?"))
        catch_up()
        (mail,) = mails()
        assert mail["Bcc"] is None
        assert mail["Subject"] == "Ben Okri mentioned you: Hosting Bcc: victim@example.org"


@pytest.fixture
def vote(tech, people):
    """An open vote by Ada on whose roll everybody stands."""
    proposal = factories.proposal(
        factories.thread(tech, people[0]), people[0], NOW, title="Move hosting to X?", state="open", roll_size=4
    )
    proposal.entries = factories.roll(proposal, *people)
    return proposal


class TestVotes:
    def test_every_elector_gets_a_ballot_of_their_own(self, vote, people, catch_up, mails, app):
        happened(VotingOpened(proposal_id=vote.id, roll_size=4))
        catch_up()
        assert told() == {(person.id, "voting_opened") for person in people}
        entries = set()
        for mail in mails():
            assert mail["Subject"] == "Vote by Sat 28 Nov, 12:00: Move hosting to X?"
            (token,) = re.findall(r"http://localhost/vote/(\S+)", text_of(mail))
            load = app.extensions["coopgov.signer"].read("ballot", token)
            assert load["p"] == vote.id
            entries.add(load["e"])
        assert entries == {entry.id for entry in vote.entries}

    def test_the_ballot_mail_names_the_options_the_question_and_the_closing_time(self, vote, catch_up, mails):
        happened(VotingOpened(proposal_id=vote.id, roll_size=4))
        catch_up()
        text = text_of(mails()[0])
        assert "28 November 2026, 12:00 GMT" in text
        assert "> We move." in text
        for option in ("Agree: ", "Abstain: ", "Disagree: ", "Block: "):
            assert f"\n{option}" in text

    def test_the_reminder_reaches_only_those_without_a_ballot(self, vote, people, catch_up, mails):
        with write_transaction() as session:
            session.add(_ballot(vote, vote.entries[0], people[0]))
        happened(VotingClosesSoon(proposal_id=vote.id))
        catch_up()
        assert told() == {(person.id, "voting_closes_soon") for person in people[1:]}
        assert len(mails()) == 3

    def test_after_closing_no_ballot_is_mailed(self, vote, catch_up, mails, clock):
        happened(VotingOpened(proposal_id=vote.id, roll_size=4))
        clock.forward(days=7)
        catch_up()
        assert {kind for _, kind in told()} == {"voting_closed"}
        assert not [mail for mail in mails() if "/vote/" in text_of(mail)]

    def test_a_cast_ballot_settles_what_called_for_it(self, vote, people, catch_up):
        happened(VotingOpened(proposal_id=vote.id, roll_size=4))
        catch_up()
        happened(BallotCast(proposal_id=vote.id, party_id=people[0].id, ballot_id=1))
        catch_up()
        waiting = select(Notice.party_id).where(Notice.read_at.is_(None))
        assert set(db.session.scalars(waiting)) == {person.id for person in people[1:]}

    def test_the_result_reaches_the_roll_in_words(self, vote, people, catch_up, mails):
        _count(vote, agree=3, disagree=1)
        happened(VotingClosed(proposal_id=vote.id, verdict="passed"))
        catch_up()
        assert told() == {(person.id, "voting_closed") for person in people}
        mail = mails()[0]
        assert mail["Subject"] == "Passed: Move hosting to X?"
        assert "> 3 of the 4 who took a side agree (75%)." in text_of(mail)

    def test_what_follows_reaches_everybody_but_its_writer(self, vote, people, catch_up, mails):
        with write_transaction() as session:
            session.add(
                Outcome(
                    proposal_id=vote.id,
                    number=1,
                    source="x",
                    html="<p>We start in May.</p>",
                    recorded_by=people[1].id,
                    recorded_at=NOW,
                )
            )
        happened(OutcomeRecorded(proposal_id=vote.id, by_id=people[1].id))
        catch_up()
        assert told() == {(person.id, "outcome_recorded") for person in (people[0], *people[2:])}
        assert "> We start in May." in text_of(mails()[0])

    def test_each_reads_it_in_their_own_language(self, tech, catch_up, mails, app):
        if not _has_language("cy"):
            pytest.skip("no second language yet")
        reader, author = factories.member(language="cy"), factories.member()
        proposal = factories.proposal(factories.thread(tech, author), author, NOW, state="open")
        factories.roll(proposal, reader)
        happened(VotingOpened(proposal_id=proposal.id, roll_size=1))
        catch_up()
        assert "Vote by" not in mails()[0]["Subject"]


def _has_language(code: str) -> bool:
    from coopgov.infra.i18n import languages

    return code in languages()


def _ballot(proposal, entry, person) -> Ballot:
    return Ballot(
        proposal_id=proposal.id,
        roll_entry_id=entry.id,
        sequence=1,
        choice="agree",
        public_name=shown_in_public(person.name, "full"),
        channel="web",
        received_at=NOW,
    )


def _count(proposal, **counts: int) -> None:
    manifest = Manifest("proposal", ("agree", "abstain", "disagree", "block"), PRESETS["ordinary"], proposal.roll_size)
    result = tally(manifest, [Vote(choice) for choice, n in counts.items() for _ in range(n)])
    with write_transaction() as session:
        session.add(
            ResultRow(
                proposal_id=proposal.id,
                verdict=result.verdict.value,
                plain=result.to_plain(),
                digest="0" * 64,
                counted_at=NOW,
            )
        )


class TestGroups:
    def test_a_wish_to_join_reaches_the_convenors(self, tech, people, catch_up, mails):
        factories.seat(tech, people[0], "convenor")
        factories.seat(tech, people[1])
        happened(SeatAsked(group_id=tech.id, party_id=people[2].id))
        catch_up()
        assert told() == {(people[0].id, "seat_asked")}
        assert mails()[0]["Subject"] == "Cai Jones asks to join Tech"


class TestEveryMail:
    def test_it_can_be_stopped_with_one_click(self, vote, catch_up, mails):
        happened(VotingOpened(proposal_id=vote.id, roll_size=4))
        catch_up()
        for mail in mails():
            assert re.fullmatch(r"<http://localhost/mail/stop/\S+>", mail["List-Unsubscribe"])
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"

    def test_running_a_handler_again_changes_nothing(self, vote, catch_up, mails):
        happened(VotingOpened(proposal_id=vote.id, roll_size=4))
        catch_up()
        catch_up()
        assert len(mails()) == 4
        assert len({mail["Message-ID"] for mail in mails()}) == 4

    @pytest.mark.parametrize("size", [40])
    def test_telling_many_takes_no_more_statements_than_telling_few(self, tech, size, app, statements):
        author = factories.member()
        counts = []
        for n in (3, size):
            proposal = factories.proposal(factories.thread(tech, author), author, NOW, state="open")
            factories.roll(proposal, *[factories.member() for _ in range(n)])
            counts.append(_statements_of_telling(app, proposal, n, statements))
        assert counts[0] == counts[1]
        assert counts[1] <= 20


def _statements_of_telling(app, proposal, n: int, statements) -> int:
    from coopgov.infra.jobs import Job
    from coopgov.infra.worker import run_job

    happened(VotingOpened(proposal_id=proposal.id, roll_size=n))
    job_id = db.session.scalar(select(Job.id).where(Job.kind == "notifications.voting_opened", Job.state == "queued"))
    with statements() as sent:
        run_job(job_id, NOW)
    assert len(set(db.session.scalars(select(Notice.party_id)))) >= n
    return len(sent)


class TestProxies:
    @pytest.fixture
    def on(self, app, catch_up, mails):
        found = votes.scene(3)
        allow(found.group, found.convenor)
        catch_up()
        return found

    def test_who_is_asked_answers_and_each_hears_of_the_other(self, on, catch_up, mails):
        ada, bo, _ = on.members
        proxy = offer(on.group, ada, bo)
        catch_up()
        assert told() == {(bo.id, "proxy_asked")}
        assert mails()[-1]["Subject"] == "Member 0 asks you to vote for them in Tech"
        assert "/g/tech/proxies" in text_of(mails()[-1])
        with write_transaction():
            proxy_services.answer(proxy, bo.id, True, NOW)
        catch_up()
        assert mails()[-1]["Subject"] == "Member 1 votes for you in Tech"
        end(proxy, ada)
        catch_up()
        assert mails()[-1]["Subject"] == "You no longer vote for Member 0 in Tech"
        assert told() == {(bo.id, "proxy_asked"), (ada.id, "proxy_answered"), (bo.id, "proxy_ended")}

    def test_what_was_declined_or_given_back_is_told_to_its_giver(self, on, catch_up, mails):
        ada, bo, cy = on.members
        declined = offer(on.group, ada, bo)
        with write_transaction():
            proxy_services.answer(declined, bo.id, False, NOW)
        catch_up()
        assert mails()[-1]["Subject"] == "Member 1 does not vote for you in Tech"
        end(give(on.group, ada, cy), cy)
        catch_up()
        assert mails()[-1]["Subject"] == "Member 2 no longer votes for you in Tech"

    def test_an_offer_that_was_taken_back_is_told_to_nobody(self, on, catch_up):
        ada, bo, _ = on.members
        end(offer(on.group, ada, bo), ada, NOW)
        catch_up()
        assert told() == set()

    def test_the_ballot_that_comes_by_mail_says_who_votes_for_whom(self, on, catch_up, mails, clock):
        ada, bo, cy = on.members
        give(on.group, ada, bo)
        catch_up()
        before = len(mails())
        proposal = votes.opened(on, electorate="group")
        catch_up()
        texts = {str(mail["To"]): text_of(mail) for mail in mails()[before:]}
        held = "your vote is counted as that of Member 1"
        assert [address for address, text in texts.items() if held in " ".join(text.split())] == [address_of(ada)]
        carries = "Your vote counts for 1 other member too"
        assert [address for address, text in texts.items() if carries in " ".join(text.split())] == [address_of(bo)]
        votes.vote(proposal, bo, "agree")
        before = len(mails())
        votes.close(proposal)
        clock.forward(days=8)
        catch_up()
        told_by_mail = [
            str(mail["To"]) for mail in mails()[before:] if "as that of Member 1" in " ".join(text_of(mail).split())
        ]
        assert told_by_mail == [address_of(ada)]
        assert address_of(cy) not in told_by_mail


class TestStoppedVotes:
    def test_a_withdrawn_vote_is_told_to_who_could_vote_with_its_reason_and_not_to_who_did_it(
        self, app, catch_up, mails
    ):
        on = votes.scene(2)
        proposal = votes.opened(on)
        catch_up()
        before = len(mails())
        with write_transaction():
            drafting.withdraw(proposal, on.author.id, "The offer has lapsed.", NOW)
        catch_up()
        assert {party for party, kind in told() if kind == "voting_stopped"} == {
            p.id for p in (on.convenor, *on.members)
        }
        mail = mails()[before:][0]
        assert mail["Subject"] == "No result: Move to our own server"
        assert "Ada Author has withdrawn" in text_of(mail)
        assert "> The offer has lapsed." in text_of(mail)

    def test_a_vote_that_is_declared_void_says_by_whom_and_why(self, app, catch_up, mails):
        on = votes.scene(2)
        proposal, secretary = votes.opened(on), factories.officer("membership_secretary", "Sec Retary")
        catch_up()
        before = len(mails())
        with write_transaction():
            drafting.declare_void(proposal, secretary.id, "Two people shared an account.", NOW)
        catch_up()
        assert len(mails()[before:]) == 4
        text = " ".join(text_of(mails()[-1]).split())
        assert "Sec Retary has declared the vote on" in text
        assert "> Two people shared an account." in text

    def test_nobody_is_told_of_a_draft_that_is_withdrawn(self, app, catch_up):
        on = votes.scene(2)
        proposal = votes.draft(on)
        with write_transaction():
            drafting.withdraw(proposal, on.author.id, "Not yet.", NOW)
        catch_up()
        assert not [kind for _, kind in told() if kind == "voting_stopped"]


@pytest.mark.parametrize("kind", ["voting_opened", "voting_closes_soon", "voting_closed"])
def test_a_mail_that_was_queued_by_a_version_without_proxies_can_be_written(app, kind):
    common = {
        "title": "Move?",
        "by": "",
        "path": "/p/1",
        "group": "Tech",
        "is_secret": False,
        "stop": "/s",
        "coop": "C",
    }
    call = {"summary": "We move.", "closes": "Sat", "closes_at": "Saturday", "options": ["Agree"], "urgent_reason": ""}
    rest = {
        "ballot": "/vote/x",
        "base_url": "http://localhost",
        "verdict": "Passed",
        "reasons": [],
        "check_path": "/p/1",
    }
    assert "Move?" in write_letter(f"notice_{kind}", "en", "Europe/London", {**common, **call, **rest}).text
