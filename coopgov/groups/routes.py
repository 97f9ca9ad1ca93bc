"""Pages of groups."""

from flask import Blueprint

from coopgov.infra.web.said import Sayings

bp = Blueprint("groups", __name__)
SAYINGS: Sayings = {}
