"""What the clock asks of decisions."""

from coopgov.infra.jobs import Clockwork

CLOCKWORKS: tuple[Clockwork, ...] = ()
