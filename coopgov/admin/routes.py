"""Pages of admin."""

from flask import Blueprint

from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings

bp = Blueprint("admin", __name__)
SAYINGS: Sayings = {}
PANELS: tuple[Panel, ...] = ()
