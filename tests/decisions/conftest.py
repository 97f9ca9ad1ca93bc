"""Tests of decisions can hold secret votes."""

import pytest


@pytest.fixture
def other_settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """Settings with a folder for the keys of secret votes."""
    return {"key_dir": str(tmp_path_factory.mktemp("keys"))}
