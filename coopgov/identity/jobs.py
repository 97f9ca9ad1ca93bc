"""What the clock asks of identity."""

from coopgov.infra.jobs import Clockwork

CLOCKWORKS: tuple[Clockwork, ...] = ()
