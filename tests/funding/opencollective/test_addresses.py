"""Where people are sent to pay, and how the order that comes of it names its member."""

from urllib.parse import parse_qs, urlsplit

from coopgov.config import Settings
from coopgov.core.ids import random_id
from coopgov.fakes.opencollective.giving import kept_tags
from coopgov.funding.models import Pledge
from coopgov.funding.providers.opencollective.addresses import TAG, claim_in, contribution_url

SETTINGS = Settings(opencollective_slug="demo-coop", opencollective_url="https://opencollective.com/")
BACK = "https://coop.example/join/paid"


def promised(**fields: object) -> Pledge:
    given = {"amount_minor": 150, "currency": "GBP", "interval": "month", "claim": "AbC-123_xyz"}
    return Pledge(**(given | fields))


def test_the_address_fills_in_the_form_and_carries_the_claim_code() -> None:
    address = contribution_url(promised(), SETTINGS, BACK)
    parts, asked = urlsplit(address), parse_qs(urlsplit(address).query)
    assert (parts.netloc, parts.path) == ("opencollective.com", "/demo-coop/donate")
    assert asked == {
        "amount": ["1.50"],
        "interval": ["month"],
        "tags": ["coopgov-AbC-123_xyz"],
        "redirect": [BACK],
    }


def test_a_tier_has_an_address_of_its_own() -> None:
    address = contribution_url(promised(), SETTINGS, BACK, tier="member-12", email="a@b.example", name="A & B")
    assert urlsplit(address).path == "/demo-coop/contribute/member-12/checkout"
    assert parse_qs(urlsplit(address).query)["name"] == ["A & B"]


def test_one_payment_and_currencies_without_pence_are_said_plainly() -> None:
    asked = parse_qs(urlsplit(contribution_url(promised(interval="once", currency="JPY"), SETTINGS, BACK)).query)
    assert "interval" not in asked
    assert asked["amount"] == ["150"]


def test_the_code_survives_what_open_collective_does_to_tags() -> None:
    claim = random_id()
    assert claim_in(list(kept_tags((f"#{TAG}{claim}",)))) == claim.lower()


def test_other_tags_are_no_codes() -> None:
    assert claim_in(["garden", "coop", ""]) == ""
