"""Reads of decisions."""

from coopgov.infra.check import Check

CHECKS: tuple[Check, ...] = ()
