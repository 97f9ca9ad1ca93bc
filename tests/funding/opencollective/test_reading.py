"""Readings of a fake Open Collective: what is written down, and that it adds up to what the other side holds."""

from flask import Flask

from tests.funding.opencollective.scene import Scene, ada_joins, contributions, open_findings


def test_a_contribution_with_our_code_is_a_payment_of_its_member(app: Flask) -> None:
    scene = Scene()
    pledge = ada_joins(scene)
    scene.read()
    [paid] = contributions()
    assert (paid.party_id, paid.pledge_id, paid.gross_minor, paid.status) == (
        pledge.party_id,
        pledge.id,
        300,
        "succeeded",
    )
    assert paid.fees == {"expenses:fees:host": 15, "expenses:fees:processor": 25}
    assert scene.agrees()
    assert open_findings() == set()


def test_a_second_reading_changes_nothing(app: Flask) -> None:
    scene = Scene(acts=[{"act": "generate", "transactions": 400, "days": 380, "days_ago": 390}])
    ada_joins(scene)
    assert scene.read() > 100
    assert scene.agrees()
    assert scene.read() == 0
    assert scene.read(full=True) == 0
