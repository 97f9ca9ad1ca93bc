"""The arrival of a request is stamped before anything can keep it waiting."""

from datetime import timedelta

from sqlalchemy import event

from coopgov.decisions.models import Ballot
from coopgov.infra.db import db
from tests.decisions.scene import CLOSES, opened, scene


def test_a_vote_in_time_counts_although_the_database_kept_it_waiting(app, sign_in, clock):
    on = scene()
    proposal = opened(on)
    clock.now = CLOSES - timedelta(seconds=1)
    browser = sign_in(on.author.id)

    def wait(*statement: object) -> None:
        if "FROM session" in str(statement[2]) or "JOIN session" in str(statement[2]):
            clock.forward(seconds=5)

    event.listen(db.engine, "before_cursor_execute", wait)
    try:
        answer = browser.submit(f"/p/{proposal.id}/ballots", choice="agree")
    finally:
        event.remove(db.engine, "before_cursor_execute", wait)
    assert clock.now > CLOSES
    assert answer.status_code == 303
    assert db.session.query(Ballot).count() == 1
