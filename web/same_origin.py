"""Refuse state-changing requests and websockets that another site's page opened with our visitor's cookie.

The middleware asks this of every request, so that a new route is protected before its author thinks of it.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request

from config import Settings
from domain.deployment import LOCAL_HOSTS
from web.paths import RAZORPAY_CALLBACK_PATH, UNSUBSCRIBE_PATH
from web.response_headers import REPORT_PATH

# Methods that change nothing, by their definition. No route of ours gives one of them a side effect that a
# stranger's link could use.
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Everything here is answered without looking at a cookie: a signature decides about a webhook and about a
# browser that a gateway sends back by a form, a report of the browser changes nothing. The same holds below
# UNSUBSCRIBE_PATH, where mail programs post for their readers.
_EXEMPT = frozenset(
    {
        "/webhooks/cashfree",
        "/webhooks/cashfree/",
        "/webhooks/razorpay",
        "/webhooks/razorpay/",
        RAZORPAY_CALLBACK_PATH,
        REPORT_PATH,
    }
)
# Streamlit's own routes ask for its XSRF token.
_STREAMLITS = "/_stcore/"
_PORTS = {"http": 80, "https": 443}


def is_forged(request: Request, settings: Settings) -> bool:
    """True when a request that may change something does not come from our own pages."""
    path = request.scope["path"]
    if request.method in _READING or path in _EXEMPT or path.startswith((_STREAMLITS, UNSUBSCRIBE_PATH)):
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


def is_foreign_socket(headers: Headers, settings: Settings) -> bool:
    """True when a websocket does not come from our own pages. Every browser sends the origin of the page.

    Streamlit lets in who sends none, who names this machine, and whoever points a name of theirs at us; and it
    asks the internet who it is, with every visitor waiting, before it refuses the rest.
    """
    place = _place(headers.get("origin", ""))
    if place is None or place[1] is None:
        return True
    if place == _place(settings.app_base_url):
        return False
    # A developer on another port or in the same network: a page that was asked for by number, and not by a
    # name that somebody could have pointed here.
    return not (_is_number(place[1]) and place == _place(f"{place[0]}://{headers.get('host', '')}"))


def _is_number(host: str) -> bool:
    if host in LOCAL_HOSTS:
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _place(url: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(url)
        # On a developer's machine 127.0.0.1 and localhost are one place.
        host = "localhost" if parts.hostname in LOCAL_HOSTS else parts.hostname
        return parts.scheme, host, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return None
