"""Events of the inbox as text for a terminal.

Everything in an event came from outside: control characters are spelled out, and what opens something
(secrets, tokens, payment sessions, card numbers) is masked.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from database.events import EventText, StoredEvent
from operations.moments import as_read
from reports.overview import readable

_SECRET_VALUE = re.compile(
    r'("[^"]*(?:secret|token|signature|password|cvv|otp|session|card_number)[^"]*"\s*:\s*)'
    r'(?:"(?:[^"\\]|\\.)*"|\d+)',
    re.IGNORECASE,
)
_SECRET_WORD = re.compile(r"session_[A-Za-z0-9_\-]{12,}|cfsk_\w+")


def table(events: Sequence[StoredEvent]) -> str:
    """One line for each event."""
    if not events:
        return "No events."
    lines = [f"{'id':>8}  {'received':<23}  {'status':<9}  {'order':<20}  type"]
    lines += [
        f"{event.id:>8}  {as_read(event.received_at):<23}  {event.status:<9}  "
        f"{_plain(event.order_id or '-'):<20}  {_plain(event.event_type)}"
        for event in events
    ]
    return "\n".join(lines)


def page(found: EventText) -> str:
    """Everything about one event, its body laid out below."""
    event = found.event
    ended = f" at {as_read(event.processed_at)}" if event.processed_at else ""
    return "\n".join(
        [
            f"event     {event.id}",
            f"type      {_plain(event.event_type)}",
            f"gateway   {event.gateway}",
            f"order     {_plain(event.order_id or 'none named')}",
            f"received  {as_read(event.received_at)}",
            f"status    {event.status}{ended}",
            f"key       {_plain(found.dedupe_key)}",
            f"body      {len(found.body)} bytes",
            "",
            _without_secrets(_plain(readable(found.body))),
        ]
    )


def replayed(before: StoredEvent, *, is_worked_on: bool) -> str:
    """What a replay did."""
    subject = f"order {_plain(before.order_id)}" if before.order_id else "no order: it names none"
    sentence = (
        f"Event {before.id} ({_plain(before.event_type)}, {before.status} until now) is queued again; "
        f"a worker will look at {subject}."
    )
    return (
        sentence if is_worked_on else f"{sentence} No worker is running: start the application or `worker`."
    )


def _without_secrets(text: str) -> str:
    return _SECRET_WORD.sub("****", _SECRET_VALUE.sub(r'\1"****"', text))


def _plain(text: str) -> str:
    return "".join(
        character
        if character.isprintable() or character == "\n"
        else character.encode("unicode_escape").decode("ascii")
        for character in text
    )
