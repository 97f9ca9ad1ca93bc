"""Settings are read once, from the environment, a file beside it, or files that hold a value."""

from pathlib import Path

import pytest

from coopgov.config import Settings, SettingsError, read_settings

KEY = "k" * 43


def test_what_is_not_set_has_its_default() -> None:
    settings = read_settings({})
    assert settings == Settings()
    assert settings.database.startswith("sqlite:///")
    assert settings.sender == "no-reply@127.0.0.1"


def test_the_environment_wins_over_the_file_in_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "coopgov.env").write_text("# ours\nCOOPGOV_CONTACT=file@example.org\nCOOPGOV_QUEUE=redis://x\n")
    settings = read_settings({"COOPGOV_DATA_DIR": str(tmp_path), "COOPGOV_CONTACT": "env@example.org"})
    assert (settings.contact, settings.queue) == ("env@example.org", "redis://x")


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(KEY + "\n")
    assert read_settings({"COOPGOV_SECRET_KEY_FILE": str(tmp_path / "key")}).keys == [KEY]


def test_former_keys_come_first(tmp_path: Path) -> None:
    assert read_settings({"COOPGOV_SECRET_KEY": KEY, "COOPGOV_SECRET_KEY_FALLBACKS": "a, b"}).keys == ["a", "b", KEY]


@pytest.mark.parametrize("key", ["", "short"])
def test_a_missing_or_short_key_is_refused(tmp_path: Path, key: str) -> None:
    with pytest.raises(SettingsError, match="SECRET_KEY"):
        _ = read_settings({"COOPGOV_SECRET_KEY": key, "COOPGOV_DATA_DIR": str(tmp_path)}).keys


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingsError, match="COOPGOV_MAIL_ULR"):
        read_settings({"COOPGOV_MAIL_ULR": "x"})


@pytest.mark.parametrize(("word", "means"), [("1", True), ("yes", True), ("off", False), ("", False)])
def test_a_switch_is_read(word: str, means: bool) -> None:
    assert read_settings({"COOPGOV_ALLOW_PRIVATE_PEERS": word}).allow_private_peers is means


def test_a_switch_that_is_none_is_refused() -> None:
    with pytest.raises(SettingsError, match="write 1 or 0"):
        read_settings({"COOPGOV_DEMO": "perhaps"})


@pytest.mark.parametrize("switch", ["COOPGOV_DEMO", "COOPGOV_ALLOW_PRIVATE_PEERS"])
def test_what_is_for_development_is_refused_in_production(switch: str) -> None:
    with pytest.raises(SettingsError, match="for development"):
        read_settings({"COOPGOV_BASE_URL": "https://coop.example", switch: "1"})


def test_an_address_without_a_scheme_is_refused() -> None:
    with pytest.raises(SettingsError, match="BASE_URL"):
        read_settings({"COOPGOV_BASE_URL": "coop.example"})


@pytest.mark.parametrize("keys", ["data", "data/keys", ".", "link", "data/../data/keys", "elsewhere"])
def test_keys_of_secret_votes_must_not_lie_among_the_records(tmp_path: Path, keys: str) -> None:
    (tmp_path / "data/keys").mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "data")
    told = {"COOPGOV_DATA_DIR": str(tmp_path / "data"), "COOPGOV_KEY_DIR": f"{tmp_path}/{keys}"}
    with pytest.raises(SettingsError, match="KEY_DIR and the folders"):
        read_settings({**told, "COOPGOV_DATABASE_URL": f"sqlite:///{tmp_path}/elsewhere/coopgov.db"})


def test_keys_of_secret_votes_may_lie_beside_the_records(tmp_path: Path) -> None:
    told = {"COOPGOV_DATA_DIR": str(tmp_path / "data"), "COOPGOV_KEY_DIR": f"{tmp_path}/data-keys"}
    assert read_settings(told).keys_lie_apart
    assert read_settings({**told, "COOPGOV_DATABASE_URL": "postgresql+psycopg://localhost/coop"}).keys_lie_apart


def test_a_folder_of_keys_is_named_whole(tmp_path: Path) -> None:
    """Or a start from another folder would look for keys elsewhere, and find none."""
    with pytest.raises(SettingsError, match="whole path"):
        read_settings({"COOPGOV_DATA_DIR": str(tmp_path), "COOPGOV_KEY_DIR": "keys"})
