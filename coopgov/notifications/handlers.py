"""Who hears of what happens below."""

from coopgov.infra.jobs import Handler

HANDLERS: tuple[Handler, ...] = ()
