"""A secret vote at whatever stage a test needs, with a folder of keys beside the data folder."""

import secrets
from dataclasses import replace
from datetime import datetime
from typing import Any

from coopgov.decisions.models import Proposal
from coopgov.decisions.rules.options import numbered
from coopgov.decisions.services import secret
from coopgov.identity.models import Party
from coopgov.infra.db import write_transaction
from coopgov.tally.rule import PRESETS, Secrecy
from tests.conftest import NOW
from tests.decisions.scene import Scene, opened

SECRETLY = replace(PRESETS["ordinary"], secrecy=Secrecy.SECRET)
PEOPLE = numbered(["Ada", "Ben", "Cléo"])


def held(on: Scene, **changes: Any) -> Proposal:
    """An open secret vote."""
    return opened(on, **{"rule": SECRETLY} | changes)


def elected(on: Scene, **changes: Any) -> Proposal:
    """An open secret election of one of PEOPLE."""
    return held(on, **{"method": "irv", "options": PEOPLE, "settings": {"ties": "declare"}} | changes)


def put(
    proposal: Proposal, party: Party, choice: object = "agree", nonce: str = "", mark: str = "", at: datetime = NOW
) -> secret.Accepted:
    """A ballot as with script, unless dice were rolled."""
    nonce = nonce or ("" if mark else secrets.token_hex(16))
    with write_transaction():
        return secret.cast_secret_ballot(proposal.id, party.id, choice, nonce, mark, at)
