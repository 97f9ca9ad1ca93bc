"""Somebody who will be away has another member of the group vote for them."""

import pytest

from tests.journeys.site import Site
from tests.journeys.tab import OpenTab, two_settings

pytestmark = pytest.mark.browser


@two_settings
def test_a_member_who_will_be_away_gives_a_proxy_and_reads_how_it_was_voted(site: Site, open_tab: OpenTab) -> None:
    rosa, ada, ben = site.member("Rosa Parks"), site.member("Ada Byron"), site.member("Ben Okri")
    group = site.group("Garden", rosa, ada, ben)
    convenor, away, holder = open_tab(site), open_tab(site), open_tab(site)
    convenor.enter_as(rosa)
    convenor.visit("/g/garden")
    convenor.follow("Switch them on")
    convenor.fill("For how many others one member may vote", "2")
    convenor.press("Save")
    convenor.says("It is changed, for votes that open from now on.")

    away.enter_as(ada)
    away.visit("/g/garden")
    away.follow("Who votes for whom")
    away.says("Nobody has given a proxy.")
    away.fill("Name, or a part of it", "ben")
    away.press("Search")
    away.follow("Choose Ben Okri")
    away.press("Ask Ben Okri")
    away.says("They are asked, by a notice and by mail.", "They have not answered yet")

    site.mail(ben.email, "Ada Byron asks you to vote for them in Garden")
    holder.enter_as(ben)
    holder.visit("/inbox")
    holder.follow("Garden", within="main")
    holder.press("Vote for Ada Byron")
    holder.says("You vote for them from now on, whenever they do not vote themselves.", "Ben Okri")
    site.mail(ada.email, "Ben Okri votes for you in Garden")

    proposal = site.proposal(site.thread(group, rosa, "Quinces"), rosa, "Plant quinces")
    away.visit(proposal.path)
    away.says("If you do not vote, your vote is counted as that of Ben Okri")
    holder.visit(proposal.path)
    holder.says("Your vote counts for Ada Byron too, unless they vote themselves.")
    site.vote(proposal, ben, "agree", "It is time.")
    site.forward(days=6, minutes=1)
    away.visit(proposal.path)
    away.until("Passed")
    away.says("Your proxy, which Ben Okri holds, was voted: Agree.", "1 of these votes was carried by a proxy.")
    away.visit("/g/garden/proxies")
    away.press("Take it back")
    away.says("The proxy has ended.", "Nobody has given a proxy.")
    site.mail(ben.email, "You no longer vote for Ada Byron in Garden")
