"""Texts to start a proposal from: those that ship and a co-op's own."""

import re

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.decisions.models import ProposalTemplate
from coopgov.decisions.queries.templates import held_templates
from coopgov.decisions.rules.kinds import KINDS
from coopgov.decisions.rules.options import numbered
from coopgov.decisions.rules.presets import SHIPPED
from coopgov.decisions.rules.templates import TEMPLATES
from coopgov.decisions.services.templates import keep_as_template, withdraw_template
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from tests import factories as make
from tests.conftest import NOW
from tests.decisions.scene import draft, scene
from tests.decisions.test_kinds import filled, newest

pytestmark = pytest.mark.usefixtures("app")


def refused(reason: str):
    return pytest.raises(Refused, match=f"^{reason}$")


def kept(proposal, name: str, group_id: int | None = None, by: int = 0) -> ProposalTemplate:
    with write_transaction():
        return keep_as_template(proposal, name, group_id, by or proposal.author_id, NOW)


def test_what_ships_is_of_a_kind_and_under_a_rule_that_ship():
    for template in TEMPLATES.values():
        kind = KINDS[template.kind]
        assert set(template.settings) <= set(kind.settings)
        assert template.rule_name == "" or SHIPPED[template.rule_name].method == kind.method
        assert len(template.title) <= 150
        assert len(template.source) > 200


@pytest.mark.parametrize("template", TEMPLATES.values(), ids=lambda template: template.key)
def test_every_template_that_ships_fills_a_form_that_can_be_posted(sign_in, template):
    on = scene()
    author, path = sign_in(on.author.id), f"/t/{on.thread.id}/proposals"
    assert template.name in author.get(f"{path}/kinds").text
    page = author.get(f"{path}/new?template={template.key}").text
    assert f'value="{template.title}"' in page
    assert template.source.split("\n")[0] in page
    assert f'name="kind" value="{template.kind}"' in page
    closes = re.search(r'name="closes_at"[^>]*value="([^"]+)"', page)
    assert closes
    kind = KINDS[template.kind]
    least = re.search(r'name="minimum_days"[^>]*value="([^"]+)"', page)
    words = {"source": template.source, "opening": "discuss", "title": "It"}
    form = filled(kind, closes_at=closes[1], minimum_days=least[1], **words)
    if template.rule_name:
        assert re.search(rf'<input checked[^>]*value="{template.rule_name}"', page)
        form["rule_name"] = template.rule_name
    answer = author.submit(f"{path}/new", **form)
    assert answer.status_code == 303, re.findall(r'class="error"[^>]*>(.*?)</p>', answer.text)
    assert newest().state == "discussion"


def test_a_proposal_is_kept_as_a_template_and_fills_a_form_again(sign_in):
    on = scene()
    secretary = make.officer("membership_secretary")
    settings = {"most": 2, "ties": "lot"}
    proposal = draft(on, method="choose", options=numbered(("Ada", "Ben")), settings=settings, is_shuffled=True)
    browser = sign_in(secretary.id)
    assert f"/p/{proposal.id}/template" in browser.get(proposal.path).text
    answer = browser.submit(f"/p/{proposal.id}/template", name="Who chairs", scope="coop")
    assert (answer.status_code, answer.location) == (303, f"{proposal.path}?said=template-kept")
    author = sign_in(on.author.id)
    kinds = author.get(f"/t/{on.thread.id}/proposals/kinds").text
    assert kinds.index("Templates of our own") < kinds.index("Ordinary proposal")
    page = author.get(f"/t/{on.thread.id}/proposals/new?template=who-chairs").text
    for words in ('value="Ada"', 'value="Ben"', 'name="kind" value="choose"', "We **move**."):
        assert words in page
    assert re.search(r'name="most"[^>]*value="2"', page)
    assert not any(run_checks().values())


def test_a_group_has_its_own_and_others_do_not_see_them(sign_in):
    on = scene()
    other = make.thread(make.group("Care"), on.author)
    proposal = draft(on)
    convenor = sign_in(on.convenor.id)
    assert convenor.submit(f"/p/{proposal.id}/template", name="Ours", scope="coop").status_code == 422
    assert convenor.submit(f"/p/{proposal.id}/template", name="Ours", scope="group").status_code == 303
    assert "Ours" in convenor.get(f"/t/{on.thread.id}/proposals/kinds").text
    assert "Ours" not in convenor.get(f"/t/{other.id}/proposals/kinds").text
    assert "We **move**." not in convenor.get(f"/t/{other.id}/proposals/new?template=ours").text
    assert sign_in(on.author.id).get(f"/p/{proposal.id}/template").status_code == 403


def test_the_same_name_is_a_new_version_and_another_owners_is_refused():
    on = scene()
    proposal, other = draft(on), draft(on, title="Another")
    assert kept(proposal, "Moving").version == 1
    with refused("template.unchanged"):
        kept(proposal, "Moving")
    assert kept(other, "Moving").version == 2
    assert [one.title for one in held_templates(None)] == ["Another"]
    with refused("template.taken"):
        kept(proposal, "Moving", on.group.id)
    with refused("template.taken"):
        kept(proposal, "Bylaws")
    with refused("template.nameless"):
        kept(proposal, "…")


def test_a_template_is_withdrawn_by_who_keeps_it_and_can_be_kept_again(sign_in):
    on = scene()
    proposal = draft(on)
    kept(proposal, "Moving", on.group.id)
    assert (
        sign_in(make.officer("membership_secretary").id).submit("/decisions/templates/moving/withdraw").status_code
        == 403
    )
    convenor = sign_in(on.convenor.id)
    assert convenor.get("/decisions/templates/moving/withdraw").status_code == 200
    assert convenor.submit("/decisions/templates/moving/withdraw").status_code == 303
    assert convenor.get("/decisions/templates/nothing/withdraw").status_code == 404
    db.session.rollback()
    assert held_templates(on.group.id) == []
    with write_transaction():
        withdraw_template(db.session.scalars(select(ProposalTemplate).filter_by(version=2)).one(), on.convenor.id, NOW)
    assert kept(proposal, "Moving", on.group.id).version == 3
    assert not any(run_checks().values())
