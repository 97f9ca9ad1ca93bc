"""Pure rules of discussion."""

from coopgov.core.errors import Refusals

REFUSALS: Refusals = {}
