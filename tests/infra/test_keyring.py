"""Keys of secret votes: whole or not there, for their owner alone, and gone when they are destroyed."""

import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from coopgov.infra import keyring
from coopgov.infra.keyring import KEY_BYTES, Fault, FolderUnfit, Keyring, KeysMissing

POLL = 7


def drawing(seed: int = 1) -> Callable[[int], bytes]:
    return random.Random(seed).randbytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir(mode=0o700)
    return tmp_path / "keys"


@pytest.fixture
def ring(folder: Path) -> Keyring:
    return Keyring(folder)


def test_keys_come_back_as_they_were_drawn(folder: Path) -> None:
    made, draw = Keyring(folder, drawing()).create(POLL), drawing()
    assert (made.box, made.sign, made.tie_secret) == (draw(KEY_BYTES), draw(KEY_BYTES), draw(KEY_BYTES).hex())
    assert Keyring(folder).read(POLL) == made


def test_each_poll_has_keys_of_its_own(ring: Keyring) -> None:
    first, second = ring.create(1), ring.create(2)
    assert len({first.box, first.sign, second.box, second.sign}) == 4
    assert first.tie_secret != second.tie_secret
    assert (ring.read(1), ring.read(2)) == (first, second)


def test_only_their_owner_can_read_them(ring: Keyring, folder: Path) -> None:
    ring.create(POLL)
    assert [path.stat().st_mode & 0o777 for path in folder.iterdir()] == [0o600]


def test_no_key_shows_when_keys_are_printed(ring: Keyring) -> None:
    assert str(ring.create(POLL)) == "PollKeys()"


def test_keys_of_an_opening_that_failed_give_way(ring: Keyring, folder: Path) -> None:
    former = ring.create(POLL)
    assert ring.create(POLL) != former
    assert len(list(folder.iterdir())) == 1


def test_what_a_crash_left_half_written_is_no_key_and_gives_way(ring: Keyring, folder: Path) -> None:
    (folder / "7.new").write_bytes(b'{"box": ')
    with pytest.raises(KeysMissing):
        ring.read(POLL)
    assert ring.left_over([]) == [POLL]
    assert ring.create(POLL) == ring.read(POLL)
    assert [path.name for path in folder.iterdir()] == ["7.keys"]


def test_missing_keys_are_missing(ring: Keyring) -> None:
    with pytest.raises(KeysMissing):
        ring.read(POLL)


@pytest.mark.parametrize("damage", [b"", b"[]", b"{}", b"\xff", b'{"box": 1, "sign": 1, "tie_secret": 1}'])
def test_damaged_keys_are_missing(ring: Keyring, folder: Path, damage: bytes) -> None:
    ring.create(POLL)
    (folder / "7.keys").write_bytes(damage)
    with pytest.raises(KeysMissing):
        ring.read(POLL)


@pytest.mark.parametrize("cut", ["box", "sign", "tie_secret"])
def test_shortened_keys_are_missing(ring: Keyring, folder: Path, cut: str) -> None:
    keys = ring.create(POLL)
    text = {"box": keys.box.hex(), "sign": keys.sign.hex(), "tie_secret": keys.tie_secret}[cut]
    (folder / "7.keys").write_text((folder / "7.keys").read_text().replace(text, text[:-2]))
    with pytest.raises(KeysMissing):
        ring.read(POLL)


def test_destroyed_keys_are_gone_however_often(ring: Keyring, folder: Path) -> None:
    kept = ring.create(8)
    ring.create(POLL)
    for _ in range(3):
        ring.destroy(POLL)
    with pytest.raises(KeysMissing):
        ring.read(POLL)
    assert [path.name for path in folder.iterdir()] == ["8.keys"]
    assert ring.read(8) == kept


def test_destroyed_keys_are_overwritten_in_their_place(ring: Keyring, folder: Path) -> None:
    """A second name of the same file shows what became of its content."""
    keys = ring.create(POLL)
    os.link(folder / "7.keys", folder / "seen")
    size = (folder / "seen").stat().st_size
    assert keys.box.hex().encode() in (folder / "seen").read_bytes()
    ring.destroy(POLL)
    assert (folder / "seen").read_bytes().strip(b"\0") == b""
    assert size > 3 * KEY_BYTES


def test_a_link_in_the_place_of_keys_is_not_followed(ring: Keyring, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("mine")
    (folder / "7.keys").symlink_to(tmp_path / "precious")
    with pytest.raises(OSError):
        ring.destroy(POLL)
    assert (tmp_path / "precious").read_text() == "mine"


def test_keys_of_polls_that_are_over_are_told(ring: Keyring, folder: Path) -> None:
    for poll in (10, 9, 3):
        ring.create(poll)
    (folder / "notes.txt").touch()
    assert ring.left_over([9]) == [3, 10]
    assert ring.left_over({3, 9, 10, 11}) == []


def test_the_folder_may_be_reached_by_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    made = Keyring(tmp_path / "link").create(POLL)
    assert Keyring(folder).read(POLL) == made


# Folders that are not fit


def unfit(folder: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> Path:
    if fault is Fault.ABSENT:
        return folder / "nowhere"
    if fault is Fault.SHARED:
        folder.chmod(0o750)
    if fault is Fault.UNWRITABLE:  # root may write everywhere, whatever the mode is
        monkeypatch.setattr(keyring.os, "access", lambda _path, mode: not mode & os.W_OK)
    return folder


def test_a_folder_that_is_well_has_no_fault(ring: Keyring) -> None:
    assert ring.fault() is None


@pytest.mark.parametrize("fault", list(Fault))
def test_an_unfit_folder_is_refused_for_everything(folder: Path, fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """And never taken for one in which the keys are missing, which would void votes."""
    ring = Keyring(unfit(folder, fault, monkeypatch))
    assert ring.fault() is fault
    for act in (ring.create, ring.read, ring.destroy, lambda _: ring.left_over([])):
        with pytest.raises(FolderUnfit) as refused:
            act(POLL)
        assert refused.value.fault is fault
    assert not (folder / "7.keys").exists()
