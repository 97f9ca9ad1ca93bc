"""Pages of desk."""

from flask import Blueprint

from coopgov.infra.web.said import Sayings

bp = Blueprint("desk", __name__)
SAYINGS: Sayings = {}
