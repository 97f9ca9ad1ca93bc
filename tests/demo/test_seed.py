"""The demonstration on both databases, seeded once for all of these tests."""

import random
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from coopgov.decisions.models import Ballot, Outcome, Proposal, ResultRow, RollEntry
from coopgov.decisions.queries.rolls import electors_without_ballot, entry_of
from coopgov.demo.cast import book, persona_email, personas
from coopgov.demo.seed import MAILED_SINCE, TOLD_SINCE, Demo, demo_facts, seed_demo
from coopgov.discussion.models import Comment, Moderation, Revision, Thread
from coopgov.federation.models import Announcement
from coopgov.federation.queries.actors import the_actor
from coopgov.groups.models import Group, Seat
from coopgov.groups.queries import convenor_ids, group_by_slug, sitters_at
from coopgov.identity.models import Party
from coopgov.identity.queries import login_by_email
from coopgov.infra.audit import AuditRow
from coopgov.infra.check import run_checks
from coopgov.infra.db import db
from coopgov.infra.jobs import Job
from coopgov.infra.mail import Mail
from coopgov.infra.outbox import EventRow
from coopgov.membership.queries.register import members_at, offices
from coopgov.notifications.models import Notice
from tests.conftest import NOW, Browser, Clock, _empty_postgres, make_app


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def seeded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Flask, Demo]]:
    folder = tmp_path_factory.mktemp("demo")
    url = f"sqlite:///{folder / 'test.db'}"
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), folder / "test.db")
    else:
        url = str(request.getfixturevalue("postgres_url"))
    app = make_app(url, folder, Clock(), demo=True, key_dir=str(tmp_path_factory.mktemp("keys")))
    with app.app_context():
        demo = seed_demo(NOW, random.Random(7264))
        yield app, demo
        db.session.remove()
        if request.param == "postgresql":
            _empty_postgres()
        db.engine.dispose()


@pytest.fixture
def demo(seeded: tuple[Flask, Demo]) -> Iterator[Demo]:
    yield seeded[1]
    db.session.remove()


@pytest.fixture
def browser(seeded: tuple[Flask, Demo]) -> Callable[[], Browser]:
    def fresh() -> Browser:
        seeded[0].test_client_class = Browser
        return seeded[0].test_client()  # type: ignore[return-value]

    return fresh


def number_of(model: type, *conditions: object) -> int:
    return db.session.scalar(select(func.count()).select_from(model).where(*conditions)) or 0  # type: ignore[arg-type]


def party_of(persona: str) -> int:
    login = login_by_email(persona_email(persona) or "")
    assert login is not None
    return login.party_id


def proposal(title: str) -> Proposal:
    return db.session.scalars(select(Proposal).where(Proposal.title.startswith(title))).one()


def test_every_self_check_is_clean(demo: Demo) -> None:
    faults = run_checks()
    assert len(faults) > 5
    assert all(found == [] for found in faults.values()), faults


def test_ids_rise_with_time_and_nothing_lies_in_the_future(demo: Demo) -> None:
    for moment, order in (
        (AuditRow.at, AuditRow.number),
        (EventRow.at, EventRow.id),
        (Thread.opened_at, Thread.id),
        (Comment.posted_at, Comment.id),
        (Ballot.received_at, Ballot.id),
        (Proposal.created_at, Proposal.id),
    ):
        moments = list(db.session.scalars(select(moment).order_by(order)))
        assert moments == sorted(moments)
        assert moments[-1] <= NOW
    assert (
        NOW - timedelta(days=430)
        < (db.session.scalar(select(func.min(AuditRow.at))) or NOW)
        < NOW - timedelta(days=400)
    )


NAMED_VOTES = [  # agree, abstain, disagree, block
    ("A yearly member check", 111, (22, 5, 1, None), "no_quorum"),
    ("Move to a hyperscaler", None, (5, 2, 2, 1), "failed"),
    ("Move our server", None, (64, 4, 2, 0), "passed"),
    ("By-laws, article 12", None, (48, 6, 24, None), "passed"),
    ("Adopt the budget", 304, (51, 5, 3, 0), "passed"),
    ("Code of conduct, article 3", 304, (51, 5, 3, 1), "passed"),
    ("Raise the on-call stipend", None, (19, 11, 19, 0), "failed"),
    ("Tech recommends", 14, (0, 6, 0, None), "undecided"),
    ("Translate the first-week pages", 40, (17, 3, 1, None), "passed"),
]


@pytest.mark.parametrize(("title", "roll", "counts", "verdict"), NAMED_VOTES)
def test_a_closed_vote_ends_as_the_story_tells(
    demo: Demo, title: str, roll: int | None, counts: tuple[int | None, ...], verdict: str
) -> None:
    decided = proposal(title)
    result = db.session.get_one(ResultRow, decided.id)
    assert (decided.state, result.verdict) == ("closed", verdict)
    assert decided.roll_size == (roll or decided.roll_size) == number_of(RollEntry, RollEntry.proposal_id == decided.id)
    counted = result.plain["counts"]
    assert tuple(counted.get(choice) for choice in ("agree", "abstain", "disagree", "block")) == counts
    assert number_of(Outcome, Outcome.proposal_id == decided.id) == 1


def test_why_a_vote_ended_so_is_the_reason_that_the_story_is_about(demo: Demo) -> None:
    def keys(title: str) -> set[str]:
        return {reason["key"] for reason in db.session.get_one(ResultRow, proposal(title).id).plain["reasons"]}

    assert "blocks.overridden" in keys("Code of conduct, article 3")
    assert "blocks.stopped" in keys("Move to a hyperscaler")
    assert "tie.fails" in keys("Raise the on-call stipend")
    assert "quorum.missed" in keys("A yearly member check")
    assert "ballots.only_abstentions" in keys("Tech recommends")


def test_there_is_a_proposal_in_every_state_and_the_open_ones_close_when_promised(demo: Demo) -> None:
    states = list(db.session.scalars(select(Proposal.state)))
    assert {state: states.count(state) for state in set(states)} == {
        "closed": len(NAMED_VOTES) + 4, "open": 6, "withdrawn": 1, "discussion": 1, "draft": 1,
    }  # fmt: skip
    mandate, pay, storage = proposal("Renew the moderators"), proposal("£28 a week"), proposal("Keep other servers")
    assert timedelta(days=1) < mandate.closes_at - NOW < timedelta(days=3)
    assert timedelta(0) < pay.closes_at - NOW <= timedelta(hours=5)
    assert (mandate.electorate, storage.electorate) == ("coop", "group")
    assert mandate.roll_size - len(electors_without_ballot(mandate.id)) == 40


def test_one_decision_waits_for_its_outcome(demo: Demo) -> None:
    letter = proposal("Send one welcome letter")
    assert db.session.get_one(ResultRow, letter.id).verdict == "passed"
    assert number_of(Outcome, Outcome.proposal_id == letter.id) == 0
    assert letter.group_id == group_by_slug("community").id


def test_three_hundred_members_have_officers_and_working_groups(demo: Demo) -> None:
    assert 300 <= len(members_at(NOW)) <= 310
    for office in ("admin", "membership_secretary", "treasurer"):
        assert offices(party_of(office), NOW) == {office}
    sizes = {slug: len(sitters_at(group_by_slug(slug).id, NOW)) for slug in ("community", "tech", "finance")}
    assert sizes == {"community": 40, "tech": 14, "finance": 5}
    assert party_of("convenor") in convenor_ids(group_by_slug("community").id, NOW)
    assert group_by_slug("finance").joining == "asked"
    assert number_of(Seat, Seat.role == "asked", Seat.ends_at.is_(None)) == 1


def test_names_are_of_many_kinds(demo: Demo) -> None:
    names = list(db.session.scalars(select(Party.name)))
    assert len(set(names)) == len(names)
    assert any(len(name) > 30 for name in names)
    assert any(" " not in name for name in names)
    assert any(not any("a" <= letter.lower() <= "z" for letter in name) for name in names)
    assert set(db.session.scalars(select(Party.public_name))) == {"full", "initial", "none"}


def test_threads_are_long_and_short_public_and_private_edited_hidden_and_deleted(demo: Demo) -> None:
    sizes = list(db.session.scalars(select(Thread.comment_count)))
    assert len(sizes) >= 20
    assert min(sizes) == 0
    assert max(sizes) >= 120
    assert set(db.session.scalars(select(Thread.is_public))) == {True, False}
    assert set(db.session.scalars(select(Comment.state))) == {"visible", "hidden", "deleted"}
    assert number_of(Moderation, Moderation.act == "hide") == 2
    assert set(db.session.scalars(select(Revision.comment_id.is_(None)).distinct())) == {True, False}
    assert number_of(Comment, Comment.html.contains('class="mention"')) > 0
    parents = select(Comment.id).where(Comment.parent_id.is_not(None))
    assert number_of(Comment, Comment.parent_id.in_(parents)) > 0  # an answer to an answer


def test_the_member_persona_sits_in_community_and_has_not_voted_yet(demo: Demo) -> None:
    member = party_of("member")
    assert member in sitters_at(group_by_slug("community").id, NOW)
    assert member in electors_without_ballot(demo.ballot["p"])
    entry = entry_of(demo.ballot["p"], member)
    assert entry is not None
    assert entry.id == demo.ballot["e"]


def test_somebody_joined_too_late_for_the_open_vote(demo: Demo) -> None:
    mandate = proposal("Renew the moderators")
    on_roll = set(db.session.scalars(select(RollEntry.party_id).where(RollEntry.proposal_id == mandate.id)))
    assert {party_id for party_id, _ in members_at(NOW)} - on_roll


def test_only_mails_of_the_last_two_days_wait_to_be_sent(demo: Demo) -> None:
    since = NOW - timedelta(days=MAILED_SINCE)
    assert number_of(Mail, Mail.state == "waiting", Mail.created_at < since) == 0
    assert number_of(Mail, Mail.state == "sent", Mail.created_at >= since) == 0
    assert set(db.session.scalars(select(Job.kind).where(Job.state != "done"))) == {"mail.send"}
    waiting = set(db.session.scalars(select(Mail.kind).where(Mail.state == "waiting")))
    assert {"notice_voting_closes_soon", "notice_voting_opened", "notice_reply", "notice_mention"} <= waiting


def test_what_is_new_waits_in_the_inboxes(demo: Demo) -> None:
    assert number_of(Notice, Notice.party_id == party_of("member"), Notice.read_at.is_(None)) > 0


def test_the_groups_say_what_they_are_for(demo: Demo) -> None:
    assert all(len(group.purpose_source) > 200 for group in db.session.scalars(select(Group)))
    assert len(book()["groups"]) == number_of(Group)


def test_the_demos_addresses_answer(demo: Demo, seeded: tuple[Flask, Demo], browser: Callable[[], Browser]) -> None:
    facts = demo_facts(demo, seeded[0].extensions["coopgov.settings"])
    assert facts["url"] == "http://localhost"
    for name in ("public_thread", "open_proposal", "closed_proposal", "ballot_link"):
        assert browser().get(facts[name]).status_code == 200, name
    assert browser().get(facts["private_thread"]).status_code == 404


def test_what_happened_lately_in_public_was_announced(demo: Demo, seeded: tuple[Flask, Demo]) -> None:
    said = db.session.scalars(select(Announcement).order_by(Announcement.id)).all()
    assert {one.kind for one in said} == {"thread", "opened", "closes_soon", "result", "outcome"}
    assert all(one.published_at >= NOW - timedelta(days=TOLD_SINCE) for one in said)
    private = db.session.scalars(select(Thread.title).where(Thread.is_public.is_(False))).all()
    assert private
    assert not any(title in one.title for title in private for one in said)
    results = [one for one in said if one.kind == "result"]
    assert {one.title.split(":")[0] for one in results} == {"Passed", "Decided"}
    assert all("on the roll voted" in one.words for one in results)


def test_the_demo_says_where_its_actor_is(demo: Demo, seeded: tuple[Flask, Demo]) -> None:
    actor = the_actor()
    assert actor is not None
    assert actor.handle == "harbour_social"
    facts = demo_facts(demo, seeded[0].extensions["coopgov.settings"])
    assert facts["actor"] == f"http://localhost{actor.path}"


def test_the_applicants_link_leads_to_the_choice_of_what_to_give_again_and_again(
    demo: Demo, seeded: tuple[Flask, Demo], browser: Callable[[], Browser]
) -> None:
    link = demo_facts(demo, seeded[0].extensions["coopgov.settings"])["personas"]["applicant"]
    for _ in range(2):
        page = browser().get(link)
        assert page.status_code == 200
        assert "Solidarity" in page.text


def test_who_applies_accepts_a_code_of_conduct_that_everybody_can_read(
    demo: Demo, seeded: tuple[Flask, Demo], browser: Callable[[], Browser]
) -> None:
    page = browser().get("/join").text
    assert "I accept the code of conduct (version 3)" in page
    assert "I am 18 or over" in page
    assert page.count("Tell us a bit about yourself") == 1
    (address,) = re.findall(r'href="([^"]+)" target="_blank"', page)
    assert browser().get(address).status_code == 200


@pytest.mark.parametrize("persona", ["admin", "convenor", "member", "membership_secretary", "treasurer"])
def test_a_personas_link_signs_in_again_and_again(
    demo: Demo, seeded: tuple[Flask, Demo], browser: Callable[[], Browser], persona: str
) -> None:
    link = demo_facts(demo, seeded[0].extensions["coopgov.settings"])["personas"][persona]
    name = db.session.get_one(Party, party_of(persona)).name
    for visitor in (same := browser(), same, browser()):
        page = visitor.get(link)
        assert f"Sign in as {name}" in page.text
        assert "Set-Cookie" not in page.headers
        answer = visitor.submit(link)
        assert answer.status_code == 303  # type: ignore[attr-defined]
        assert f"Signed in as {name}." in visitor.get("/dev").text


def test_without_the_demo_setting_no_door_is_opened(demo: Demo, seeded: tuple[Flask, Demo], tmp_path: Path) -> None:
    assert sorted(personas()) == ["admin", "convenor", "member", "membership_secretary", "treasurer"]
    closed = make_app("sqlite://", tmp_path, Clock())
    assert "personas" not in demo_facts(demo, closed.extensions["coopgov.settings"])
