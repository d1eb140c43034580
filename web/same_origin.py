"""Refuse state-changing requests that another site's page sent with our visitor's cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.requests import Request

from config import LOCAL_HOSTS, Settings


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
    return _place(origin) == _place(settings.app_base_url)


def _place(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    # On a developer's machine 127.0.0.1 and localhost are one place.
    host = "localhost" if parts.hostname in LOCAL_HOSTS else parts.hostname
    try:
        return parts.scheme, host, parts.port
    except ValueError:
        return parts.scheme, None, None
