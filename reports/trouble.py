"""What waits for a person: jobs that gave up, alarms, and what the books say of themselves.

Read-only. Every function refuses an actor who is not an admin with Forbidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from billing.dead_letters import DeadLetter, list_dead_letters
from database import order_reports
from database.queue import Job
from domain.accounts import User
from operations.check import Finding, run_checks
from reports.overview import reading
from reports.rows import AlarmList, AlarmRow, DeadLetterRow

if TYPE_CHECKING:
    from wiring import Services

# More open alarms have one cause, and nobody resolves them one by one.
_OPEN_ALARMS = 50
_RESOLVED_ALARMS = 25


def dead_letters(services: Services, actor: User) -> tuple[DeadLetterRow, ...]:
    """The newest jobs whose tries are over, each with what it was about."""
    letters = list_dead_letters(services, actor)
    with reading(services, actor) as conn:
        subjects = _subjects(conn, letters)
    return tuple(
        DeadLetterRow(
            letter.job_id,
            letter.job,
            letter.attempts,
            letter.failed_at,
            letter.alarm,
            **subjects[letter.job_id],
        )
        for letter in letters
    )


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
    with reading(services, actor):
        pass
    return run_checks(services)


def _subjects(conn: Connection, letters: Sequence[DeadLetter]) -> dict[int, dict[str, Any]]:
    """What each job was about, by its id: fields of DeadLetterRow."""
    events = {row["id"]: row for row in order_reports.name_events(conn, _numbers(letters, "event_id"))}
    mails = {row["id"]: row for row in order_reports.name_mails(conn, _numbers(letters, "email_id"))}
    keys = [str(letter.arguments["refund_key"]) for letter in letters if "refund_key" in letter.arguments]
    refunds = {row["refund_key"]: row for row in order_reports.name_refunds(conn, keys)}
    return {letter.job_id: _subject(letter, events, mails, refunds) for letter in letters}


def _subject(
    letter: DeadLetter,
    events: Mapping[Any, Any],
    mails: Mapping[Any, Any],
    refunds: Mapping[Any, Any],
) -> dict[str, Any]:
    arguments = letter.arguments
    if letter.job == Job.PROCESS_EVENT and (event := events.get(arguments.get("event_id"))):
        return {"event_id": event["id"], "event_type": event["event_type"], "order_id": event["order_id"]}
    if letter.job == Job.SEND_MAIL and (mail := mails.get(arguments.get("email_id"))):
        return {"mail_id": mail["id"], "mail_subject": mail["subject"], "mail_to": mail["to_address"]}
    if letter.job == Job.EXECUTE_REFUND and (refund := refunds.get(arguments.get("refund_key"))):
        return {"order_id": refund["order_id"], "amount_paise": refund["amount_paise"]}
    order_id = arguments.get("order_id")
    return {"order_id": order_id} if isinstance(order_id, str) else {}


def _numbers(letters: Sequence[DeadLetter], name: str) -> list[int]:
    return [value for letter in letters if isinstance(value := letter.arguments.get(name), int)]
