"""Four threads, each with the ballots of the same fifty electors: fifty count, nobody sees an error."""

import threading

import pytest
from sqlalchemy import func, select

from coopgov.decisions.counting import vote_box
from coopgov.decisions.models import Ballot, Proposal
from coopgov.infra.audit import broken_at
from coopgov.infra.check import run_checks
from coopgov.infra.db import db
from tests.decisions.scene import close, link, opened, scene

ELECTORS, THREADS = 50, 4


def in_threads(app, act):
    """Runs ``act(n)`` in THREADS threads at once and gives what they raised."""
    raised: list[BaseException] = []
    start = threading.Barrier(THREADS)

    def run(n: int) -> None:
        start.wait()
        try:
            act(n)
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(n,)) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("choices", [("agree",) * THREADS, ("agree", "disagree", "abstain", "agree")])
def test_two_hundred_ballots_of_fifty_electors_at_once_make_fifty_votes(app, choices):
    on = scene(ELECTORS - 2)
    proposal = opened(on)
    links = [link(app, proposal, party) for party in (on.author, on.convenor, *on.members)]
    form = {"form_token": app.extensions["coopgov.signer"].sign("form", ""), "reason": ""}
    statuses: list[int] = []
    db.session.rollback()

    def vote_everywhere(n: int) -> None:
        browser = app.test_client()
        for path in links[n * 12 :] + links[: n * 12]:
            answer = browser.post(path, data=form | {"choice": choices[n]}, headers={"Origin": "http://localhost"})
            statuses.append(answer.status_code)

    assert in_threads(app, vote_everywhere) == []
    assert statuses == [303] * (ELECTORS * THREADS)
    assert sum(vote_box(proposal.id).values()) == ELECTORS
    if len(set(choices)) == 1:
        assert db.session.scalar(select(func.count(Ballot.id))) == ELECTORS
    close(db.session.get_one(Proposal, proposal.id))
    assert broken_at() is None
    assert run_checks() == {name: [] for name in run_checks()}
