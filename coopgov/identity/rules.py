"""Pure rules of identity."""

from coopgov.core.errors import Refusals

REFUSALS: Refusals = {}
