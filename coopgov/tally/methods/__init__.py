"""The vote methods, by name. A new method is one file and one line here."""

from coopgov.tally.methods.base import Method
from coopgov.tally.methods.proposal import Proposal

METHODS: dict[str, Method] = {method.name: method for method in (Proposal(),)}
