"""Our actors and their keys. A private key is unsealed once in the life of a process."""

from collections.abc import Sequence

from sqlalchemy import select

from coopgov.federation.models import Actor, ActorKey
from coopgov.federation.rules.keys import load_private
from coopgov.federation.rules.signatures import SigningKey
from coopgov.infra.crypto import Sealer
from coopgov.infra.db import db
from coopgov.infra.kept import kept
from coopgov.infra.settings import current_settings, site_url

SEALED_FOR = "federation"  # the Sealer's purpose


def the_actor() -> Actor | None:
    """The co-op's actor; None before the worker has made it."""
    return db.session.scalars(select(Actor).where(Actor.subject == "coop")).first()


def actor_by_id(actor_id: int) -> Actor | None:
    """The actor with this id."""
    return db.session.get(Actor, actor_id)


def actor_with_handle(handle: str) -> Actor | None:
    """The actor of that name; case does not matter."""
    return db.session.scalars(select(Actor).where(Actor.handle == handle.lower())).first()


def handle_of(actor: Actor) -> str:
    """The name by which the actor is found, without the first @: ``harbour@example.org``."""
    return f"{actor.handle}@{site_url().partition('://')[2].partition('/')[0]}"


def followable() -> tuple[str, str]:
    """Handle and path of the co-op's actor, for every page; both empty before the worker has made it."""
    actor = the_actor()
    return (handle_of(actor), actor.path) if actor else ("", "")


def keys_of(actor_id: int) -> Sequence[ActorKey]:
    """All keys of the actor, the newest first."""
    query = select(ActorKey).where(ActorKey.actor_id == actor_id).order_by(ActorKey.number.desc())
    return db.session.scalars(query).all()


def current_key(actor_id: int) -> ActorKey:
    """The key with which the actor signs now."""
    return keys_of(actor_id)[0]


def key_id(actor: Actor, key: ActorKey) -> str:
    """The absolute id of the key."""
    return site_url(actor.path) + key.fragment


def sealer() -> Sealer:
    """What seals private keys of actors."""
    return Sealer(current_settings().keys, SEALED_FOR)


def signing_key(actor: Actor, number: int | None = None) -> SigningKey:
    """The actor's newest key, or the one with that number, ready to sign.

    Raises BadToken when it was sealed under a secret that the settings do not know any more, LookupError for no key.
    """
    found = next((key for key in keys_of(actor.id) if number in (None, key.number)), None)
    if found is None:
        raise LookupError("the actor has no such key")
    sealed = found.sealed
    private = kept(f"actor_key:{found.id}", sealed, lambda: load_private(sealer().open(sealed)))
    return SigningKey(key_id(actor, found), private)
