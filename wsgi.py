"""For WSGI servers: `gunicorn wsgi:app`, behind a proxy that buffers requests."""

from coopgov.app import create_app

app = create_app()
