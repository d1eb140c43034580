"""Refuse state-changing requests that another site's page sent with our visitor's cookie.

The middleware asks this of every request, so that a new route is protected before its author thinks of it.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from config import LOCAL_HOSTS, Settings
from web.response_headers import REPORT_PATH

# Methods that change nothing, by their definition. No route of ours gives one of them a side effect that a
# stranger's link could use.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Everything here is answered without looking at a cookie: a signature decides about a webhook, a report of
# the browser changes nothing.
_EXEMPT = frozenset({"/webhooks/cashfree", "/webhooks/cashfree/", REPORT_PATH})
# Streamlit's own routes ask for its XSRF token.
_STREAMLITS = "/_stcore/"
_PORTS = {"http": 80, "https": 443}


def is_forged(request: Request, settings: Settings) -> bool:
    """True when a request that may change something does not come from our own pages."""
    path = request.scope["path"]
    if request.method in _READING or path in _EXEMPT or path.startswith(_STREAMLITS):
        return False
    return not is_same_origin(request, settings)


def is_same_origin(request: Request, settings: Settings) -> bool:
    """True when the browser says that the request comes from our own pages.

    Every browser sends `Sec-Fetch-Site` or, for POST, `Origin`. A request with neither is refused.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    if fetch_site not in (None, "same-origin"):
        return False
    if origin is None:
        return fetch_site == "same-origin"
    place = _place(origin)
    return place is not None and place == _place(settings.app_base_url)


def _place(url: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(url)
        # On a developer's machine 127.0.0.1 and localhost are one place.
        host = "localhost" if parts.hostname in LOCAL_HOSTS else parts.hostname
        return parts.scheme, host, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
