import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from coopgov.groups import queries
from coopgov.groups.models import Group
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW

WORDS = {"name": "Finance", "summary": "We keep the books.", "purpose": "Books.", "joining": "open"}


def test_everybody_reads_the_list_of_groups_without_a_cookie(client, statements):
    make.seat(make.group("Tech", summary="We run the servers."), make.member())
    client.get("/groups")
    with statements() as sent:
        page = client.get("/groups")
    assert page.status_code == 200
    assert "We run the servers." in page.text
    assert "Set-Cookie" not in page.headers
    assert "<form" not in page.text
    assert len(sent) <= 1
    assert client.get("/groups", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304


def test_the_list_takes_as_many_statements_for_30_groups_as_for_one(client, statements):
    make.group("One")
    client.get("/groups?warm=1")
    with statements() as few:
        client.get("/groups?a=1")
    for n in range(29):
        make.seat(make.group(f"Group {n}"), make.member())
    with statements() as many:
        client.get("/groups?a=2")
    assert len(many) == len(few) <= 3


def test_an_empty_list_says_so_and_the_admin_what_to_do(client, sign_in):
    assert "No groups yet" in client.get("/groups").text
    assert "/groups/new" not in client.get("/groups?x=1").text
    assert "/groups/new" in sign_in(make.officer().id).get("/groups").text


def test_the_public_reads_a_convenor_as_they_chose_and_members_read_the_name(client, sign_in):
    group = make.group()
    for name, choice in (("Ada Lovelace", "full"), ("Grace Hopper", "initial"), ("Hedy Lamarr", "none")):
        make.seat(group, make.member(name, public_name=choice), "convenor")
    public = client.get("/g/tech").text
    assert "Ada Lovelace" in public
    assert "Grace H." in public
    assert "Grace Hopper" not in public
    assert "Hedy" not in public
    assert "a member" in public
    mine = sign_in(make.member("Bob").id).get("/g/tech").text
    assert "Grace Hopper" in mine
    assert "Hedy Lamarr" in mine


def test_a_group_page_is_for_everybody_without_form_or_cookie(client):
    make.seat(make.group(purpose_html="<p>We run them.</p>"), make.member())
    page = client.get("/g/tech")
    assert page.status_code == 200
    assert "<p>We run them.</p>" in page.text
    assert "form_token" not in page.text
    assert "<form" not in page.text
    assert "Set-Cookie" not in page.headers
    assert client.get("/g/tech", headers={"If-None-Match": page.headers["ETag"]}).status_code == 304


def test_a_group_that_is_not_there_is_not_found(client, sign_in):
    assert client.get("/g/nothing").status_code == 404
    member = sign_in(make.member().id)
    for path in ("/g/nothing/edit", "/g/nothing/people"):
        assert member.get(path).status_code == 404
    for path in ("join", "leave", "edit", "step-down", "people/1/accept", "people/1/decline", "people/1/convene"):
        assert member.submit(f"/g/nothing/{path}").status_code == 404


def test_a_member_joins_and_leaves(sign_in):
    group, bob = make.group(), make.member()
    browser = sign_in(bob.id)
    assert "Join this group" in browser.get("/g/tech").text
    answer = browser.submit("/g/tech/join")
    assert (answer.status_code, answer.location) == (303, "/g/tech?said=group-joined")
    assert bob.id in queries.sitters_at(group.id, NOW)
    assert "Leave the group" in browser.get("/g/tech").text
    browser.submit("/g/tech/leave")
    assert bob.id not in queries.sitters_at(group.id, NOW)


def test_a_member_asks_to_join_and_a_convenor_accepts(sign_in):
    group = make.group(joining="asked")
    ada, bob = make.member("Ada"), make.member("Bob")
    make.seat(group, ada, "convenor")
    browser, convenor = sign_in(bob.id), sign_in(ada.id)
    assert browser.submit("/g/tech/join").location == "/g/tech?said=group-asked"
    assert "waits for a convenor" in browser.get("/g/tech").text
    assert "1 member asks to join" in convenor.get("/g/tech").text
    assert "Accept Bob" in convenor.get("/g/tech/people").text
    assert convenor.submit(f"/g/tech/people/{bob.id}/accept").status_code == 303
    assert bob.id in queries.sitters_at(group.id, NOW)


def test_a_member_takes_a_request_back(sign_in):
    group, bob = make.group(joining="asked"), make.member()
    browser = sign_in(bob.id)
    browser.submit("/g/tech/join")
    assert browser.submit("/g/tech/leave").location.endswith("group-request-gone")
    assert not queries.asks_to_join(group.id, bob.id)


def test_a_convenor_declines(sign_in):
    group = make.group(joining="asked")
    ada, bob = make.member(), make.member()
    make.seat(group, ada, "convenor")
    make.seat(group, bob, "asked")
    assert sign_in(ada.id).submit(f"/g/tech/people/{bob.id}/decline").status_code == 303
    assert not queries.asks_to_join(group.id, bob.id)


def test_a_convenor_hands_over(sign_in):
    group = make.group()
    ada, bob = make.member(), make.member()
    make.seat(group, ada, "convenor")
    make.seat(group, bob)
    convenor = sign_in(ada.id)
    alone = convenor.submit("/g/tech/step-down")
    assert alone.status_code == 409
    assert "only convenor of Tech" in alone.text
    assert convenor.submit("/g/tech/leave").status_code == 409
    convenor.submit(f"/g/tech/people/{bob.id}/convene")
    assert convenor.submit("/g/tech/step-down").status_code == 303
    assert queries.convenor_ids(group.id, NOW) == {bob.id}


@pytest.mark.parametrize("act", ["accept", "decline", "convene"])
def test_nobody_but_a_convenor_of_this_group_decides_about_its_people(sign_in, act):
    group, other = make.group(joining="asked"), make.group("Finance")
    bob, carol, sitter = make.member(), make.member(), make.member()
    make.seat(group, bob, "asked")
    make.seat(other, carol, "convenor")
    make.seat(group, sitter)
    for intruder in (carol, sitter, bob):
        assert sign_in(intruder.id).submit(f"/g/tech/people/{bob.id}/{act}").status_code == 403
    assert queries.asks_to_join(group.id, bob.id)


def test_a_convenor_cannot_accept_a_request_to_another_group(sign_in):
    mine, other = make.group(), make.group("Finance", joining="asked")
    ada, bob = make.member(), make.member()
    make.seat(mine, ada, "convenor")
    make.seat(other, bob, "asked")
    assert sign_in(ada.id).submit(f"/g/tech/people/{bob.id}/accept").status_code == 409
    assert queries.asks_to_join(other.id, bob.id)


def test_a_convenor_edits_the_page(sign_in):
    group, ada = make.group(), make.member()
    make.seat(group, ada, "convenor")
    browser = sign_in(ada.id)
    assert browser.get("/g/tech/edit").status_code == 200
    assert browser.submit("/g/tech/edit", **WORDS).location == "/g/tech?said=group-edited"
    assert db.session.get(Group, group.id).name == "Finance"


def test_others_cannot_edit_the_page(sign_in, client):
    make.seat(make.group(), make.member(), "convenor")
    bob = sign_in(make.member().id)
    assert bob.get("/g/tech/edit").status_code == 403
    assert bob.submit("/g/tech/edit", **WORDS).status_code == 403
    assert client.get("/g/tech/edit").status_code == 303
    assert client.submit("/g/tech/edit", **WORDS).status_code == 403
    assert db.session.scalar(select(Group.name)) == "Tech"


def test_an_admin_founds_a_group(sign_in):
    admin = make.officer()
    browser = sign_in(admin.id)
    assert browser.get("/groups/new").status_code == 200
    assert browser.submit("/groups/new", **WORDS).location == "/g/finance?said=group-founded"
    assert queries.convenor_ids(queries.group_by_slug("finance").id, NOW) == {admin.id}


def test_for_others_there_is_no_way_to_found_a_group(sign_in, client):
    bob = sign_in(make.member().id)
    assert bob.get("/groups/new").status_code == 404
    assert bob.submit("/groups/new", **WORDS).status_code == 404
    assert client.get("/groups/new").status_code == 303


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"name": ""}, "Give the group a name."),
        ({"name": "x" * 81}, "1 character too many"),
        ({"summary": " "}, "Say in one line what the group is for."),
        ({"joining": ""}, "Choose how members join."),
        ({"joining": "whatever"}, "Choose one of the options."),
        ({"name": "tech"}, "There is already a group called tech."),
        ({"purpose": "x" * 20_001}, "character too many"),
    ],
)
def test_a_form_that_cannot_be_meant_comes_back_with_what_was_typed(sign_in, wrong, says):
    make.group()
    answer = sign_in(make.officer().id).submit("/groups/new", **{**WORDS, "purpose": "Typed words.", **wrong})
    assert answer.status_code in (409, 422)
    assert says in answer.text
    assert "Error: " in answer.text
    assert ("Typed words." in answer.text) == ("purpose" not in wrong)


def test_a_stale_form_keeps_what_was_typed(sign_in):
    answer = sign_in(make.officer().id).post("/groups/new", data=WORDS, headers={"Origin": "http://localhost"})
    assert answer.status_code == 422
    assert "open too long" in answer.text
    assert "We keep the books." in answer.text
    assert db.session.scalar(select(Group)) is None


def test_only_members_see_who_sits_in_a_group(client, sign_in):
    make.seat(make.group(), make.member("Ada Lovelace"))
    assert client.get("/g/tech/people").status_code == 303
    assert sign_in(make.person().id).get("/g/tech/people").status_code == 403
    assert "Ada Lovelace" in sign_in(make.member().id).get("/g/tech/people").text


def test_the_list_of_people_takes_as_many_statements_for_40_as_for_2(sign_in, statements):
    group, ada = make.group(), make.member()
    make.seat(group, ada, "convenor")
    browser = sign_in(ada.id)
    browser.get("/g/tech/people")
    with statements() as few:
        browser.get("/g/tech/people")
    for _n in range(40):
        make.seat(group, make.member())
    with statements() as many:
        browser.get("/g/tech/people")
    assert len(many) == len(few) <= 12


def test_hostile_names_stay_text(sign_in, client):
    admin = make.officer()
    hostile = {**WORDS, "name": "<script>alert(1)</script>\u202e", "summary": '"><img src=x onerror=alert(1)>'}
    answer = sign_in(admin.id).submit("/groups/new", **{**hostile, "purpose": "<script>alert(1)</script>"})
    path = answer.location.split("?")[0]
    for page in (client.get(path).text, client.get("/groups").text):
        assert "<script>alert" not in page
        assert "<img" not in page
        assert "\u202e" not in page


def test_signed_out_visitors_are_asked_to_sign_in_to_join(client):
    group = make.group()
    assert client.submit("/g/tech/join").status_code == 403
    assert queries.sitters_at(group.id, NOW) == set()
    assert "/sign-in?next=/g/tech" in client.get("/g/tech").text


def test_the_public_is_not_told_of_a_fresh_join(app, client, sign_in):
    group, ada, bo = make.group("Tech"), make.member(), make.member()
    make.seat(group, ada)
    make.seat(group, bo, starts_at=NOW - timedelta(hours=1))
    for path in ("/groups", "/g/tech"):
        assert sizes(client.get(path).text) == {"1"}
        assert sizes(sign_in(ada.id).get(path).text) == {"2"}


def sizes(page):
    """The numbers of members that a page of groups tells."""
    return set(re.findall(r'<span class="num">(\d+)</span>|(\d+) (?:person|people)', page).pop()) - {""}


def test_the_people_of_a_large_group_come_in_pages(app, sign_in):
    group, ada = make.group("Tech"), make.member("Ada Lovelace")
    with write_transaction():
        make.seat(group, ada, role="convenor")
        for number in range(1, 105):
            make.seat(group, make.member(f"Number {number:03}"))
    browser = sign_in(ada.id)
    first, second = browser.get("/g/tech/people").text, browser.get("/g/tech/people?page=2").text
    assert "105 people" in first
    assert first.count("Ada Lovelace") > second.count("Ada Lovelace")  # who is signed in stands on both
    assert ("Number 099" in first, "Number 100" in first) == (True, False)
    assert ("Number 100" in second, "Number 104" in second) == (True, True)
