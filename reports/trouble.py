"""What waits for a person: jobs that gave up, alarms, and what the books say of themselves.

Read-only. Every function refuses an actor who is not an admin with Forbidden.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from accounts.authority import require_admin
from billing.dead_letters import DeadLetter, list_dead_letters
from database import order_reports
from domain.accounts import User
from operations.check import Finding, run_checks
from reports.overview import reading
from reports.rows import AlarmList, AlarmRow, DeadLetterRow

if TYPE_CHECKING:
    from wiring import Services

Value = TypeVar("Value", int, str)

# More open alarms have one cause, and nobody resolves them one by one.
_OPEN_ALARMS = 50
_RESOLVED_ALARMS = 25


def dead_letters(services: Services, actor: User) -> tuple[DeadLetterRow, ...]:
    """The newest jobs whose tries are over, each with what it was about."""
    letters = list_dead_letters(services, actor)
    with reading(services, actor) as conn:
        return _describe(conn, letters)


def alarms(services: Services, actor: User, *, with_resolved: bool) -> AlarmList:
    """Open alarms, and those resolved last when asked for."""
    with reading(services, actor) as conn:
        opened = order_reports.open_alarms(conn, limit=_OPEN_ALARMS + 1)
        resolved = order_reports.resolved_alarms(conn, limit=_RESOLVED_ALARMS) if with_resolved else ()
        return AlarmList(
            tuple(AlarmRow(**row) for row in opened[:_OPEN_ALARMS]),
            tuple(AlarmRow(**row) for row in resolved),
            has_more=len(opened) > _OPEN_ALARMS,
        )


def findings(services: Services, actor: User) -> list[Finding]:
    """Every invariant with what violates it now. Opens and closes no alarm."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
    return run_checks(services)


def _describe(conn: Connection, letters: Sequence[DeadLetter]) -> tuple[DeadLetterRow, ...]:
    """The letters with what their arguments name, which is asked for once for all of them."""
    events = {row["id"]: row for row in order_reports.name_events(conn, _named(letters, "event_id", int))}
    mails = {row["id"]: row for row in order_reports.name_mails(conn, _named(letters, "email_id", int))}
    keys = _named(letters, "refund_key", str)
    refunds = {row["refund_key"]: row for row in order_reports.name_refunds(conn, keys)}

    def describe(letter: DeadLetter) -> DeadLetterRow:
        row = DeadLetterRow(letter.job_id, letter.job, letter.attempts, letter.failed_at, letter.alarm)
        about = letter.arguments
        if event := events.get(about.get("event_id")):
            return replace(
                row, event_id=event["id"], event_type=event["event_type"], order_id=event["order_id"]
            )
        if mail := mails.get(about.get("email_id")):
            return replace(row, mail_id=mail["id"], mail_subject=mail["subject"], mail_to=mail["to_address"])
        if refund := refunds.get(about.get("refund_key")):
            return replace(row, order_id=refund["order_id"], amount_paise=refund["amount_paise"])
        order_id = about.get("order_id")
        return replace(row, order_id=order_id) if isinstance(order_id, str) else row

    return tuple(describe(letter) for letter in letters)


def _named(letters: Sequence[DeadLetter], name: str, kind: type[Value]) -> list[Value]:
    return [value for letter in letters if isinstance(value := letter.arguments.get(name), kind)]
