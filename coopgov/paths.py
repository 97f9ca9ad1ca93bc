"""Where the files that are not code live: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
ROOT = PACKAGE / "_data" if (PACKAGE / "_data").is_dir() else PACKAGE.parent
TEMPLATES, STATIC, MIGRATIONS = ROOT / "templates", ROOT / "static", ROOT / "migrations"
TRANSLATIONS = PACKAGE / "translations"
