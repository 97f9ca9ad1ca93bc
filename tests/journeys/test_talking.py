"""Members talk: joining a group, a thread for members, comments, mentions, replies, reading on where one left off."""

import pytest
from playwright.sync_api import expect

from tests.journeys.site import Site, link_in
from tests.journeys.tab import OpenTab, the_other_two, two_settings

pytestmark = pytest.mark.browser
WORDS = "Shall we plant **quinces** by the wall?\n\n- they like the sun\n- @Grace Hopper knows how to prune them"


def test_a_member_joins_a_group_and_opens_a_discussion_for_members(site: Site, open_tab: OpenTab) -> None:
    site.group("Garden", site.member("Rosa Parks"))
    tab, visitor = open_tab(site), open_tab(site)
    tab.enter_as(site.member("Ada Byron"))
    tab.visit("/groups")
    tab.follow("Garden")
    tab.press("Join this group")
    tab.says("You are in the group now.", "2 people")
    tab.follow("Start a discussion")
    tab.press("Start the discussion", status=422)
    tab.says("There is a problem", "Choose who can read this.", "Give the discussion a title.")
    tab.choose("Members only")
    tab.says("Only signed-in members of the co-op can read it.")
    tab.fill("Title", "Quinces")
    tab.fill("What you want to say", WORDS)
    tab.press_in_place("Preview")
    tab.says("Preview: nothing is posted yet", within="#preview")
    assert tab.page.locator("#preview strong", has_text="quinces").count() == 1
    assert tab.value_of("Title") == "Quinces"
    tab.press("Start the discussion")
    tab.says("Your discussion has begun.", "Members only.", "No comments yet")
    visitor.visit(tab.path, status=404)
    visitor.visit("/g/garden")
    visitor.silent("Quinces")


def test_a_member_mentions_somebody_who_hears_of_it_and_replies(site: Site, open_tab: OpenTab) -> None:
    ada, grace = site.member("Ada Byron"), site.member("Grace Hopper")
    thread = site.thread(site.group("Garden", ada), ada, "Quinces")
    adas, graces = open_tab(site), open_tab(site)
    adas.enter_as(ada)
    graces.enter_as(grace)
    adas.visit(thread.path)
    adas.says("Public.", "Anybody will be able to read this, under the name that you show in public.")
    adas.fill("Your comment", WORDS)
    adas.press_in_place("Preview")
    adas.says("Preview: nothing is posted yet", within="#preview")
    assert adas.value_of("Your comment") == WORDS
    adas.press("Post comment")
    adas.says("Your comment is posted.", "they like the sun")
    mail = site.mail(grace.email, "Ada Byron mentioned you: Quinces")
    graces.visit("/inbox")
    graces.says("Ada Byron mentioned you", "Today")
    assert graces.page.locator(".unread").count() == 1
    graces.visit(link_in(mail, "Read and answer"))
    assert graces.path == thread.path
    graces.says("they like the sun")
    graces.follow("Reply: comment 1 by Ada Byron")
    graces.says("Reply to Ada Byron")
    graces.fill("Your comment", "In March, and hard.")
    graces.press("Post comment")
    nested = graces.page.locator(".comments .comments .comment")
    assert nested.count() == 1
    assert "In March, and hard." in nested.inner_text()
    site.mail(ada.email, "Grace Hopper replied to you: Quinces")
    if not graces.setting.js:
        graces.press("Mark as read up to here")
    graces.visit("/inbox")
    assert graces.page.locator(".unread").count() == 0  # who has read the thread has seen the mention


@the_other_two
def test_a_member_edits_a_comment_and_everybody_can_see_how(site: Site, open_tab: OpenTab) -> None:
    ada = site.member("Ada Byron")
    thread = site.thread(site.group("Garden", ada), ada, "Quinces")
    site.comment(thread, ada, "They need *much* water.")
    tab, visitor = open_tab(site), open_tab(site)
    tab.enter_as(ada)
    tab.visit(thread.path)
    tab.follow("Edit: comment 1 by Ada Byron")
    assert tab.value_of("Your comment") == "They need *much* water."
    tab.fill("Your comment", "They need *some* water.")
    tab.press("Save the changes")
    tab.says("Your changes are saved.", "They need some water.", "edited")
    visitor.visit(thread.path)
    visitor.follow("Earlier versions")
    assert visitor.page.locator("del", has_text="much").count() == 1
    assert visitor.page.locator("ins", has_text="some").count() == 1
    tab.follow("Delete: comment 1 by Ada Byron")
    tab.press("Delete comment")
    tab.says("Your words are deleted.", "Deleted by its author.")
    visitor = open_tab(site)
    visitor.visit(thread.path)
    visitor.silent("some water", "much water")


def test_a_member_reads_on_at_the_first_new_comment(site: Site, open_tab: OpenTab) -> None:
    ada, grace = site.member("Ada Byron"), site.member("Grace Hopper")
    thread = site.thread(site.group("Garden", ada), ada, "Quinces")
    for number in range(3):
        site.comment(thread, grace, f"Old remark {number}.")
    tab = open_tab(site)
    tab.enter_as(ada)
    tab.visit(thread.path)
    if tab.setting.js:
        tab.says("You have read up to here.")
    else:
        tab.press("Mark as read up to here")
        tab.says("Marked as read.")
    site.comment(thread, grace, "The first new remark.")
    site.comment(thread, grace, "The second new remark.")
    tab.visit(thread.path)
    tab.says("New since your last visit")
    tab.follow("Jump to the first unread (2 new)")
    assert tab.page.url.endswith("#c-4")
    expect(tab.page.locator("#c-4")).to_be_in_viewport()
    if not tab.setting.js:
        tab.press("Mark as read up to here")
    site.rest()
    tab.visit(thread.path)
    tab.silent("Jump to the first unread")


@two_settings
def test_a_comment_that_is_sent_twice_is_posted_once(site: Site, open_tab: OpenTab) -> None:
    ada = site.member("Ada Byron")
    thread = site.thread(site.group("Garden", ada), ada, "Quinces")
    tab = open_tab(site)
    tab.enter_as(ada)
    tab.visit(thread.path)
    tab.fill("Your comment", "Once is enough.")
    tab.button("Post comment").dblclick()
    tab.says("Once is enough.", within=".comments")
    site.rest()
    tab.visit(thread.path)
    assert tab.page.locator(".comment").count() == 1


@two_settings
def test_words_survive_a_form_that_is_too_old(site: Site, open_tab: OpenTab) -> None:
    ada = site.member("Ada Byron")
    thread = site.thread(site.group("Garden", ada), ada, "Quinces")
    tab = open_tab(site)
    tab.enter_as(ada)
    tab.visit(thread.path)
    tab.fill("Your comment", "A long thought that must not be lost.")
    tab.spoil_token("/comments")
    tab.press("Post comment", status=422)
    tab.says("This page had been open too long")
    assert tab.value_of("Your comment") == "A long thought that must not be lost."
    tab.press("Post comment")
    tab.says("A long thought that must not be lost.", within=".comments")


@two_settings
def test_a_mail_of_a_kind_stops_for_good_in_two_taps(site: Site, open_tab: OpenTab) -> None:
    ada, grace = site.member("Ada Byron"), site.member("Grace Hopper")
    thread = site.thread(site.group("Garden", ada), ada, "Quinces")
    site.comment(thread, grace, "Hello @Ada Byron")
    tab = open_tab(site)
    tab.visit(link_in(site.mail(ada.email, "Grace Hopper mentioned you"), "Stop mails of this kind"))
    tab.press("Stop these mails", within="main")
    tab.says("stopped")
    before = len(site.mails(ada.email))
    site.comment(thread, grace, "Hello again @Ada Byron")
    site.rest()
    assert len(site.mails(ada.email)) == before
