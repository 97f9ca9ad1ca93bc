"""Headers of every answer, errors and files included. OWASP ASVS 5.0, 3.4.1 to 3.4.6."""

from flask import Response

from coopgov.infra.settings import current_settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; "
    "manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
)
HSTS = "max-age=63072000; includeSubDomains"


def harden(response: Response) -> Response:
    """``response`` with the strict policy; whatever did not say how it may be kept, may not be kept."""
    headers = response.headers
    headers["Content-Security-Policy"] = POLICY
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=(), interest-cohort=()"
    headers.setdefault("Cache-Control", "private, no-store")
    if current_settings().is_https:
        headers["Strict-Transport-Security"] = HSTS
    return response
