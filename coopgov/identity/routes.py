"""Pages of identity."""

from flask import Blueprint

from coopgov.infra.web.said import Sayings

bp = Blueprint("identity", __name__)
SAYINGS: Sayings = {}
