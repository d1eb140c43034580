"""The panel's sections on what waits for a person: dead letters, checks and alarms."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import partial
from html import escape

import streamlit as st

from billing import desk
from billing.dead_letters import replay_dead_letter
from database.queue import Job
from domain.accounts import User
from domain.identifiers import ORDER_ID_PATTERN
from domain.money import format_rupees
from domain.wording import format_clock, format_moment
from operations.check import Finding, State
from reports import trouble as reports
from reports.rows import AlarmRow, DeadLetterRow
from ui.admin_actions import FINDINGS, action_button, show_result
from ui.admin_table import (
    Column,
    code,
    link,
    moment,
    order_link,
    plain,
    quiet,
    table,
    with_order_links,
    word,
)
from ui.components import Tone, badge, empty_state
from wiring import Services

# The same rhythm as the periodic run.
_FRESH = timedelta(minutes=5)
# Each has a button: more on one page would be slow, and nobody clicks through more.
_LETTERS = 25

_GAVE_UP = re.compile(r"gave up \((\w+)\); the log has reference (\w+)")
_REASONS = {
    "GatewayUnavailable": "The payment service could not be reached.",
    "CircuitOpen": "The payment service could not be reached.",
    "GatewayTimeout": "The payment service did not answer in time.",
    "GatewayRateLimited": "The payment service took no more calls.",
    "GatewayReplyInvalid": "The payment service gave an answer that cannot be trusted.",
    "GatewayCredentialsRejected": "The payment service refused our credentials.",
    "GatewayFeatureDisabled": "The payment service does not offer this to our account.",
    "GatewayRequestRejected": "The payment service refused the request.",
    "GatewayObjectNotFound": "The payment service does not know this order.",
    "GatewayConflict": "The payment service says that this was asked before, in another way.",
    "IdempotencyMismatch": "The payment service says that this was asked before, in another way.",
    "MailNotSent": "The mail server did not take the mail.",
    "OperationalError": "The database could not be reached.",
}
_RESULTS: dict[State, tuple[str, Tone]] = {
    State.OK: ("Holds", "good"),
    State.VIOLATED: ("Violated", "bad"),
    State.TOO_SLOW: ("Too slow to say", "warn"),
}


def dead_letters(services: Services, user: User) -> None:
    """Jobs that gave up, each with what it was to do, why it failed, and another chance."""
    show_result("dead-letters")
    letters = reports.dead_letters(services, user)
    if not letters:
        empty_state("No dead letters", "A job that fails again and again for hours is listed here.")
        return
    st.html(
        f'<p class="chart-note">{escape(_count(len(letters), "job"))} gave up. Each can safely be tried again once its '
        "reason is gone.</p>"
    )
    with st.container(key="rows-admin-letters"):
        for letter in letters[:_LETTERS]:
            _letter(services, user, letter)
    if len(letters) > _LETTERS:
        st.caption(f"{len(letters) - _LETTERS} older ones follow when these are done.")


def describe_job(letter: DeadLetterRow) -> str:
    """What the job was to do, as HTML."""
    order = order_link("dead-letters", letter.order_id)
    if letter.job == Job.PROCESS_EVENT and letter.event_id is not None:
        event = link("dead-letters", letter.event_type or "a message", event=letter.event_id)
        return f"Look at order {order} because of {event}" if letter.order_id else f"Read {event}"
    if letter.job == Job.SEND_MAIL and letter.mail_id is not None:
        mail = link("dead-letters", letter.mail_subject or "(no subject)", mail=letter.mail_id)
        return f"Send the mail {mail} to {plain(letter.mail_to)}"
    if letter.job == Job.EXECUTE_REFUND and letter.amount_paise is not None:
        return f"Return {escape(format_rupees(letter.amount_paise))} of order {order}"
    if letter.job == Job.TERMINATE_ORDER and letter.order_id is not None:
        return f"Close order {order} at the gateway, so that nobody pays it"
    return plain(word(letter.job))


def describe_failure(alarm: str | None) -> tuple[str, str]:
    """Why a job gave up, and where to read more."""
    if alarm is None:
        return "Why is in the log.", ""
    found = _GAVE_UP.search(alarm)
    if found is None:
        return alarm, ""
    name, reference = found.groups()
    return _REASONS.get(name, f"It ended with {name}."), f"Reference {reference} in the log"


def _letter(services: Services, user: User, letter: DeadLetterRow) -> None:
    reason, more = describe_failure(letter.alarm)
    when = format_moment(letter.failed_at) if letter.failed_at else "at an unknown time"
    details = [f"Gave up {when}", _count(letter.attempts, "try", "tries"), more]
    with _row(f"letter-{letter.job_id}"):
        st.html(
            f"<p>{describe_job(letter)}</p><p>{plain(reason)}</p>"
            f"<p>{quiet(' · '.join(part for part in details if part))}</p>"
        )
        action_button(
            "Try again",
            partial(_replay, services, user, letter.job_id),
            key=f"admin-letter-again-{letter.job_id}",
            view="dead-letters",
            waiting="Giving it back to the queue …",
        )


def _replay(services: Services, user: User, job_id: int) -> tuple[str, Tone]:
    if replay_dead_letter(services, user, job_id):
        return "It runs again now, with all its tries. If it fails once more, it comes back here.", "good"
    return "This job is no dead letter any more: somebody has tried it again already.", ""


def checks(services: Services, user: User) -> None:
    """What must hold in the books, and what called a person."""
    show_result("checks")
    at, findings = _findings(services, user)
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.html(f'<p class="chart-note">{escape(_totals(at, findings))}</p>')
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        action_button(
            "Run now",
            partial(_check, services, user),
            key="admin-checks-run",
            view="checks",
            waiting="Reading the books …",
            icon=":material/rule:",
        )
    wrong = [finding for finding in findings if finding.state in {State.VIOLATED, State.TOO_SLOW}]
    if wrong:
        st.html(_table_of(wrong))
    st.html(
        f'<details class="admin-all"><summary>Show all {len(findings)} checks</summary>{_table_of(findings)}</details>'
    )
    _alarms(services, user)


def _findings(services: Services, user: User) -> tuple[datetime, list[Finding]]:
    known: tuple[datetime, list[Finding]] | None = st.session_state.get(FINDINGS)
    now = datetime.now(UTC)
    if known is None or now - known[0] > _FRESH:
        with st.spinner("Reading the books …"):
            known = (now, _shown(reports.findings(services, user)))
        st.session_state[FINDINGS] = known
    return known


def _shown(findings: list[Finding]) -> list[Finding]:
    """Without those of what is not built: there is nothing that could break them."""
    return [finding for finding in findings if finding.state is not State.NOT_BUILT]


def _check(services: Services, user: User) -> tuple[str, Tone]:
    findings = _shown(desk.check_books(services, user))
    st.session_state[FINDINGS] = (datetime.now(UTC), findings)
    violated = sum(finding.state is State.VIOLATED for finding in findings)
    if violated:
        return f"{_count(violated, 'check is', 'checks are')} violated; the alarms are below.", "bad"
    return "All checks were run. Nothing is violated.", "good"


def _totals(at: datetime, findings: list[Finding]) -> str:
    counts = {state: sum(finding.state is state for finding in findings) for state in State}
    words = [f"{counts[State.OK]} hold", f"{counts[State.VIOLATED]} violated"]
    words += [f"{counts[State.TOO_SLOW]} too slow to say"] if counts[State.TOO_SLOW] else []
    return f"{' · '.join(words)}. As of {format_clock(at)}; checked by itself every five minutes."


def _table_of(findings: list[Finding]) -> str:
    return table(findings, [
        Column("Check", lambda finding: code(finding.id)),
        Column("What must hold", lambda finding: plain(finding.sentence)),
        Column("Result", _result),
    ], is_wide=True)  # fmt: skip


def _result(finding: Finding) -> str:
    name, tone = _RESULTS[finding.state]
    if finding.state is not State.VIOLATED:
        return badge(name, tone)
    times = "once" if finding.count == 1 else f"{finding.count} times"
    rest = finding.count - len(finding.first)
    ids = "<br>".join(_offender(id_) for id_ in finding.first)
    return f"{badge(f'{name} {times}', tone)}<br>{ids}" + (f"<br>{quiet(f'and {rest} more')}" if rest else "")


def _offender(offender: str) -> str:
    return order_link("checks", offender) if ORDER_ID_PATTERN.fullmatch(offender) else code(offender)


def _alarms(services: Services, user: User) -> None:
    left, right = st.columns([3, 1], vertical_alignment="center")
    left.subheader("Alarms", anchor=False)
    with right, st.container(horizontal=True, horizontal_alignment="right"):
        with_resolved = st.toggle("Show resolved", key="admin-alarms-resolved")
    found = reports.alarms(services, user, with_resolved=with_resolved)
    if found.open:
        with st.container(key="rows-admin-alarms"):
            for alarm in found.open:
                _alarm(services, user, alarm)
        if found.has_more:
            st.caption("Older ones follow when these are resolved.")
    else:
        empty_state("No open alarms", "What a person has to look at appears here, and in a mail.")
    if found.resolved:
        st.html(table(found.resolved, [
            Column("Resolved (IST)", lambda alarm: moment(alarm.resolved_at)),
            Column("By", lambda alarm: plain(alarm.resolved_by) if alarm.resolved_by else quiet("by itself")),
            Column("Alarm", lambda alarm: f"{plain(alarm.message)}<br>{quiet(alarm.key)}"),
            Column("Raised (IST)", lambda alarm: moment(alarm.created_at)),
        ]))  # fmt: skip
    elif with_resolved:
        st.html('<p class="quiet">No alarm has been resolved yet.</p>')


def _alarm(services: Services, user: User, alarm: AlarmRow) -> None:
    with _row(f"alarm-{alarm.id}"):
        st.html(
            f"<p>{with_order_links('checks', alarm.message)}</p>"
            f"<p>{' · '.join([quiet(format_moment(alarm.created_at)), *_leads_to(alarm)])}</p>"
        )
        action_button(
            "Resolve",
            partial(_resolve, services, user, alarm.id),
            key=f"admin-alarm-resolve-{alarm.id}",
            view="checks",
            waiting="Closing the alarm …",
        )


def _leads_to(alarm: AlarmRow) -> list[str]:
    """Where something can be done about an alarm, else its key. Nothing where its sentence leads there already."""
    about, _, rest = alarm.key.partition(":")
    order_id = rest.partition(":")[0]
    if about == "order" and ORDER_ID_PATTERN.fullmatch(order_id):
        return [] if order_id in alarm.message else [order_link("checks", order_id)]
    return [link("dead-letters", "Dead letters") if about == "job" else quiet(alarm.key)]


def _resolve(services: Services, user: User, alarm_id: int) -> tuple[str, Tone]:
    if desk.resolve_alarm(services, user, alarm_id):
        return (
            "The alarm is resolved in your name. What the checks still find after a day is raised again.",
            "good",
        )
    return "This alarm was resolved already.", ""


def _row(name: str) -> st.delta_generator.DeltaGenerator:
    return st.container(
        key=f"row-admin-{name}",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    )


def _count(number: int, one: str, many: str | None = None) -> str:
    return f"{number} {one if number == 1 else many or one + 's'}"
