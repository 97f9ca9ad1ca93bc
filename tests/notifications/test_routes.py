"""Choosing mails, and stopping one kind from the mail itself."""

import pytest
from sqlalchemy import func, select

from coopgov.infra.audit import AuditRow
from coopgov.infra.db import db
from coopgov.infra.web.csrf import FIELD
from coopgov.notifications.kinds import KINDS
from coopgov.notifications.queries import mail_choices
from tests import factories

ALL_ON = {area: [kind.key for kind in KINDS.values() if kind.area == area] for area in ("talk", "votes", "groups")}


@pytest.fixture
def ada(app):
    return factories.member("Ada Lovelace")


def stop_link(app, party, kind: str = "mention") -> str:
    return "/mail/stop/" + app.extensions["coopgov.signer"].sign("stop", {"p": party.id, "k": kind})


class TestChoosing:
    def test_every_kind_can_be_ticked_and_starts_as_its_default(self, ada, sign_in):
        page = sign_in(ada.id).get("/me/mail").text
        assert all(kind.title in page for kind in KINDS.values())
        assert page.count("checked") == sum(kind.by_mail for kind in KINDS.values())

    def test_what_is_ticked_comes_by_mail_and_nothing_else(self, ada, sign_in):
        answer = sign_in(ada.id).submit("/me/mail", talk=["mention", "thread_comment"], votes="voting_opened")
        assert answer.status_code == 303
        chosen = {key for key, by_mail in mail_choices(ada.id).items() if by_mail}
        assert chosen == {"mention", "thread_comment", "voting_opened"}

    def test_saving_the_same_again_writes_nothing(self, ada, sign_in):
        browser = sign_in(ada.id)
        browser.submit("/me/mail", **ALL_ON)
        before = db.session.scalar(select(func.count()).select_from(AuditRow))
        browser.submit("/me/mail", **ALL_ON)
        assert db.session.scalar(select(func.count()).select_from(AuditRow)) == before == 1

    def test_a_kind_that_does_not_exist_is_refused(self, ada, sign_in):
        answer = sign_in(ada.id).submit("/me/mail", talk="everything")
        assert answer.status_code == 422
        assert mail_choices(ada.id)["mention"]

    def test_a_stale_form_keeps_the_ticks(self, ada, sign_in):
        answer = sign_in(ada.id).submit("/me/mail", talk="thread_comment", **{FIELD: "old"})
        assert answer.status_code == 422
        assert answer.text.count("checked") == 1
        assert mail_choices(ada.id)["mention"]

    def test_who_is_signed_out_signs_in_first(self, client):
        assert client.get("/me/mail").headers["Location"] == "/sign-in?next=%2Fme%2Fmail"
        assert client.submit("/me/mail", talk="mention").status_code == 403


class TestStopping:
    def test_opening_the_link_stops_nothing(self, app, ada, client):
        page = client.get(stop_link(app, ada))
        assert "Stop these mails" in page.text
        assert "Somebody mentions me" in page.text
        assert mail_choices(ada.id)["mention"]
        assert "Set-Cookie" not in page.headers

    def test_a_mail_program_stops_it_with_one_post(self, app, ada, client):
        answer = client.post(stop_link(app, ada), data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        assert mail_choices(ada.id) == {key: kind.by_mail and key != "mention" for key, kind in KINDS.items()}

    def test_doing_it_twice_is_harmless(self, app, ada, client):
        for _ in range(2):
            assert client.post(stop_link(app, ada)).status_code == 200
        assert not mail_choices(ada.id)["mention"]
        assert db.session.scalar(select(func.count()).select_from(AuditRow)) == 1

    def test_there_is_a_way_back(self, app, ada, client):
        page = client.post(stop_link(app, ada)).text
        back = stop_link(app, ada).replace("/stop/", "/start/")
        assert back.rsplit("/", 1)[0] in page
        assert client.submit(back).status_code == 200
        assert mail_choices(ada.id)["mention"]

    def test_the_way_back_needs_a_form_of_ours(self, app, ada, client):
        client.post(stop_link(app, ada))
        back = stop_link(app, ada).replace("/stop/", "/start/")
        assert client.post(back, headers={"Origin": "http://evil.example"}).status_code == 403
        assert not mail_choices(ada.id)["mention"]

    def test_a_changed_link_is_not_found(self, app, ada, client):
        assert client.get(stop_link(app, ada) + "x").status_code == 404
        assert client.post(stop_link(app, ada) + "x").status_code == 404

    def test_a_link_for_something_else_does_not_stop_mails(self, app, ada, client):
        token = app.extensions["coopgov.signer"].sign("ballot", {"p": ada.id, "k": "mention"})
        assert client.post(f"/mail/stop/{token}").status_code == 404

    def test_a_kind_that_is_gone_is_not_found(self, app, ada, client):
        assert client.post(stop_link(app, ada, "carrier_pigeon")).status_code == 404
