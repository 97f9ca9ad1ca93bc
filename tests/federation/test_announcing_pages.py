"""What people see of announcements: a post before it goes out, the officer's form, how far it got."""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from coopgov.decisions.services import opening
from coopgov.federation.models import Actor, Delivery
from coopgov.federation.queries.actors import the_actor
from coopgov.federation.queries.announcements import silence_over
from coopgov.federation.services import publishing
from coopgov.infra.db import write_transaction
from coopgov.infra.web.csrf import FIELD
from tests import factories as make
from tests.conftest import NOW, Browser
from tests.decisions.scene import Scene, draft, opened, scene
from tests.federation.announcing import actor, announcements, follower, reaction, sent, the_one

SignIn = Callable[[int], Browser]
CatchUp = Callable[[], int]
FORM = "/admin/federation/announce"


@pytest.fixture
def on(app: Flask) -> Scene:
    actor()
    return scene()


@pytest.fixture
def admin(app: Flask, sign_in: SignIn) -> Browser:
    actor()
    return sign_in(make.officer("admin").id)


# A proposal's post before it goes out


@pytest.mark.parametrize("who", ["author", "convenor"])
def test_author_and_convenor_see_the_post_before_voting_opens(on: Scene, sign_in: SignIn, who: str) -> None:
    proposal, browser = draft(on, source="We rent our own machine."), sign_in(getattr(on, who).id)
    assert f'href="/p/{proposal.id}/announcement"' in browser.get(proposal.path).text
    page = browser.get(f"/p/{proposal.id}/announcement")
    assert page.status_code == 200
    assert "<strong>Voting is open: Move to our own server</strong>" in page.text
    assert "<p>We rent our own machine.</p>" in page.text
    assert "#<span>Tech</span>" in page.text
    assert f">http://localhost/p/{proposal.id}</a>" in page.text


def test_a_preview_is_what_goes_out(on: Scene, sign_in: SignIn, catch_up: CatchUp) -> None:
    proposal = draft(on, source="We **rent** & pay.")
    before = sign_in(on.author.id).get(f"/p/{proposal.id}/announcement").text
    with write_transaction():
        opening.open_voting(proposal, NOW)
    catch_up()
    post = the_one("opened")
    for words in (post.title, *post.words.split("\n")):
        known = words.replace(proposal.manifest_hash, "…").replace(proposal.roll_root, "…")
        assert known.replace("&", "&amp;") in before


def test_the_address_in_a_post_leads_to_its_page(on: Scene, client: Browser, catch_up: CatchUp) -> None:
    proposal = opened(on)
    catch_up()
    answer = client.get(the_one("opened").path)
    assert (answer.status_code, answer.location) == (301, proposal.path)


def test_others_see_nothing_of_it(on: Scene, sign_in: SignIn, client: Browser) -> None:
    proposal = draft(on)
    member = sign_in(on.members[0].id)
    assert "/announcement" not in member.get(proposal.path).text
    assert member.get(f"/p/{proposal.id}/announcement").status_code == 403
    assert member.submit(f"/p/{proposal.id}/announcement", act="silence").status_code == 403
    assert "/announcement" not in client.get(proposal.path).text
    assert client.get(f"/p/{proposal.id}/announcement").status_code in (302, 303, 401)
    assert silence_over(f"proposal:{proposal.id}") is None


def test_a_proposal_is_kept_from_being_announced_and_announced_after_all(
    on: Scene, sign_in: SignIn, catch_up: CatchUp
) -> None:
    proposal, browser = draft(on), sign_in(on.author.id)
    path = f"/p/{proposal.id}/announcement"
    assert "Do not announce this" in browser.get(path).text
    answer = browser.submit(path, act="silence")
    assert (answer.status_code, answer.location) == (303, f"{proposal.path}?said=announcement-silenced")
    assert "Nothing of this proposal will be announced." in browser.get(proposal.path).text
    assert "Do not announce this" not in browser.get(path).text
    assert "Announce it after all" in browser.get(path).text
    browser.submit(path, act="announce")
    assert "everybody who follows the co-op gets a post" in browser.get(proposal.path).text
    with write_transaction():
        opening.open_voting(proposal, NOW)
    catch_up()
    assert the_one("opened").title


def test_a_stale_form_silences_nothing(on: Scene, sign_in: SignIn) -> None:
    proposal, browser = draft(on), sign_in(on.author.id)
    answer = browser.post(
        f"/p/{proposal.id}/announcement",
        data={FIELD: "stale", "act": "silence"},
        headers={"Origin": "http://localhost"},
    )
    assert answer.status_code == 422
    assert silence_over(f"proposal:{proposal.id}") is None


def test_of_a_proposal_for_members_the_page_says_that_nothing_is_announced(app: Flask, sign_in: SignIn) -> None:
    actor()
    on = scene(is_public=False)
    proposal, browser = draft(on), sign_in(on.author.id)
    assert "/announcement" not in browser.get(proposal.path).text
    page = browser.get(f"/p/{proposal.id}/announcement").text
    assert "Only members can read this proposal, so nothing of it is announced." in page
    assert "Voting is open:" not in page


def test_once_voting_is_open_it_is_too_late_to_keep_it_silent(on: Scene, sign_in: SignIn) -> None:
    proposal, browser = opened(on), sign_in(on.author.id)
    assert browser.get(f"/p/{proposal.id}/announcement").status_code == 409
    assert browser.submit(f"/p/{proposal.id}/announcement", act="silence").status_code == 409
    assert "/announcement" not in browser.get(proposal.path).text


# Beside the discussion


def compose(browser: Browser, on: Scene, **form: str) -> str:
    given = {"readers": "public", "title": "Shall we <close> it?", "text": "It costs **us** £12.", "preview": "1"}
    return str(browser.submit(f"{on.group.path}/threads/new", **(given | form)).text)


def test_the_preview_of_a_new_discussion_shows_the_post_too(on: Scene, sign_in: SignIn) -> None:
    page = compose(sign_in(on.author.id), on)
    assert "Followers in the fediverse will get this:" in page
    assert "<strong>New discussion: Shall we &lt;close&gt; it?</strong>" in page
    assert "<p>It costs us £12.</p>" in page
    assert announcements() == []


def test_the_fragment_for_the_page_has_it_as_well(on: Scene, sign_in: SignIn) -> None:
    browser = sign_in(on.author.id)
    answer = browser.post(
        f"{on.group.path}/threads/new",
        data={FIELD: browser.token(), "readers": "public", "title": "Close it?", "text": "Now.", "preview": "1"},
        headers={"Origin": "http://localhost", "HX-Request": "true"},
    )
    assert "New discussion: Close it?" in answer.text
    assert "<html" not in answer.text


@pytest.mark.parametrize("form", [{"readers": "members"}, {"title": ""}, {"text": ""}, {"readers": ""}])
def test_there_is_no_post_to_show_of_what_will_not_be_announced(
    on: Scene, sign_in: SignIn, form: dict[str, str]
) -> None:
    assert "Followers in the fediverse" not in compose(sign_in(on.author.id), on, **form)


def test_without_an_actor_no_page_speaks_of_the_fediverse(app: Flask, sign_in: SignIn) -> None:
    on = scene()
    browser = sign_in(on.author.id)
    assert "fediverse" not in compose(browser, on)
    assert "fediverse" not in browser.get(draft(on).path).text


def test_members_see_what_came_back(on: Scene, sign_in: SignIn, client: Browser, catch_up: CatchUp) -> None:
    proposal = opened(on)
    catch_up()
    member = sign_in(on.members[0].id)
    assert "Announced in the fediverse</span>" in member.get(proposal.path).text
    ada, bob = follower("ada"), follower("bob")
    reaction("like", the_one("opened"), ada)
    reaction("like", the_one("opened"), bob)
    reaction("share", the_one("opened"), bob)
    assert "Announced in the fediverse · 2 likes · 1 share" in member.get(proposal.path).text
    assert "Announced in the fediverse" not in client.get(proposal.path).text
    assert "Announced in the fediverse" not in member.get(on.thread.path).text  # only the proposal was


# By hand


def test_an_officer_sees_the_post_and_then_sends_it(admin: Browser) -> None:
    follower("ada")
    follower("bob")
    assert "Announce something" in admin.get(FORM).text
    page = admin.submit(FORM, title="Open day", words="Come by.\r\nhttps://example.org/day", act="preview").text
    assert "<strong>Open day</strong>" in page
    assert '<a href="https://example.org/day">' in page
    assert '<a href="http://localhost/">' not in page
    assert "It goes to 2 followers on 1 server." in page
    assert announcements() == []
    answer = admin.submit(FORM, title="Open day", words="Come by.\r\nhttps://example.org/day", act="send")
    post = the_one("by_hand")
    assert answer.location == f"/admin/federation/announcements/{post.id}?said=announcement-sent"
    assert (post.title, post.words) == ("Open day", "Come by.\nhttps://example.org/day")
    assert sent() == [("Create", "https://social.example/inbox", "queued")]


def test_whoever_wants_to_change_it_finds_the_words_again(admin: Browser) -> None:
    page = admin.submit(FORM, title="Open day", words="Come by.", act="change").text
    assert 'value="Open day"' in page
    assert ">Come by.</textarea>" in page.replace("\r\n", "").replace(">\n", ">")
    assert announcements() == []


@pytest.mark.parametrize("act", ["preview", "send"])
def test_what_is_wrong_is_said_beside_the_field(admin: Browser, act: str) -> None:
    answer = admin.submit(FORM, title="", words="x" * 501, act=act)
    assert answer.status_code == 422
    assert "1 character too many: at most 500." in answer.text
    assert admin.submit(FORM, title="", words=" ", act=act).status_code == 422
    assert announcements() == []


def test_an_announcement_without_an_actor_is_refused_with_the_reason(app: Flask, sign_in: SignIn) -> None:
    admin = sign_in(make.officer("admin").id)
    answer = admin.submit(FORM, title="", words="Hello.", act="send")
    assert answer.status_code == 409
    assert "The co-op has no account in the fediverse yet." in answer.text


def test_the_page_of_an_announcement_shows_how_far_it_got(admin: Browser) -> None:
    for host in ("a.example", "b.example", "c.example", "d.example"):
        follower(host=host)
    admin.submit(FORM, title="", words="Come by.", act="send")
    path = f"/admin/federation/announcements/{the_one('by_hand').id}"
    assert "0 of 4" in admin.get(path).text
    with write_transaction() as session:
        session.execute(update(Delivery).where(Delivery.id <= 2).values(state="done"))
        session.execute(update(Delivery).where(Delivery.id == 3).values(state="failed"))
    page = admin.get(path).text
    assert "2 of 4" in page
    assert 'width="50.00%"' in page
    assert "1 inbox is still to come." in page
    assert "1 inbox did not take it." in page
    assert 'hx-trigger="every 2s"' in page
    part = admin.get(path, headers={"HX-Request": "true"}).text
    assert "2 of 4" in part
    assert "<html" not in part


def test_a_page_of_which_everything_is_done_asks_no_more(admin: Browser) -> None:
    admin.submit(FORM, title="", words="Come by.", act="send")
    page = admin.get(f"/admin/federation/announcements/{the_one('by_hand').id}").text
    assert "There was nobody to send it to." in page
    assert "hx-trigger" not in page


def test_an_announcement_by_hand_can_be_edited(admin: Browser) -> None:
    follower()
    admin.submit(FORM, title="", words="Come by at fife.", act="send")
    path = f"/admin/federation/announcements/{the_one('by_hand').id}"
    with write_transaction() as session:
        session.execute(update(Delivery).values(state="done"))
    assert "Come by at fife." in admin.get(f"{path}/edit").text
    assert (
        "gets the new version" in admin.submit(f"{path}/edit", title="", words="Come by at five.", act="preview").text
    )
    answer = admin.submit(f"{path}/edit", title="", words="Come by at five.", act="send")
    assert answer.location == f"{path}?said=announcement-edited"
    assert the_one("by_hand").words == "Come by at five."
    assert [kind for kind, *_ in sent()] == ["Create", "Update"]


def test_an_announcement_can_be_taken_back(admin: Browser) -> None:
    follower()
    admin.submit(FORM, title="Open day", words="Come by.", act="send")
    path = f"/admin/federation/announcements/{the_one('by_hand').id}"
    with write_transaction() as session:
        session.execute(update(Delivery).values(state="done"))
    assert "Take the announcement back?" in admin.get(f"{path}/withdraw").text
    answer = admin.submit(f"{path}/withdraw")
    assert answer.location == f"{path}?said=announcement-withdrawn"
    page = admin.get(path).text
    assert "Taken back on Sunday, 22 November 2026, 12:00 GMT." in page
    assert "Come by." not in page
    assert [kind for kind, *_ in sent()] == ["Create", "Delete"]
    assert admin.submit(f"{path}/edit", title="", words="Again?", act="send").status_code == 409


def test_the_words_of_others_are_not_edited_by_hand(admin: Browser, catch_up: CatchUp) -> None:
    opened(scene())
    catch_up()
    path = f"/admin/federation/announcements/{the_one('opened').id}"
    assert f"{path}/edit" not in admin.get(path).text
    assert admin.submit(f"{path}/edit", title="", words="Vote yes!", act="send").status_code == 409


@pytest.mark.parametrize("path", [FORM, "/admin/federation/announcements/1", "/admin/federation/announcements/1/edit"])
def test_for_others_than_the_officer_these_pages_do_not_exist(on: Scene, sign_in: SignIn, path: str) -> None:
    with write_transaction():
        found = publishing.publish_by_hand(actor_row(), "", "Hello.", "cli", NOW)
    assert found.id == 1
    browser = sign_in(on.members[0].id)
    assert browser.get(path).status_code == 404
    assert browser.submit(path, words="Vote yes!", act="send").status_code in (404, 405)
    assert len(announcements()) == 1


def test_an_announcement_that_is_not_there_is_not_found(admin: Browser) -> None:
    assert admin.get("/admin/federation/announcements/99").status_code == 404


def actor_row() -> Actor:
    found = the_actor()
    assert found is not None
    return found
