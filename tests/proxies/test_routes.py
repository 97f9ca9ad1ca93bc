"""Pages of proxies, by the address bar and the buttons."""

from datetime import timedelta

import pytest

from coopgov.core.time import to_wall_clock
from coopgov.infra.db import db, write_transaction
from coopgov.membership.services.register import cease
from coopgov.proxies import queries
from coopgov.proxies.models import Proxy
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import close, link, opened, scene, vote
from tests.proxies.scene import allow, end, give, offer

PAGE = "/g/tech/proxies"


@pytest.fixture
def on(app):
    found = scene(4)
    allow(found.group, found.convenor)
    return found


def day(days: int) -> str:
    return str((to_wall_clock(NOW, "Europe/London") + timedelta(days=days)).date())


def test_a_member_finds_somebody_asks_and_is_told_what_happens_next(on, sign_in):
    me, bo = on.members[:2]
    browser = sign_in(me.id)
    assert PAGE in browser.get("/g/tech").text
    found = browser.get(f"{PAGE}?name=member+1").text
    assert f"{PAGE}/give/{bo.id}" in found
    assert f"{PAGE}/give/{me.id}" not in browser.get(f"{PAGE}?name=member").text
    assert "Nobody else in the group has a name with" in browser.get(f"{PAGE}?name=zzz").text
    assert "Ask Member 1 to vote for you" in browser.get(f"{PAGE}/give/{bo.id}").text
    answer = browser.submit(f"{PAGE}/give/{bo.id}", last_day=day(30))
    assert answer.location == f"{PAGE}?said=proxy-asked"
    page = browser.get(answer.location).text
    assert "They have not answered yet" in page
    assert "Take it back" in page
    assert 'id="give"' not in page


def test_who_is_asked_says_yes_and_gives_it_back(on, sign_in):
    ada, bo = on.members[:2]
    proxy = offer(on.group, ada, bo)
    browser = sign_in(bo.id)
    assert "1 member asks you to vote for them." in browser.get("/g/tech").text
    assert "They ask you to vote for them" in browser.get(PAGE).text
    assert browser.submit(f"{PAGE}/{proxy.id}/answer", act="accept").location == f"{PAGE}?said=proxy-accepted"
    assert "Give it back" in browser.get(PAGE).text
    assert browser.submit(f"{PAGE}/{proxy.id}/answer", act="accept").status_code == 303
    for _click in range(2):
        assert browser.submit(f"{PAGE}/{proxy.id}/end").location == f"{PAGE}?said=proxy-ended"
    assert sign_in(ada.id).submit(f"{PAGE}/{proxy.id}/end").status_code == 409
    assert browser.submit(f"{PAGE}/{proxy.id}/answer", act="accept").status_code == 409
    assert "Nobody has given a proxy." in browser.get(PAGE).text


def test_who_is_asked_can_decline(on, sign_in):
    ada, bo = on.members[:2]
    proxy = offer(on.group, ada, bo)
    assert sign_in(bo.id).submit(f"{PAGE}/{proxy.id}/answer", act="decline").location == f"{PAGE}?said=proxy-declined"
    assert queries.given_at(on.group.id, NOW) == []


@pytest.mark.parametrize("last_day", ["", "soon", "9999-12-31", day(0), day(400), "2026-02-30"])
def test_a_day_that_cannot_be_is_refused_beside_the_field_and_asks_nobody(on, sign_in, last_day):
    ada, bo = on.members[:2]
    answer = sign_in(ada.id).submit(f"{PAGE}/give/{bo.id}", last_day=last_day)
    assert answer.status_code == 422
    assert 'id="last_day-error"' in answer.text
    assert f'value="{last_day}"' in answer.text
    assert db.session.query(Proxy).count() == 0


def test_others_cannot_answer_end_or_find_a_proxy(on, sign_in):
    ada, bo, cy, _ = on.members
    proxy = offer(on.group, ada, bo)
    stranger = sign_in(cy.id)
    for path in (f"{PAGE}/{proxy.id}/answer", f"{PAGE}/{proxy.id}/end", f"{PAGE}/999/end"):
        assert stranger.submit(path, act="accept").status_code == 404
    assert sign_in(ada.id).submit(f"{PAGE}/{proxy.id}/answer", act="accept").status_code == 409


def test_one_is_asked_nothing_by_oneself_or_by_who_is_not_in_the_group(on, sign_in):
    ada, bo = on.members[:2]
    outsider = make.member("Out Sider")
    assert sign_in(ada.id).get(f"{PAGE}/give/{ada.id}").status_code == 404
    assert sign_in(ada.id).get(f"{PAGE}/give/{outsider.id}").status_code == 404
    browser = sign_in(outsider.id)
    assert 'id="give"' not in browser.get(PAGE).text
    answer = browser.submit(f"{PAGE}/give/{bo.id}", last_day=day(30))
    assert answer.status_code == 403
    assert "Only people in the group can give a proxy" in answer.text


def test_a_second_offer_is_refused_with_what_to_do(on, sign_in):
    ada, bo, cy, _ = on.members
    offer(on.group, ada, bo)
    answer = sign_in(ada.id).submit(f"{PAGE}/give/{cy.id}", last_day=day(30))
    assert answer.status_code == 409
    assert "Take it back before you give it again." in answer.text


def test_convenors_switch_proxies_on_and_off_and_nobody_else_does(sign_in):
    on = scene(2)
    member, convenor = sign_in(on.members[0].id), sign_in(on.convenor.id)
    assert PAGE not in member.get("/g/tech").text
    assert "This group has no proxies: everybody votes for themselves." in member.get(PAGE).text
    assert 'name="cap"' not in member.get(PAGE).text
    assert member.submit(f"{PAGE}/terms", cap="2").status_code == 403
    assert "Switch them on" in convenor.get("/g/tech").text
    for wrong in ("", "-1", "101", "1.5", "many"):
        answer = convenor.submit(f"{PAGE}/terms", cap=wrong)
        assert (answer.status_code, 'id="cap-error"' in answer.text) == (422, True)
    assert convenor.submit(f"{PAGE}/terms", cap="2").location == f"{PAGE}?said=proxy-terms"
    assert "One member votes for at most 2 others" in member.get(PAGE).text
    assert convenor.submit(f"{PAGE}/terms", cap="0").location == f"{PAGE}?said=proxy-terms"
    assert "This group has no proxies" in member.get(PAGE).text


def test_the_public_sees_nothing_of_proxies(on, client):
    give(on.group, *on.members[:2])
    assert "proxies" not in client.get("/g/tech").text
    assert client.get(PAGE).status_code in (302, 303, 401, 403)


def test_a_circle_and_what_does_not_count_are_told_to_whom_they_concern(on, sign_in):
    ada, bo, cy, _ = on.members
    give(on.group, ada, bo)
    give(on.group, bo, ada)
    give(on.group, cy, ada)
    for member in (ada, cy):  # in the circle, and on the way into it
        assert "It is passed on in a circle" in sign_in(member.id).get(PAGE).text
    allow(on.group, on.convenor, 0, NOW)
    assert "the group has no proxies any more" in sign_in(cy.id).get(PAGE).text


def test_the_ballot_says_who_votes_for_whom_and_the_result_what_was_carried(on, sign_in, client):
    ada, bo = on.members[:2]
    give(on.group, ada, bo)
    proposal = opened(on, electorate="group")
    path = proposal.path
    giver, holder = sign_in(ada.id), sign_in(bo.id)
    assert "If you do not vote, your vote is counted as that of Member 1, who holds your proxy." in giver.get(path).text
    assert "Your vote counts for Member 0 too, unless they vote themselves." in holder.get(path).text
    assert "1 member on the roll has given a proxy" in giver.get(path).text
    assert "proxy to Member 1" in giver.get(f"{path.split('-')[0]}/roll").text
    vote(proposal, bo, "agree")
    close(proposal)
    assert "Your proxy, which Member 1 holds, was voted: Agree." in giver.get(path).text
    assert "(through Member 1)" in giver.get(path).text
    public = client.get(path).text
    assert "1 of these votes was carried by a proxy." in public
    assert "(by proxy)" in public
    assert "carried through" in client.get(f"/p/{proposal.id}/ballots").text
    table = client.get(f"/p/{proposal.id}/ballots.csv").text.splitlines()
    assert table[0].startswith("tracker,voter,through,")
    assert sorted(bool(row.split(",")[2]) for row in table[1:]) == [False, True]


def test_an_open_vote_forgets_a_proxy_that_ended(on, sign_in, client, catch_up):
    ada, bo = on.members[:2]
    proxy = give(on.group, ada, bo)
    proposal = opened(on, electorate="group")
    assert "has given a proxy" in client.get(proposal.path).text
    end(proxy, bo)
    catch_up()
    assert "has given a proxy" not in client.get(proposal.path).text
    assert "holds your proxy" not in sign_in(ada.id).get(proposal.path).text
    assert "proxy to" not in sign_in(ada.id).get(f"/p/{proposal.id}/roll").text


def test_what_an_open_vote_still_carries_can_be_ended_from_the_ballot(on, sign_in, clock):
    ada, bo = on.members[:2]
    proxy = give(on.group, ada, bo, until=NOW + timedelta(days=1))
    proposal = opened(on, electorate="group")
    allow(on.group, on.convenor, 0, NOW)
    clock.forward(days=2)
    giver, holder = sign_in(ada.id), sign_in(bo.id)
    assert "Take yours back from Member 1" in giver.get(proposal.path).text
    assert "Give Member 0 theirs back" in holder.get(proposal.path).text
    assert holder.submit(f"{PAGE}/{proxy.id}/end").status_code == 303
    assert "Member 1" not in giver.get(proposal.path).text.split("Your vote")[1].split("</section>")[0]


def test_who_has_left_the_co_op_since_can_still_end_what_a_roll_keeps(on, sign_in):
    ada, bo = on.members[:2]
    proxy = give(on.group, ada, bo)
    opened(on, electorate="group")
    with write_transaction():
        cease(ada.id, "resigned", NOW, ada.id)
    assert sign_in(ada.id).submit(f"{PAGE}/{proxy.id}/end").location.startswith("/g/tech?")
    assert proxy.how == "taken_back"


def test_holders_can_give_back_where_a_group_has_switched_proxies_off(on, sign_in):
    ada, bo = on.members[:2]
    give(on.group, ada, bo)
    allow(on.group, on.convenor, 0, NOW)
    assert "Give it back" in sign_in(bo.id).get(PAGE).text


def test_a_mailed_ballot_says_who_votes_for_whom_and_that_a_vote_was_carried(app, on, client):
    ada, bo = on.members[:2]
    give(on.group, ada, bo)
    proposal = opened(on, electorate="group")
    giver, holder = link(app, proposal, ada), link(app, proposal, bo)
    assert "your vote is counted as that of Member 1" in client.get(giver).text
    assert "Your vote counts for Member 0 too" in client.get(holder).text
    vote(proposal, bo, "agree")
    close(proposal)
    assert "You did not vote. Your proxy, which Member 1 holds, was voted: Agree." in client.get(giver).text


def test_pages_take_as_many_statements_for_many_proxies_as_for_one(on, sign_in, statements):
    ada, bo = on.members[:2]
    give(on.group, ada, bo)
    browser = sign_in(bo.id)

    def sent_for_pages() -> list[int]:
        proposal = opened(on, electorate="group")
        return [_statements(browser, statements, path) for path in (PAGE, proposal.path, f"/p/{proposal.id}/roll")]

    opened(on)  # so that the discussion has another vote both times
    few = sent_for_pages()
    allow(on.group, on.convenor, 40)
    for n in range(20):
        more = make.member(f"More {n}")
        make.seat(on.group, more)
        give(on.group, more, bo)
    assert sent_for_pages() == few


def _statements(browser, statements, path: str) -> int:
    browser.get(path)
    with statements() as sent:
        browser.get(path)
    return len(sent)
