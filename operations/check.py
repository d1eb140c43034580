"""Ask the database whether every invariant holds, and call a person when one does not.

Reads one consistent moment, changes nothing, and never waits long: a statement that is too slow is stopped
and says so. What an invariant means is in `database/invariants`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from billing.alarms import raise_standing_alarm
from database import books
from database.invariants import INVARIANTS, Invariant, find_offenders, limit_statement_time
from wiring import Services

# All of them are asked every five minutes: none may hold a connection for long.
LONGEST_STATEMENT = timedelta(seconds=5)
FIRST_IDS = 5
_QUERY_CANCELED = "57014"
_SENTENCE_WIDTH = 66


class State(StrEnum):
    OK = "ok"
    VIOLATED = "violated"
    NOT_BUILT = "not built"
    TOO_SLOW = "too slow"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out about one invariant. `first` names the first of `count` offenders."""

    id: str
    sentence: str
    state: State
    count: int = 0
    first: tuple[str, ...] = ()


def run_checks(
    services: Services,
    *,
    invariants: Sequence[Invariant] = INVARIANTS,
    longest: timedelta = LONGEST_STATEMENT,
) -> list[Finding]:
    """Every invariant with what violates it now, as of one moment."""
    options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with services.engine.connect().execution_options(**options) as conn, conn.begin():
        limit_statement_time(conn, longest)
        now = services.now(conn)
        return [_examine(conn, invariant, now) for invariant in invariants]


def check_and_alarm(services: Services) -> list[Finding]:
    """Run the checks, open an alarm for each violated invariant, and close those of invariants that hold again."""
    findings = run_checks(services)
    with services.engine.begin() as conn:
        for finding in findings:
            _report(services, conn, finding)
    return findings


def all_hold(findings: Sequence[Finding]) -> bool:
    """True when nothing is violated and everything was answered."""
    return all(finding.state in {State.OK, State.NOT_BUILT} for finding in findings)


def format_findings(findings: Sequence[Finding]) -> str:
    """A table for a terminal: id, what must hold, result; the totals last."""
    lines = [f"{'id':<4} {'what must hold':<{_SENTENCE_WIDTH}} result"]
    for finding in findings:
        first, *rest = textwrap.wrap(finding.sentence, _SENTENCE_WIDTH)
        lines.append(f"{finding.id:<4} {first:<{_SENTENCE_WIDTH}} {_result(finding)}")
        lines.extend(f"{'':<4} {more}" for more in rest)
    return "\n".join([*lines, "", _totals(findings)])


def _examine(conn: Connection, invariant: Invariant, now: datetime) -> Finding:
    if invariant.sql is None:
        return Finding(invariant.id, invariant.sentence, State.NOT_BUILT)
    try:
        # A statement that is stopped takes only its savepoint with it.
        with conn.begin_nested():
            offenders = find_offenders(conn, invariant, now=now, limit=FIRST_IDS)
    except OperationalError as exc:
        if getattr(exc.orig, "pgcode", None) != _QUERY_CANCELED:
            raise
        return Finding(invariant.id, invariant.sentence, State.TOO_SLOW)
    state = State.VIOLATED if offenders.count else State.OK
    return Finding(invariant.id, invariant.sentence, state, offenders.count, offenders.first)


def _report(services: Services, conn: Connection, finding: Finding) -> None:
    key, slow_key = f"invariant:{finding.id}", f"invariant:{finding.id}:slow"
    if finding.state is State.TOO_SLOW:
        message = f"Check {finding.id} was stopped: it took too long. Whether it holds is not known."
        raise_standing_alarm(services, conn, slow_key, message)
        return
    now = services.now(conn)
    books.resolve_alarm(conn, slow_key, now=now)
    if finding.state is State.VIOLATED:
        message = f"{finding.id} is violated {_times(finding)}: {finding.sentence} First: {_first(finding)}"
        raise_standing_alarm(services, conn, key, message)
    else:
        books.resolve_alarm(conn, key, now=now)


def _result(finding: Finding) -> str:
    if finding.state is State.VIOLATED:
        return f"violated {_times(finding)}: {_first(finding)}"
    return str(finding.state)


def _times(finding: Finding) -> str:
    return "once" if finding.count == 1 else f"{finding.count} times"


def _first(finding: Finding) -> str:
    return ", ".join(finding.first) + (", …" if finding.count > len(finding.first) else "")


def _totals(findings: Sequence[Finding]) -> str:
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    said = [f"{counts[State.OK]} hold", f"{counts[State.VIOLATED]} violated"]
    if counts[State.TOO_SLOW]:
        said.append(f"{counts[State.TOO_SLOW]} too slow to say")
    return f"{len(findings)} invariants: {', '.join(said)}, {counts[State.NOT_BUILT]} not built yet."
