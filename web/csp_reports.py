"""Where browsers report what a content policy refused: one line in the log, one count, and always 204.

Anybody may send anything here, so nothing of it is believed, kept in the database or repeated at length.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import structlog
from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from web import paths

log = structlog.get_logger()

_REPORTS = Counter("csp_reports", "Reports of refused content", ["directive"])
_UNREAD = Counter("csp_reports_unread", "Reports over the cap, too large, too slow or unreadable")

_LARGEST_REPORT = 16 * 1024
_LONGEST_READ_SECONDS = 5.0
# A cap of this process and not a limit in the database: a stranger's report must not cost a transaction, and
# what is protected here is the log alone. One broken page shows itself in far fewer lines.
_LINES_PER_MINUTE = 60
_MINUTE_SECONDS = 60.0
_DIRECTIVE = re.compile(
    r"(?:script|style)-src(?:-elem|-attr)?|(?:default|img|font|connect|frame|worker|child|manifest|media|object)-src"
    r"|base-uri|form-action|frame-ancestors"
)
_HOST = re.compile(r"[A-Za-z0-9.\-:\[\]]{1,100}")
_WORDS = frozenset({"inline", "eval", "wasm-eval", "data", "blob", "filesystem", "about"})


@dataclass(frozen=True, slots=True)
class Violation:
    """What a report says, in words that are safe to write."""

    directive: str
    blocked: str
    page: str


class Cap:
    """So many uses in a minute, in this process."""

    def __init__(self, uses: int) -> None:
        self._uses: deque[float] = deque(maxlen=uses)

    def allows(self, now: float) -> bool:
        """Count a use at `now` (seconds of any clock) if it is within the cap."""
        if len(self._uses) == self._uses.maxlen and now - self._uses[0] < _MINUTE_SECONDS:
            return False
        self._uses.append(now)
        return True


_cap = Cap(_LINES_PER_MINUTE)


async def receive_report(request: Request) -> Response:
    """POST /csp-report: note what a browser refused. 204 whatever was sent."""
    body = await _read(request)
    noted = 0
    for violation in read_violations(body):
        if not _cap.allows(time.monotonic()):
            break
        noted += 1
        _REPORTS.labels(violation.directive).inc()
        log.warning(
            "content_refused",
            directive=violation.directive,
            blocked=violation.blocked,
            page=violation.page,
        )
    if not noted:
        _UNREAD.inc()
    return Response(status_code=204)


def read_violations(body: bytes) -> Iterator[Violation]:
    """The violations of a body in either of the two forms that browsers send. None for anything else."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        return
    for entry in told if isinstance(told, list) else [told]:
        if not isinstance(entry, dict):
            continue
        report = entry.get("csp-report", entry.get("body"))
        if isinstance(report, dict):
            yield Violation(
                directive=_directive(report),
                blocked=_blocked(_text(report, "blocked-uri", "blockedURL")),
                page=_page(_text(report, "document-uri", "documentURL")),
            )


async def _read(request: Request) -> bytes:
    """The body, or nothing when it is too large, too slow or broken off."""
    body = bytearray()
    try:
        async with asyncio.timeout(_LONGEST_READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > _LARGEST_REPORT:
                    return b""
    except (ClientDisconnect, TimeoutError):
        return b""
    return bytes(body)


def _text(report: dict[str, object], *names: str) -> str:
    found = next((report[name] for name in names if name in report), "")
    return found if isinstance(found, str) else ""


def _directive(report: dict[str, object]) -> str:
    words = _text(report, "effective-directive", "effectiveDirective", "violated-directive").split()
    # Known names only: they are a label of the counter, which keeps every value for ever.
    return words[0] if words and _DIRECTIVE.fullmatch(words[0]) else "other"


def _blocked(address: str) -> str:
    host = _split(address)[0]
    if host:
        return host if _HOST.fullmatch(host) else "unreadable"
    word = address.partition(":")[0]
    return word if word in _WORDS else "unreadable"


def _page(address: str) -> str:
    return paths.for_log(_split(address)[1]) or "unreadable"


def _split(address: str) -> tuple[str, str]:
    try:
        parts = urlsplit(address)
        return parts.hostname or "", parts.path
    except ValueError:
        return "", ""
