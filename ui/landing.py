"""The public first page: what the product shows, what it costs, how paying works, and the registration form.

It promises only what a subscriber finds behind the paywall today.
"""

from __future__ import annotations

from html import escape

import streamlit as st

import payment_handler
import user_management
from billing.returns import find_returned_access
from config import Settings
from domain.accounts import User
from domain.gateway_names import gateway_names
from domain.money import format_rupees
from domain.plans import ANNUAL, Plan, annual_saving_paise
from domain.subscriptions import SubscriptionStatus
from domain.wording import format_date
from sectors.ranking import Ranking
from ui import register
from ui.activation import describe_returned_access
from ui.components import badge, contact_cards, demo_note, footer, load_text, section_head, ticks
from ui.pages import page
from ui.picture import demo_ranking, render_picture
from wiring import Services

INCLUDED = (
    "Ranking of 31 NSE sectors and themes against NIFTY 50 or 500",
    "Rotation Map with tails, played week by week through the years",
    "Ranks by week, returns, breadth, and each sector from near",
    "Evidence: what following the ranking would have made",
    "Watch-list, alerts and a weekly report by e-mail",
)


def render(services: Services, user: User | None) -> None:
    """The page / for visitors, and for subscribers who have nothing left to pay."""
    ranking = demo_ranking()
    plans = payment_handler.list_plans(services)
    _hero(services, user, ranking)
    _what_you_see(ranking)
    _method()
    _plans(services, plans, user)
    _how_paying_works(services.settings)
    _questions(services.settings)
    _contact(services.settings)
    footer(services.settings)


def _hero(services: Services, user: User | None, ranking: Ranking) -> None:
    with st.container(key="hero"):
        left, right = st.columns([1.1, 0.9], gap="large")
        with left:
            st.html("<p class='eyebrow'>D's Sector ETF RS Analyzer</p>")
            st.title("See which sectors lead the NIFTY 50, and which fall behind", anchor=False)
            st.html(
                f'<p class="lead">{len(ranking.ranked)} NSE sectors and themes in one ranking by 55-session relative '
                "strength, with the ETF that tracks each where one exists. Five minutes instead of thirty charts.</p>"
            )
            if user is None:
                st.html('<a class="jump" href="#create-account">Create your account</a>')
            render_picture(ranking)
        with right:
            with st.container(key="card-raised-hero"):
                if user is None:
                    st.html('<span id="create-account"></span>')
                    st.subheader("Create your account", anchor=False)
                    register.render_form(services)
                else:
                    _welcome(services, user)
            if user is None:
                register.login_line()


def _welcome(services: Services, user: User) -> None:
    access = user_management.entitlement(services, user)
    st.subheader("Welcome back", anchor=False)
    st.text(user.full_name)
    if access.is_active:
        st.html(ticks(INCLUDED))
        if st.button("Go to Dashboard", key="hero-dashboard", type="primary", width="stretch"):
            st.switch_page(page("dashboard"))
        if st.button("Billing", key="hero-billing", width="stretch"):
            st.switch_page(page("billing"))
        return
    words, label = _way_in(services, user, access)
    st.html(f"<p class='quiet' style='margin:0'>{escape(words)}</p>")
    if st.button(label, key="hero-pay", type="primary", width="stretch"):
        st.switch_page(page("admin" if user.is_admin else "billing"))


def _way_in(services: Services, user: User, access: user_management.Entitlement) -> tuple[str, str]:
    """What somebody without access is told, and the words on the button below it."""
    if user.is_admin:
        return "You run this site. The dashboard itself opens with a plan, as for everybody.", "Go to Admin"
    if (returned := find_returned_access(services, user)) is not None:
        return describe_returned_access(returned), "Choose a plan"
    if access.status is SubscriptionStatus.EXPIRED and access.access_until is not None:
        return f"Your access ended on {format_date(access.access_until)}.", "Choose a plan"
    return "Your account is ready. The dashboard opens when you have paid.", "Finish your payment"


def _what_you_see(ranking: Ranking) -> None:
    section_head(
        "What you see after the close", "Six questions about sector rotation, each with a page of its own."
    )
    count = len(ranking.ranked)
    cards = (
        (
            "Who leads?",
            f"{count} sectors and themes in one order, strongest first, with the ETF that tracks each, if any.",
        ),
        (
            "Where has it been going?",
            "The Rotation Map: trend against momentum, with tails, week by week over the years.",
        ),
        ("Since when?", "Ratings and places of every week, and the relative-strength line of any sector."),
        (
            "How broad is it?",
            "Shares above their averages and ahead of the index, and how far the sectors are apart.",
        ),
        (
            "Does it tell anything?",
            "What following each signal would have made, with costs, against chance. The answer is sober.",
        ),
        (
            "Do I have to look?",
            "No: a report comes by e-mail each week, and an alert when your sectors move.",
        ),
    )
    st.html(
        '<div class="cards">'
        + "".join(f"<div><h3>{escape(title)}</h3><p>{escape(text)}</p></div>" for title, text in cards)
        + '</div><p class="small quiet" style="margin:1rem 0 0">Every page names its source and its last '
        "session.</p>"
    )


def _method() -> None:
    st.html('<div style="height:1.5rem"></div>')
    st.html(
        '<div class="method"><div><h3>No black box</h3><p>Relative strength compares growth with growth. '
        "Above zero, the sector beat the index over 55 sessions; below zero, it fell behind. It describes the past. "
        "It does not predict, and we do not pretend otherwise.</p></div>"
        '<div class="formula">sector 500 → 540 = 1.080<br>NIFTY 50 22,000 → 22,440 = 1.020<br>'
        '<span class="ahead">1.080 ÷ 1.020 − 1 = +5.88 %</span></div></div>'
    )


def _plans(services: Services, plans: list[Plan], user: User | None) -> None:
    section_head(
        "One product, two lengths",
        "Both plans open everything. You pay once, in advance. Nothing renews by itself.",
    )
    for column, plan in zip(st.columns(len(plans), gap="small"), plans, strict=True):
        with column:
            _plan_card(plan, plans, user)
    demo_note(services)
    _comparison(plans)


def _plan_card(plan: Plan, plans: list[Plan], user: User | None) -> None:
    is_best = plan.id == ANNUAL
    saving = badge(f"Save {format_rupees(annual_saving_paise(plans))} a year", "good") if is_best else ""
    with st.container(key=f"card-{'raised-' if is_best else ''}plan-{plan.id}", height="stretch"):
        st.html(
            f'<div class="plan-head"><span>{escape(plan.name)}</span>{saving}</div>'
            f'<div class="price"><b>{format_rupees(plan.amount_paise)}</b><span>for one '
            f"{escape(plan.period_word)}</span></div>"
        )
        st.html(ticks(INCLUDED))
        label = f"Get the {plan.name.lower()} plan"
        if st.button(
            label, key=f"plan-{plan.id}", type="primary" if is_best else "secondary", width="stretch"
        ):
            if user is None:
                st.switch_page(page("register"), query_params={"plan": plan.id})
            st.switch_page(page("billing"), query_params={"plan": plan.id})


def _comparison(plans: list[Plan]) -> None:
    def per_month(plan: Plan) -> str:
        # Rounded up to a whole rupee, so that the figure is never better than the truth.
        return format_rupees(-(-plan.amount_paise // (plan.months * 100)) * 100)

    rows = [
        ("Price", [format_rupees(plan.amount_paise) for plan in plans]),
        ("For one month that is", [per_month(plan) for plan in plans]),
        ("Access", ["1 month" if plan.months == 1 else f"{plan.months} months" for plan in plans]),
        ("Everything included", ["Yes" for _ in plans]),
        ("Renews by itself", ["No" for _ in plans]),
    ]
    head = "".join(f'<th class="num">{escape(plan.name)}</th>' for plan in plans)
    body = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f'<td class="num">{escape(cell)}</td>' for cell in cells)
        + "</tr>"
        for name, cells in rows
    )
    st.html(
        '<div class="table-box"><table class="plain figures"><thead><tr><th>Compare</th>'
        f"{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _how_paying_works(settings: Settings) -> None:
    gateways = gateway_names(settings.configured_gateways)
    section_head("How paying works")
    steps = (
        ("Create your account", "Six fields and a plan. Your account exists before any money moves."),
        (
            f"Pay at {gateways}",
            "You enter card or bank details on the payment service's page. We never see or store them.",
        ),
        (
            "Your dashboard opens",
            "Access starts as soon as the payment is confirmed, usually within seconds.",
        ),
    )
    methods = ("UPI", "Credit and debit cards", "Net banking", "Wallets")
    st.html(
        '<div class="cards">'
        + "".join(
            f'<div><span class="step">{escape(str(number))}</span><h3>{escape(title)}</h3><p>{escape(text)}</p></div>'
            for number, (title, text) in enumerate(steps, start=1)
        )
        + '</div><div class="chips">'
        + "".join(f"<span>{method}</span>" for method in methods)
        + "</div>"
    )


def _questions(settings: Settings) -> None:
    section_head("Billing questions")
    st.html(f'<div class="rs-body">{load_text("questions", settings)}</div>')


def _contact(settings: Settings) -> None:
    section_head("Talk to a person")
    st.html(contact_cards(settings))
