"""After a secret vote nothing in the live files, backups, jobs, mails and logs joins a voter to a ballot."""

import json
import logging
import secrets
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from coopgov import cli
from coopgov.decisions import box, secrecy
from coopgov.decisions.models import Proposal, RollEntry, SealedBallot, SecretBallot
from coopgov.decisions.services.secret import FORGET
from coopgov.identity.models import Party
from coopgov.infra import backup
from coopgov.infra.db import Base, db
from coopgov.infra.jobs import Job
from coopgov.infra.keyring import Keyring, PollKeys
from coopgov.infra.mail import Mail
from coopgov.tally.canonical import canonical
from tests.conftest import KEY, NOW
from tests.decisions.scene import CLOSES, DRAIN, Scene, link, scene
from tests.decisions.secret_scene import elected, put

VOTERS, ON_PAGE, BY_LINK, CHANGED = 200, 20, 20, 30
RANKINGS = (["o1", "o2", "o3"], ["o2"], ["o3", "o1"], [])

pytestmark = pytest.mark.usefixtures("app")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """The folder of keys, outside the data folder of the tests, which is ``tmp_path`` itself."""
    folder = tmp_path.with_name(f"{tmp_path.name}-keys")
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def other_settings(keys: Path) -> dict[str, object]:
    return {"key_dir": str(keys)}


@dataclass
class Told:
    """What the voters know, and what an operator who looked while the vote was open knew."""

    keys: PollKeys
    nonces: list[str] = field(default_factory=list)
    trackers: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    handles: list[str] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)
    sealed: list[bytes] = field(default_factory=list)
    leaves: list[str] = field(default_factory=list)

    @property
    def key_needles(self) -> list[bytes]:
        return [n for key in (self.keys.box, self.keys.sign) for n in (key, key.hex().encode())]

    @property
    def box_needles(self) -> list[bytes]:
        """Of every row that ever lay in the box."""
        texts = [text.encode() for text in (*self.handles, *self.marks, *self.replaced)]
        return texts + [part for one in self.sealed for part in (one[:24], one[100:124], one[-24:])]


def fields_of(choice: list[str]) -> dict[str, str]:
    return {f"rank-{option}": str(place) for place, option in enumerate(choice, 1)} or {"abstain": "y"}


def vote_all(app: object, proposal: Proposal, on: Scene, told: Told, sign_in: Callable, client: object) -> None:
    """Some on the page, some by the mailed link, some change their minds."""
    for number, party in enumerate(on.members):
        choice, nonce = RANKINGS[number % len(RANKINGS)], secrets.token_hex(16)
        if number < CHANGED:
            first = secrets.token_hex(16)
            told.replaced += [first, put(proposal, party, ["o3"], nonce=first).tracker]
            remember(proposal, told)
        if number < ON_PAGE:
            answer = sign_in(party.id).submit(f"/p/{proposal.id}/ballots", nonce=nonce, **fields_of(choice))
        elif number < ON_PAGE + BY_LINK:
            answer = client.submit(link(app, proposal, party), nonce=nonce, **fields_of(choice))
        else:
            answer = None
            put(proposal, party, choice, nonce=nonce)
        assert answer is None or "coopgov/receipt/v1" in answer.text
        told.nonces.append(nonce)
    remember(proposal, told)


def remember(proposal: Proposal, told: Told) -> None:
    """What lies in the box now."""
    db.session.rollback()
    for row in db.session.scalars(select(SealedBallot)):
        told.handles.append(row.handle)
        told.marks.append(row.uniqueness)
        told.sealed.append(row.sealed)
    db.session.rollback()


def files_of(url: str) -> dict[str, bytes]:
    """The database file with the write-ahead log and the index of it."""
    path = Path(url.removeprefix("sqlite:///"))
    return {p.name: p.read_bytes() for p in path.parent.glob(f"{path.name}*")}


def found(needles: Iterable[bytes], files: dict[str, bytes]) -> list[tuple[str, bytes]]:
    return [(name, needle) for needle in set(needles) for name, content in files.items() if needle in content]


def rows() -> Iterator[tuple[str, str]]:
    """Every row of every table, as text."""
    db.session.rollback()
    for table in Base.metadata.sorted_tables:
        for row in db.session.execute(select(table)):
            yield table.name, json.dumps([str(value) for value in row])
    db.session.rollback()


def written(texts: Iterable[str]) -> list[bytes]:
    return [text.encode() for text in texts]


@pytest.fixture
def election(app, sign_in, client, keys, caplog) -> tuple[Scene, Proposal, Told]:
    """All have voted, and the vote is open."""
    caplog.set_level(logging.DEBUG)
    on = scene(VOTERS)
    proposal = elected(on)
    told = Told(Keyring(keys).read(proposal.id))
    told.leaves = list(db.session.scalars(select(RollEntry.leaf).where(RollEntry.proposal_id == proposal.id)))
    vote_all(app, proposal, on, told, sign_in, client)
    return on, db.session.get_one(Proposal, proposal.id), told


def test_nothing_joins_a_voter_to_a_ballot(election, database_url, catch_up, clock, mails, keys, caplog, tmp_path):
    _on, proposal, told = election
    number, m = proposal.id, proposal.manifest_hash
    db.session.rollback()
    catch_up()
    db.session.rollback()
    if database_url.startswith("sqlite"):
        live = files_of(database_url)
        assert found(told.key_needles, live) == []
        assert found([*written([*told.nonces, *told.replaced]), b'"nonce":"'], live) == []
        assert found(written(told.handles[-VOTERS:]), live) != []  # or this test would look in the wrong place
        whole_backup(database_url, tmp_path, told, is_open=True)
    for table, row in rows():
        assert table == "sealed_ballot" or not any(handle in row for handle in told.handles), table
        assert not any(nonce in row for nonce in told.nonces), table

    clock.now = CLOSES + DRAIN
    reader = reading(database_url)
    catch_up()
    db.session.rollback()
    if reader is not None:
        assert forget_job() == "queued"  # somebody reads what was there before: again later
        reader.close()
        clock.forward(minutes=1)
        catch_up()
        db.session.rollback()
    if forget_job() != "done":
        clock.forward(minutes=1)
        catch_up()
    assert forget_job() == "done"
    assert not list(keys.iterdir())

    ballots = db.session.scalars(select(SecretBallot).where(SecretBallot.proposal_id == number)).all()
    told.trackers = [ballot.tracker for ballot in ballots]
    assert sorted(ballot.body["nonce"] for ballot in ballots) == sorted(told.nonces)
    assert all(ballot.body["poll"] == m for ballot in ballots)
    own = {*told.nonces, *told.trackers}
    for table, row in rows():
        assert table == "secret_ballot" or not any(word in row for word in own), table
        assert table in ("roll_entry", "closing") or not any(leaf in row for leaf in told.leaves), table
        assert not any(word in row for word in (*told.handles, *told.marks, *told.replaced)), table
    db.session.rollback()
    if database_url.startswith("sqlite"):
        assert found(told.key_needles + told.box_needles, files_of(database_url)) == []
        whole_backup(database_url, tmp_path, told, is_open=False)

    said = "\n".join([caplog.text, *(mail.as_string() for mail in mails())])
    everything = [*own, *told.replaced, *told.handles, *told.marks, *told.leaves, "coopgov/receipt"]
    assert not [word for word in everything if word in said]
    assert not db.session.scalars(select(Mail).where(Mail.kind.like("%closes_soon"), Mail.party_id.is_not(None))).all()


def whole_backup(url: str, folder: Path, told: Told, is_open: bool) -> None:
    """A copy holds the sealed box while the vote is open, and never a key; afterwards nothing of the box."""
    file = folder / f"{'open' if is_open else 'closed'}.tar"
    backup.backup(url, folder, file, NOW)
    copy = {file.name: file.read_bytes()}
    assert found(told.key_needles, copy) == []
    if is_open:
        assert found(written([*told.nonces, *told.replaced]), copy) == []
        assert len(found(written(told.handles[-VOTERS:]), copy)) == VOTERS
    else:
        assert found(told.box_needles, copy) == []


def reading(url: str) -> sqlite3.Connection | None:
    """Somebody who reads the box as it was, until they let go."""
    if not url.startswith("sqlite"):
        return None
    connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
    connection.execute("begin")
    assert connection.execute("select count(*) from sealed_ballot").fetchone() == (VOTERS,)
    return connection


def forget_job() -> str | None:
    state = db.session.scalar(select(Job.state).where(Job.kind == FORGET))
    db.session.rollback()
    return state


def test_a_copy_of_the_box_stays_sealed_without_its_key(keys):
    on = scene()
    proposal = elected(on)
    put(proposal, on.members[0], ["o1"])
    copy = db.session.scalars(select(SealedBallot)).one()
    kept = Keyring(keys).read(proposal.id)
    assert box.unseal(kept.box, copy.sealed, proposal.manifest_hash, copy.handle)["choice"] == ["o1"]
    for guess in (kept.sign, bytes.fromhex(kept.tie_secret), bytes(32)):
        with pytest.raises(box.Unreadable):
            box.unseal(guess, copy.sealed, proposal.manifest_hash, copy.handle)
    assert canonical(["o1"]) not in copy.sealed


def test_a_restored_backup_voids_the_votes_that_were_open_in_it(database_url, catch_up, keys, tmp_path):
    if not database_url.startswith("sqlite"):
        pytest.skip("pg_restore works alike, and is tried in tests/infra")
    on = scene()
    proposal = elected(on)
    number = proposal.id
    first, second = on.members[0], on.members[1].id
    put(proposal, first, ["o1"])
    db.session.remove()
    file = tmp_path / "open.tar"
    backup.backup(database_url, tmp_path, file, NOW)
    put(db.session.get_one(Proposal, number), db.session.get_one(Party, second), ["o2"])
    db.session.remove()
    db.engine.dispose()
    settings = {"DATABASE_URL": database_url, "DATA_DIR": str(tmp_path), "KEY_DIR": str(keys), "SECRET_KEY": KEY}
    env = {f"COOPGOV_{name}": value for name, value in settings.items()}
    run = CliRunner().invoke(cli.main, ["restore", str(file), "--replace"], env=env)
    assert run.exit_code == 0, run.output
    assert f"The keys of vote {number} are destroyed." in run.output
    assert not list(keys.iterdir())
    catch_up()
    db.session.rollback()
    assert db.session.get_one(Proposal, number).state == "void"
    assert secrecy.box_size(number) == 0


def test_the_box_holds_no_leaf_and_ballots_of_one_length():
    on = scene()
    proposal = elected(on)
    put(proposal, on.members[0], ["o1"])
    put(proposal, on.members[1], [])
    found_rows = db.session.scalars(select(SealedBallot)).all()
    assert not {row.handle for row in found_rows} & set(db.session.scalars(select(RollEntry.leaf)))
    assert {len(row.sealed) for row in found_rows} == {box.sealed_length(secrecy.room_of(proposal))}
