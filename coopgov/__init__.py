"""coopgov: the platform on which a co-operative runs itself."""

__version__ = "0.1.0"
