"""The link in every report that ends them: one press by a person, or one POST by a mail program (RFC 8058).

The token alone decides; no cookie is looked at, and a token that is nobody's is answered like one that is. GET changes
nothing: mail programs and virus scanners open every link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from accounts.link_tokens import kind_ended_by
from sectors.report_settings import resubscribe, unsubscribe
from web.response_headers import REPORTING
from wiring import Services, get_services

log = structlog.get_logger()

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; "
        f"frame-ancestors 'none'; {REPORTING}"
    ),
    # The address is a key: no other site may learn it.
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}
_LONGEST_TOKEN = 200
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class _Words:
    """What the pages say, by what the link ends."""

    question: str
    what_stops: str
    what_stopped: str
    undo: str
    back: str
    what_is_back: str


_ALL = _Words(
    "Stop reports by mail?",
    "Reports and alerts about the market stop. Receipts and messages about your account still come.",
    "No more reports and alerts come by mail. Receipts and messages about your account still do.",
    "That was a mistake: send them again",
    "Reports are on again",
    "You get again what you had chosen. The page Alerts & mail in your account says what that is.",
)
_NOTE = _Words(
    "Stop the monthly evidence note?",
    "The note stops. Other reports and alerts stay as you chose them on the page Alerts & mail.",
    "No more evidence notes come by mail. Other reports and alerts stay as you chose them.",
    "That was a mistake: send it again",
    "The evidence note is on again",
    "It comes on each month's first Saturday, unless you have stopped all reports. What comes is chosen on the page "
    "Alerts & mail in your account.",
)
_STYLE = """
:root { color-scheme: light dark; }
body { margin: 0; font: 16px/1.6 Inter, system-ui, sans-serif; background: light-dark(#f5f8f7, #0b1210);
  color: light-dark(#10211c, #e4ede9); }
main { max-width: 30rem; margin: 12vh auto 0; padding: 2rem; border: 1px solid light-dark(#dce5e1, #263530);
  border-radius: 14px; background: light-dark(#fff, #131c19); }
h1 { font-size: 1.5rem; line-height: 1.25; margin: 0 0 .5rem; letter-spacing: -.015em; }
p { margin: 0 0 1.25rem; color: light-dark(#566861, #94a69f); }
button { font: inherit; font-weight: 600; padding: .7rem 1.2rem; border-radius: 8px; border: 0; cursor: pointer;
  background: light-dark(#0b6b57, #0e8468); color: #fff; }
@media (max-width: 33rem) { main { margin: 1.5rem 1rem 0; padding: 1.5rem; } }
"""


async def show(request: Request) -> Response:
    """GET /unsubscribe/{token}: a page with one button."""
    token = request.path_params["token"]
    words = _words_of(token)
    return _page(words.question, words.what_stops, token, "unsubscribe", "Unsubscribe")


async def receive(request: Request) -> Response:
    """POST /unsubscribe/{token}: unsubscribe, or with `action=resubscribe` take that back."""
    token = request.path_params["token"]
    is_form = request.headers.get("content-type", "").startswith(_FORM)
    action = _action(await request.body()) if is_form else ""
    change: Callable[[Services, str], None] = resubscribe if action == "resubscribe" else unsubscribe
    try:
        await run_in_threadpool(lambda: change(get_services(), token[:_LONGEST_TOKEN]))
    except SQLAlchemyError as exc:
        log.error("unsubscribe_failed", error=type(exc).__name__)
        return PlainTextResponse("Please try again in a minute.", 503, headers=_HEADERS)
    words = _words_of(token)
    if change is resubscribe:
        return _page(words.back, words.what_is_back, token, "unsubscribe", "Unsubscribe")
    return _page("You are unsubscribed", words.what_stopped, token, "resubscribe", words.undo)


def _action(body: bytes) -> str:
    """What the form asks for. One that is none of ours asks for nothing: whatever is sent to the link ends reports."""
    try:
        return parse_qs(body.decode("utf-8", "replace"), max_num_fields=20).get("action", [""])[0]
    except ValueError:
        return ""


def _words_of(token: str) -> _Words:
    return _ALL if kind_ended_by(token) is None else _NOTE


def _page(title: str, text: str, token: str, action: str, label: str) -> Response:
    return HTMLResponse(
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>"
        f'<form method="post" action="/unsubscribe/{escape(token[:_LONGEST_TOKEN])}">'
        f'<input type="hidden" name="action" value="{escape(action)}">'
        f'<button type="submit">{escape(label)}</button></form></main></body></html>',
        headers=_HEADERS,
    )
