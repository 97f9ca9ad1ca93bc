"""Pages of discussion."""

from flask import Blueprint

from coopgov.infra.web.panels import Panel
from coopgov.infra.web.said import Sayings

bp = Blueprint("discussion", __name__)
SAYINGS: Sayings = {}
PANELS: tuple[Panel, ...] = ()
