"""What every response carries: the content policy, what browsers may do with it, and cookies that stay ours."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders

from config import Settings

REPORT_PATH = "/csp-report"
# The last words of every content policy: the old way for Firefox and Safari, the new one for Chromium.
REPORTING = f"report-uri {REPORT_PATH}; report-to violations"
# A year, the least that browsers' preload lists take.
_STRICT_TRANSPORT = "max-age=31536000"
_USELESS_POWERS = (
    "accelerometer=(), bluetooth=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
    "magnetometer=(), microphone=(), midi=(), serial=(), usb=(), xr-spatial-tracking=()"
)
# Private files: a report of the business or of a member, kept by Streamlit for a download.
_DOWNLOADS = "/media/"
# Our own fonts: the same for everybody.
_PUBLIC_FILES = "/app/static/"


def complete(headers: MutableHeaders, path: str, settings: Settings) -> None:
    """Add what a response lacks and drop what it must not say; a route that sets a header keeps its own."""
    headers.setdefault("Content-Security-Policy", page_policy())
    headers.setdefault("Reporting-Endpoints", f'violations="{REPORT_PATH}"')
    headers.setdefault("Permissions-Policy", permissions())
    headers.setdefault("X-Content-Type-Options", "nosniff")
    headers.setdefault("Referrer-Policy", "same-origin")
    headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    headers.setdefault("X-Frame-Options", "DENY")
    if settings.secure_cookies:
        headers.setdefault("Strict-Transport-Security", _STRICT_TRANSPORT)
    if headers.get("content-length", "0") != "0":
        # Streamlit's refusal of a path says nothing about itself, and nobody shall guess.
        headers.setdefault("Content-Type", "text/plain; charset=utf-8")
    _keep_private(headers, path)
    _allow_no_other_origin(headers)
    _guard_cookies(headers, is_secure=settings.secure_cookies)


@cache
def page_policy() -> str:
    """The content security policy of Streamlit's pages. The hash is computed, so an upgrade cannot break it.

    `blob:` runs our own navigation component, inline styles are how Streamlit styles everything.
    """
    index = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    scripts = re.findall(r"<script>(.*?)</script>", index, re.DOTALL)
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(s.encode()).digest()).decode()}'" for s in scripts
    )
    return (
        f"default-src 'none'; script-src 'self' {hashes} blob:; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self' data:; connect-src 'self'; object-src 'none'; base-uri 'none'; "
        f"form-action 'self'; frame-ancestors 'none'; {REPORTING}"
    )


def permissions(payment_hosts: str = "") -> str:
    """The Permissions-Policy: nothing that we do not use, and payment for the named hosts alone."""
    payment = " ".join(["self", *(f'"{host}"' for host in payment_hosts.split())]) if payment_hosts else ""
    return f"{_USELESS_POWERS}, payment=({payment})"


def _keep_private(headers: MutableHeaders, path: str) -> None:
    """No page and no answer of ours stays in a cache; Streamlit's hashed files and our fonts do."""
    if headers.get("content-type", "").startswith("text/html") or path.startswith(_DOWNLOADS):
        headers["Cache-Control"] = "no-store"
    elif not path.startswith(_PUBLIC_FILES):
        headers.setdefault("Cache-Control", "no-store")


def _allow_no_other_origin(headers: MutableHeaders) -> None:
    # Streamlit allows any origin to read its static files, and localhost's origins the rest.
    for name in [name for name in headers if name.lower().startswith("access-control-")]:
        del headers[name]


def _guard_cookies(headers: MutableHeaders, *, is_secure: bool) -> None:
    """Give cookies that lack them SameSite and, over https, Secure: Streamlit looks at its own TLS alone."""
    cookies = headers.getlist("set-cookie")
    if not cookies:
        return
    del headers["set-cookie"]
    for cookie in cookies:
        attributes = {part.strip().partition("=")[0].lower() for part in cookie.split(";")[1:]}
        if "samesite" not in attributes:
            cookie += "; SameSite=Lax"
        if is_secure and "secure" not in attributes:
            cookie += "; Secure"
        headers.append("Set-Cookie", cookie)
