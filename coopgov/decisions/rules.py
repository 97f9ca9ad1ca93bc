"""Pure rules of decisions."""

from coopgov.core.errors import Refusals

REFUSALS: Refusals = {}
