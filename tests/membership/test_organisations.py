"""Organisations that are members, and who acts for them."""

import pytest
from sqlalchemy import select

from coopgov.core.errors import Refused
from coopgov.identity.models import Login, Party
from coopgov.infra.check import run_checks
from coopgov.infra.db import db, write_transaction
from coopgov.membership.models import Delegation
from coopgov.membership.queries.delegates import acts_for, delegates_of, organisations_at
from coopgov.membership.queries.register import member_number
from coopgov.membership.services.delegates import appoint_delegate, end_delegation
from coopgov.membership.services.register import cease
from tests import factories as make
from tests.conftest import NOW

PATH = "/membership/organisations"


@pytest.fixture
def secretary(app) -> Party:
    return make.officer("membership_secretary")


@pytest.fixture
def printers(app) -> Party:
    return make.member("Printers’ Co-op", kind="organisation")


def address(party: Party) -> str:
    return str(db.session.scalars(select(Login.email).where(Login.party_id == party.id)).one())


def appoint(organisation: Party, email: str, by: Party) -> Delegation:
    with write_transaction():
        return appoint_delegate(organisation.id, email, by.id, NOW)


def test_the_secretary_admits_an_organisation_and_names_who_acts_for_it(secretary, sign_in, clock):
    browser, ada = sign_in(secretary.id), make.person("Ada Lovelace")
    assert "No organisation is a member" in browser.get(PATH).text
    assert browser.submit(PATH, name=" ").status_code == 422
    answer = browser.submit(PATH, name="Printers’ Co-op")
    (line,) = organisations_at(NOW)
    assert answer.location == f"{PATH}/{line.party_id}?said=organisation.admitted"
    assert member_number(line.party_id, NOW) == line.number
    own = f"{PATH}/{line.party_id}"
    assert "the organisation cannot vote" in browser.get(own).text
    assert browser.submit(f"{own}/delegates", email="nonsense").status_code == 422
    assert "A delegate needs an account" in browser.submit(f"{own}/delegates", email="nobody@example.org").text
    assert browser.submit(f"{own}/delegates", email=address(ada)).status_code == 303
    assert browser.submit(f"{own}/delegates", email=address(ada)).status_code == 409
    assert "Ada Lovelace" in browser.get(PATH).text
    ((number, _, _),) = organisations_at(NOW)[0].delegates
    assert browser.submit(f"{PATH}/999/delegates/{number}/end").status_code == 404
    assert browser.submit(f"{own}/delegates/{number}/end").status_code == 303
    assert organisations_at(NOW)[0].delegates == []
    assert not any(run_checks().values())


def test_others_do_not_find_the_pages(secretary, printers, sign_in):
    for party in (make.member(), make.officer("admin")):
        for path in (PATH, f"{PATH}/{printers.id}"):
            assert sign_in(party.id).get(path).status_code == 404
        assert sign_in(party.id).submit(PATH, name="Mine").status_code == 404
    assert sign_in(secretary.id).get(f"{PATH}/{make.member().id}").status_code == 404


def test_a_delegation_has_a_first_instant_and_none_at_its_last(secretary, printers):
    ada = make.person()
    row = appoint(printers, address(ada), secretary)
    assert acts_for(ada.id, printers.id, NOW)
    assert delegates_of([printers.id], NOW) == {ada.id}
    for _ in range(2):
        with write_transaction():
            end_delegation(row, secretary.id, NOW)
    assert not acts_for(ada.id, printers.id, NOW)


def test_only_people_act_and_only_for_organisations_that_are_members(secretary, printers):
    ada = make.member()
    with pytest.raises(Refused, match="not_an_organisation"):
        appoint(ada, address(ada), secretary)
    with write_transaction():
        cease(printers.id, "dissolved", NOW, secretary.id)
    with pytest.raises(Refused, match=r"member\.not"):
        appoint(printers, address(ada), secretary)


def test_the_check_finds_a_delegation_of_the_wrong_kind(secretary, printers):
    with write_transaction() as session:
        kept = {"organisation_id": secretary.id, "party_id": printers.id, "from_at": NOW, "by_id": secretary.id}
        session.add(Delegation(**kept))
    assert run_checks()["people act for organisations"] != []
