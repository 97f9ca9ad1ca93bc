"""The settings of the running application, for whoever is below the edge and needs one."""

from flask import current_app

from coopgov.config import Settings


def current_settings() -> Settings:
    """What this installation was started with."""
    settings: Settings = current_app.extensions["coopgov.settings"]
    return settings


def site_url(path: str = "") -> str:
    """The absolute address of ``path`` as people type it; of the site without a slash at the end for none."""
    return current_settings().base_url.rstrip("/") + path
