"""The script merchants embed, the pages' style sheet and script, and the template environment."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from simulator.clock import IST
from simulator.gateway import Gateway
from simulator.wire import indian_rupees

HERE = Path(__file__).parent
MEDIA_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


STATIC_FILES = {path.name: path.read_bytes() for path in (HERE / "static").iterdir()}


def routes(gateway: Gateway) -> list[Route]:
    """GET /js/v3/cashfree.js and /static/…, from memory."""
    files = STATIC_FILES

    async def sdk(_: Request) -> Response:
        if gateway.faults.take("sdk_unavailable"):
            return PlainTextResponse("Service Unavailable", 503)
        return Response(files["cashfree.js"], media_type="text/javascript")

    async def static(request: Request) -> Response:
        name = request.path_params["name"]
        if name not in files:
            return PlainTextResponse("Not Found", 404)
        return Response(files[name], media_type=MEDIA_TYPES[Path(name).suffix])

    return [Route("/js/v3/cashfree.js", sdk), Route("/static/{name}", static)]


def page(template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page; everything is escaped."""
    html = _environment().get_template(template).render(**values)
    return HTMLResponse(html, status, headers={"cache-control": "no-store"})


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["money"] = indian_rupees
    environment.filters["moment"] = lambda at: (
        "–" if at is None else at.astimezone(IST).strftime("%-d %b %Y, %H:%M:%S")
    )
    return environment
