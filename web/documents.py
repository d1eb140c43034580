"""Documents of our own that are no Streamlit pages: their templates, and the one for what is not there."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader, select_autoescape
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from domain.errors import OrderNotFound

templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=select_autoescape()
)


async def icon(request: Request) -> Response:
    """GET /favicon.ico: what a browser asks for by itself beside a document that names no icon."""
    return RedirectResponse("/app/static/icon.png", 308)


def not_found(error: OrderNotFound) -> Response:
    """The answer to an order that is not there or not the reader's: nobody learns which of the two."""
    page = templates.get_template("not_found.html").render(message=error.user_message)
    return HTMLResponse(page, status_code=404)
