"""Pure rules of membership."""

from coopgov.core.errors import Refusals

REFUSALS: Refusals = {}
