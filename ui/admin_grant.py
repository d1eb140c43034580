"""Give access by hand and end it again: days and a reason first, then what it means, then one click.

The offer that was shown is kept with the form: if the access of the account has changed since, a click gives nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from html import escape
from uuid import UUID

import streamlit as st

import payment_handler
from billing import grants
from billing.grants import LONGEST_DAYS, REASON_CHARACTERS, Offer
from domain.accounts import User
from domain.errors import InvalidInput, ProductError
from domain.plans import MONTHLY
from domain.wording import format_moment
from reports.rows import PeriodRow, UserReport
from ui.admin_actions import run
from ui.admin_table import quiet
from ui.components import Tone, notice
from ui.mail_words import tell_coming, tell_sent
from wiring import Services

_DRAFT = "admin-grant-draft"
_ENDING = "admin-grant-ending"
_USUAL_DAYS = "30"
_DAYS = re.compile(r"\d{1,3}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Draft:
    """Access for one account. `is_checked`: days, plan and reason are good, the last click is missing.

    `seen_until` is where the access of the account ended when the admin was shown what will happen.
    """

    user_id: UUID
    plan_id: str
    days: str = _USUAL_DAYS
    reason: str = ""
    is_checked: bool = False
    seen_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ending:
    """Given access that is to end. `is_checked`: the reason is good, the last click is missing."""

    grant_id: int
    reason: str = ""
    is_checked: bool = False


def give_access(services: Services, user: User, report: UserReport, *, view: str) -> None:
    """The form, or the question that follows it; for an account to which nothing can be given, why."""
    if report.user.deleted_at is not None:
        return
    with st.container(key="card-admin-grant"):
        st.html('<div class="plan-head"><span>Give access</span></div>')
        if report.user.id == user.id:
            _say(
                "This is your own account. Nobody gives access to themselves: another admin can give it to you."
            )
        elif report.user.account_status == "disabled":
            _say("This account is disabled: nobody can log in to it, so no access can be given.")
        else:
            _form_or_question(services, user, report, view=view)


def end_access(services: Services, user: User, report: UserReport, *, view: str) -> None:
    """Each stretch of given access that has not ended, with the way to end it. Nothing without one."""
    if not report.given:
        return
    ending: Ending | None = st.session_state.get(_ENDING)
    with st.container(key="rows-admin-grants"):
        for period in report.given:
            is_asked = ending is not None and ending.grant_id == period.grant_id
            _row(period, report, is_asked=is_asked)
            if ending is None or not is_asked:
                continue
            with st.container(key=f"row-admin-grant-end-{period.grant_id}"):
                if ending.is_checked:
                    _ask_to_end(services, user, report, period, ending, view=view)
                else:
                    _end_form(ending)


def read_days(text: str) -> int:
    """The days that were typed. Raises ValueError with the sentence to show."""
    days = int(text.strip()) if _DAYS.fullmatch(text.strip()) else 0
    if not 1 <= days <= LONGEST_DAYS:
        raise ValueError(f"Write whole days, from 1 to {LONGEST_DAYS}.")
    return days


def describe_offer(services: Services, offer: Offer) -> str:
    """Who gets access, from when to when, and who is told."""
    begins = format_moment(offer.period.starts_at)
    beginning = "from now" if offer.begins_now else f"from {begins}, where the present access ends,"
    length = offer.period.ends_at - offer.period.starts_at
    return (
        f"{offer.user.full_name} gets access for {_in_days(length.days)}, {beginning} until "
        f"{format_moment(offer.period.ends_at)}. Nothing is charged. {tell_coming(services, offer.user.email)}"
    )


def describe_end(services: Services, report: UserReport, ending: PeriodRow) -> str:
    """What ending given access means, and who is told."""
    until = format_moment(ending.ends_at)
    has_begun = ending.starts_at <= report.at
    begins = format_moment(ending.starts_at)
    happens = f"ends now, before {until}" if has_begun else f"is withdrawn before it begins on {begins}"
    left = report.access_without(ending)
    after = (
        f"Other access stays as long as it was, and then runs until {format_moment(left)}."
        if left is not None
        else "There is no other access: the product closes at once."
    )
    # Who cannot use the account any more is sent nothing.
    is_open = report.user.account_status != "disabled" and report.user.deleted_at is None
    told = f" {tell_coming(services, report.user.email)}" if is_open else ""
    return f"The access given to {report.user.full_name} {happens}. {after}{told}"


def _form_or_question(services: Services, user: User, report: UserReport, *, view: str) -> None:
    plans = {plan.id: plan.name for plan in payment_handler.list_plans(services)}
    draft: Draft | None = st.session_state.get(_DRAFT)
    if draft is None or draft.user_id != report.user.id:
        draft = Draft(report.user.id, _usual_plan(report, plans))
    if draft.is_checked and draft.seen_until != report.user.access_until:
        notice(
            "The access of this account has changed since. Please look at it, and press Continue again.",
            "warn",
        )
        draft = replace(draft, is_checked=False)
        st.session_state[_DRAFT] = draft
    # What was given makes the form a new one, with empty fields.
    key = f"admin-grant-{report.user.id}-{len(report.periods)}"
    if draft.is_checked:
        _ask(services, user, draft, key=key, view=view)
    else:
        _form(services, user, report, draft, plans, key=key)


def _usual_plan(report: UserReport, plans: dict[str, str]) -> str:
    """The plan of the newest period, if it is on sale, else the monthly one."""
    newest = report.periods[0].plan_id if report.periods else MONTHLY
    return newest if newest in plans else next(iter(plans))


def _form(
    services: Services, user: User, report: UserReport, draft: Draft, plans: dict[str, str], *, key: str
) -> None:
    with st.form(key, border=False):
        left, middle, right = st.columns([0.6, 1, 2.4], gap="small")
        days = left.text_input("Days", value=draft.days, key=f"{key}-days", max_chars=20)
        plan_id = middle.selectbox(
            "Plan",
            list(plans),
            index=list(plans).index(draft.plan_id) if draft.plan_id in plans else 0,
            format_func=plans.__getitem__,
            key=f"{key}-plan",
        )
        reason = right.text_input(
            "Reason", value=draft.reason, key=f"{key}-reason", max_chars=REASON_CHARACTERS,
            placeholder="Kept in the audit log",
        )  # fmt: skip
        trouble = st.empty()
        _say(_rule(report))
        sent = st.form_submit_button("Continue", key=f"{key}-continue")
    if not sent:
        return
    try:
        said = grants.check_reason(reason or "")
        offer = grants.offer_access(
            services, user, user_id=draft.user_id, plan_id=plan_id, days=read_days(days or "")
        )
    except InvalidInput as exc:
        _refuse(trouble, " ".join(exc.fields.values()))
    except ProductError as exc:
        _refuse(trouble, exc.user_message)
    except ValueError as exc:
        _refuse(trouble, str(exc))
    else:
        st.session_state[_DRAFT] = Draft(draft.user_id, plan_id, days.strip(), said, True, offer.access_until)
        st.rerun()


def _rule(report: UserReport) -> str:
    until = report.user.access_until
    begins = (
        f"It begins where the present access ends, on {format_moment(until)}."
        if until is not None and until > report.at
        else "It begins at once."
    )
    return f"From 1 to {LONGEST_DAYS} days. {begins} The person can read the reason in their data export."


def _ask(services: Services, user: User, draft: Draft, *, key: str, view: str) -> None:
    give = partial(
        grants.give_access,
        services,
        user,
        user_id=draft.user_id,
        plan_id=draft.plan_id,
        days=int(draft.days),
        reason=draft.reason,
        seen_until=draft.seen_until,
    )
    try:
        offer = grants.offer_access(
            services, user, user_id=draft.user_id, plan_id=draft.plan_id, days=int(draft.days)
        )
    except ProductError as exc:
        st.session_state[_DRAFT] = replace(draft, is_checked=False)
        notice(exc.user_message, "bad")
        return
    st.html(f'<div class="notice" role="status">{escape(describe_offer(services, offer))}</div>')
    _say(f"{offer.plan.name} plan. Reason: {draft.reason}")

    def use_case() -> tuple[str, Tone]:
        try:
            period = give()
        except ProductError:
            st.session_state[_DRAFT] = replace(draft, is_checked=False)
            raise
        st.session_state.pop(_DRAFT, None)
        return (
            f"Access is given until {format_moment(period.ends_at)}. "
            f"{tell_sent(services, 'A mail', offer.user.email)}",
            "good",
        )

    with st.container(key="admin-grant-ask", horizontal=True, gap="small"):
        if st.button("Give access", key=f"{key}-go", type="primary"):
            run(use_case, view=view, waiting="Giving access …")
        if st.button("Change", key=f"{key}-back"):
            st.session_state[_DRAFT] = replace(draft, is_checked=False)
            st.rerun()


def _row(period: PeriodRow, report: UserReport, *, is_asked: bool) -> None:
    begins = "" if period.starts_at <= report.at else f" from {format_moment(period.starts_at)}"
    with st.container(
        key=f"row-admin-grant-{period.grant_id}",
        horizontal=True,
        vertical_alignment="center",
        horizontal_alignment="distribute",
    ):
        words = f"Given{begins} until {format_moment(period.ends_at)}"
        st.html(
            f"<p><strong>{escape(words)}</strong></p>"
            f"<p>{quiet(f'By {period.granted_by}: {period.grant_reason}')}</p>"
        )
        if not is_asked and st.button("End it", key=f"admin-grant-end-{period.grant_id}"):
            st.session_state[_ENDING] = Ending(period.grant_id or 0)
            st.rerun()


def _end_form(ending: Ending) -> None:
    key = f"admin-grant-end-{ending.grant_id}"
    with st.form(f"{key}-form", border=False):
        reason = st.text_input(
            "Why it ends", value=ending.reason, key=f"{key}-reason", max_chars=REASON_CHARACTERS,
            placeholder="Kept in the audit log",
        )  # fmt: skip
        trouble = st.empty()
        with st.container(horizontal=True, gap="small"):
            sent = st.form_submit_button("Continue", key=f"{key}-continue")
            kept = st.form_submit_button("Keep it", key=f"{key}-keep")
    if kept:
        st.session_state.pop(_ENDING, None)
        st.rerun()
    if not sent:
        return
    try:
        said = grants.check_reason(reason or "")
    except InvalidInput as exc:
        _refuse(trouble, " ".join(exc.fields.values()))
        return
    st.session_state[_ENDING] = replace(ending, reason=said, is_checked=True)
    st.rerun()


def _ask_to_end(
    services: Services, user: User, report: UserReport, period: PeriodRow, ending: Ending, *, view: str
) -> None:
    key = f"admin-grant-end-{ending.grant_id}"
    st.html(f'<div class="notice warn" role="status">{escape(describe_end(services, report, period))}</div>')
    _say(f"Reason: {ending.reason}")

    def use_case() -> tuple[str, Tone]:
        has_ended = grants.end_access(services, user, grant_id=ending.grant_id, reason=ending.reason)
        st.session_state.pop(_ENDING, None)
        if has_ended:
            return "The access that was given has ended.", "good"
        return "This access was over already.", ""

    with st.container(key="admin-grant-end-ask", horizontal=True, gap="small"):
        if st.button("End access", key=f"{key}-go", type="primary"):
            run(use_case, view=view, waiting="Ending access …")
        if st.button("Change", key=f"{key}-back"):
            st.session_state[_ENDING] = replace(ending, is_checked=False)
            st.rerun()


def _in_days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


def _say(sentence: str) -> None:
    st.html(f'<p class="small quiet" style="margin:0"><bdi>{escape(sentence)}</bdi></p>')


def _refuse(place: st.delta_generator.DeltaGenerator, sentence: str) -> None:
    place.html(f'<p class="field-error" role="alert">{escape(sentence)}</p>')
