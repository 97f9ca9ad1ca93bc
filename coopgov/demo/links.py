"""The sign-in links of the demonstration's personas: signed, so that only who started it knows them."""

from flask import current_app

from coopgov.infra.crypto import BadToken, Signer

PURPOSE = "demo"


def persona_path(persona: str) -> str:
    """The path that signs in as ``persona``, again and again."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    return f"/dev/as/{persona}/{signer.sign(PURPOSE, persona)}"


def is_genuine(persona: str, signature: str) -> bool:
    """True for the signature of a path that ``persona_path`` gave for this persona."""
    signer: Signer = current_app.extensions["coopgov.signer"]
    try:
        return bool(signer.read(PURPOSE, signature) == persona)
    except BadToken:
        return False
