"""Pages of decisions."""

from flask import Blueprint

from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings

bp = Blueprint("decisions", __name__)
SAYINGS: Sayings = {}
PANELS: tuple[Panel, ...] = ()
