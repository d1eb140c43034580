"""Refuse state-changing requests that another site's page sent with our visitor's cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from config import Settings


def is_same_origin(request: Request, settings: Settings) -> bool:
    """True when the browser says that the request comes from our own pages.

    Every browser sends `Sec-Fetch-Site` or, for POST, `Origin`. A request with neither is refused.
    """
    fetch_site = request.headers.get("sec-fetch-site")
    if fetch_site is not None and fetch_site != "same-origin":
        return False
    origin = request.headers.get("origin")
    if origin is not None:
        ours = urlsplit(settings.app_base_url)
        theirs = urlsplit(origin)
        return (theirs.scheme, theirs.netloc) == (ours.scheme, ours.netloc)
    return fetch_site == "same-origin"
