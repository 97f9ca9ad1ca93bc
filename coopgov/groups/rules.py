"""Pure rules of groups."""

from coopgov.core.errors import Refusals

REFUSALS: Refusals = {}
