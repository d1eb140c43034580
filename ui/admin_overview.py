"""The first view of the admin panel: how the business stands now. Every figure comes from the database."""

from __future__ import annotations

from html import escape

import altair as alt
import pandas as pd
import streamlit as st

from domain.accounts import User
from domain.money import format_rupees, group_indian
from domain.wording import format_clock, format_date, format_moment
from reports import overview as reports
from reports.rows import AlarmRow, DayRevenue, Overview
from ui import admin_lists, second_factor_settings
from ui.admin_table import link, with_order_links
from ui.components import empty_state, tiles
from wiring import Services

_NEWEST = 5
# More would push the figures off the screen; the rest unfolds.
_ALARMS_AT_ONCE = 3
# Lakhs from a hundred thousand on; below that both ways of grouping digits are the same.
_RUPEE_AXIS = (
    "abs(datum.value) >= 100000"
    " ? '₹' + format(datum.value / 100000, '.3~r') + ' L'"
    " : '₹' + format(datum.value, ',')"
)


def render(services: Services, user: User) -> None:
    """Figures of today and this month, open alarms, 30 days of revenue, and the newest payments."""
    report = reports.overview(services, user)
    _alarms(report)
    if hint := second_factor_settings.hint(services, user):
        st.html(hint)
    st.html(tiles(_figures(report)))
    as_of = f"As of {format_clock(report.at)}. Revenue is money captured, less refunds."
    st.html(f'<p class="chart-note">{escape(as_of)}</p>')
    st.subheader("Revenue of the last 30 days", anchor=False)
    _chart(report.days)
    st.subheader("Newest payments", anchor=False)
    newest = reports.recent_payments(services, user, limit=_NEWEST).rows
    if newest:
        st.html(admin_lists.payments(newest))
    else:
        empty_state(
            "No payments yet", "The first attempt to pay appears here as soon as the gateway reports it."
        )


def _alarms(report: Overview) -> None:
    if not report.alarms:
        return
    count = report.open_alarms
    word = "1 open alarm" if count == 1 else f"{group_indian(count)} open alarms"
    lines = _alarm_lines(report.alarms[:_ALARMS_AT_ONCE])
    rest = report.alarms[_ALARMS_AT_ONCE:]
    if rest:
        lines += f"<details><summary>Show {len(rest)} more</summary>{_alarm_lines(rest)}</details>"
    lines += f'<p class="small" style="margin:.4rem 0 0">{link("checks", "Look at them")}</p>'
    st.html(f'<div class="notice bad admin-alarms" role="alert"><strong>{escape(word)}</strong>{lines}</div>')


def _alarm_lines(alarms: tuple[AlarmRow, ...]) -> str:
    lines = [
        f"<li>{with_order_links('checks', alarm.message)} "
        f'<span class="quiet small">{escape(format_moment(alarm.created_at))}</span></li>'
        for alarm in alarms
    ]
    return f"<ul>{''.join(lines)}</ul>"


def _figures(report: Overview) -> list[tuple[str, str, str]]:
    plans = " · ".join(f"{plan.plan_name} {group_indian(plan.subscribers)}" for plan in report.by_plan)
    return [
        ("Active subscribers", group_indian(report.active), plans),
        ("Revenue today", format_rupees(report.revenue_today_paise), format_date(report.at)),
        ("Revenue this month", format_rupees(report.revenue_month_paise), "since the 1st"),
        ("Revenue in all", format_rupees(report.revenue_total_paise), "since the first order"),
        (
            "New accounts today",
            group_indian(report.registered_today),
            f"{group_indian(report.registered_this_month)} this month",
        ),
        (
            "Pending accounts",
            group_indian(report.pending),
            f"of {group_indian(report.accounts)}, never had access",
        ),
        ("Failed payments today", group_indian(report.payments_failed_today), "by bank or gateway"),
        ("Open alarms", group_indian(report.open_alarms), "for a person" if report.alarms else "all quiet"),
    ]


def _chart(days: tuple[DayRevenue, ...]) -> None:
    if not any(day.captured_paise or day.refunded_paise for day in days):
        empty_state("No revenue in the last 30 days", "A bar appears for each day on which money moved.")
        return
    frame = pd.DataFrame({
        "day": [day.day.isoformat() for day in days],
        "label": [format_date(day.day) for day in days],
        "rupees": [day.revenue_paise / 100 for day in days],
        "revenue": [format_rupees(day.revenue_paise) for day in days],
        "captured": [format_rupees(day.captured_paise) for day in days],
        "refunded": [format_rupees(day.refunded_paise) for day in days],
    })  # fmt: skip
    bars = (
        alt.Chart(frame)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X(
                "day:O",
                title=None,
                axis=alt.Axis(
                    labelExpr="timeFormat(toDate(datum.value), '%-d %b')",
                    labelAngle=0,
                    labelOverlap="greedy",
                    ticks=False,
                    labelSeparation=12,
                ),
            ),
            y=alt.Y("rupees:Q", title=None, axis=alt.Axis(labelExpr=_RUPEE_AXIS, tickCount=4)),
            tooltip=[
                alt.Tooltip("label:N", title="Day"),
                alt.Tooltip("revenue:N", title="Revenue"),
                alt.Tooltip("captured:N", title="Captured"),
                alt.Tooltip("refunded:N", title="Refunded"),
            ],
        )
        .properties(height=240)
        .configure(background="transparent")
    )
    with st.container(key="card-admin-revenue"):
        st.altair_chart(bars, width="stretch", key="admin-revenue-chart")
