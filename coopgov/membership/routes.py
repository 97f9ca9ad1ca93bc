"""Pages of membership."""

from flask import Blueprint

from coopgov.infra.web.said import Sayings

bp = Blueprint("membership", __name__)
SAYINGS: Sayings = {}
