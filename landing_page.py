"""The one entry: frames the pages, chooses them by role, and exposes `app` for an ASGI server.

`streamlit run landing_page.py` and `uvicorn landing_page:app` serve the same application in one process. This
file is imported once and run again as `__main__` on every rerun, so it holds no class and no state.
"""

from __future__ import annotations

import asyncio
import gc
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from html import escape

import streamlit as st
import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.middleware import Middleware
from streamlit.navigation.page import StreamlitPage

import admin_panel
import payment_handler
from config import ROOT, ConfigError
from domain.accounts import User
from domain.errors import NotSignedIn, OrderNotFound, ProductError
from domain.identifiers import ORDER_ID_PATTERN
from domain.views import VIEWS
from jobs.worker import working
from operations.logs import configure_logs
from operations.simulator_process import start_simulator, stop_simulator
from operations.start_up import ensure_admin, refuse_weak_server, seconds_since_start, tell_warnings
from ui import (
    account,
    billing,
    check_again,
    checkout,
    forgot,
    landing,
    legal,
    login,
    pages,
    register,
    reset,
    return_page,
    second_factor,
    session,
    theme,
    verify,
)
from ui.components import footer, notice
from ui.pages import Bar, Page
from ui.sectors import (
    alerts,
    breadth,
    evidence,
    method,
    ranks,
    returns,
    rotation_map,
    sector,
    today,
    watch_list,
)
from web.middleware import SecurityHeaders
from web.routes import build_routes
from web.unknown_pages import UnknownPages
from wiring import Services, close_services, get_services

log = structlog.get_logger()

_PRODUCT = "Sector ETF RS Analyzer"
# For somebody who comes from paying: the gateway repeats its message and we ask it until we know.
_IF_PAID = "If you have paid, it is safe: access opens by itself when we are back. Please do not pay twice."

# Legal texts, and what a link of a mail opens by itself. Everything else waits for the second factor.
_OPEN_TO_HALF_SESSIONS = frozenset({"contact", "refunds", "terms", "privacy", "forgot", "reset", "verify"})

# Reached by the strip of the dashboard, which stands in the bar above.
_VIEWS = {
    "rotation-map": rotation_map.render,
    "ranks": ranks.render,
    "returns": returns.render,
    "sector": sector.render,
    "breadth": breadth.render,
    "evidence": evidence.render,
    "watchlist": watch_list.render,
    "alerts": alerts.render,
    "method": method.render,
}


def main() -> None:
    """One run of the script: who is looking, which pages exist for them, and the page they asked for."""
    st.set_page_config(page_icon=str(theme.ICON), layout="wide")
    theme.apply()
    chosen = None
    try:
        services = get_services()
        user = session.current_user(services)
        half = session.half_session(services) if user is None else None
        chosen = _navigation(services, user, is_half=half is not None)
        st.set_page_config(page_title=_tab_title(chosen))
        _account_bar(half.user if half else user)
        if half and chosen.url_path not in _OPEN_TO_HALF_SESSIONS:
            second_factor.render(services, half, _path_after(chosen))
        else:
            chosen.run()
    except ConfigError as exc:
        notice("This site is not configured yet. Its operator finds the reasons in the log.", "bad")
        log.error("configuration_refused", problems=str(exc))
    except SQLAlchemyError as exc:
        _apologise("Our database does not answer right now.", exc)
    except ProductError as exc:
        notice(exc.user_message, "bad")
    except Exception as exc:  # the outermost edge of a page: everything unforeseen ends here
        _apologise("Something went wrong on our side.", exc)
    finally:
        if chosen is None:
            st.set_page_config(page_title=_PRODUCT)


def home(services: Services, user: User | None) -> None:
    """The page "/": a return from the gateway, the unpaid order, or the landing page.

    An order whose payment is still with the bank or with a person is shown as a return, never as unpaid.
    """
    returned, order_id, _payment_id, _token = check_cashfree_redirect_callback()
    if returned:
        _show_return(services, user, order_id)
        return
    order = None if user is None else payment_handler.current_checkout(services, user)
    session.refill_guide_keys(user, order)
    if user is None or order is None:
        landing.render(services, user)
    elif return_page.is_undecided(services, user, order):
        # The address names the order from now on, so that the answer is shown here when it comes.
        st.query_params["order_id"] = order.id
        _show_return(services, user, order.id)
    else:
        render_cashfree_checkout()


def create_cashfree_payment_session(username: str, email: str, plan: str) -> bool:
    """Open (or reuse) the order for `plan` and put its facts into the guide's session keys.

    `username` and `email` must be those of the signed-in user: they never select an account.
    Shows a sentence and returns False when the gateway cannot open the order.
    """
    services = get_services()
    user = session.current_user(services)
    if user is None or (user.username, user.email) != (username.strip().casefold(), email.strip().lower()):
        raise NotSignedIn()
    try:
        order = payment_handler.start_checkout(services, user, plan)
    except ProductError as exc:
        notice(exc.user_message, "bad")
        return False
    session.refill_guide_keys(user, order)
    return True


def render_cashfree_checkout() -> None:
    """Show the signed-in user's unpaid order with "Complete Payment" and "Skip Payment".

    The JavaScript SDK runs in a document of its own, /checkout/{order_id}: scripts in page text never run.
    """
    services = get_services()
    user = session.current_user(services)
    order = None if user is None else payment_handler.current_checkout(services, user)
    if user is None or order is None:
        raise NotSignedIn()
    checkout.render_summary(services, user, order, payment_handler.list_plans(services))


def check_cashfree_redirect_callback() -> tuple[bool, str | None, str | None, str | None]:
    """Read a return from Cashfree: (detected, order id, payment id, token). It is a hint and proves nothing."""
    order_id = _query("order_id", "orderid")
    payment_id = _query("cf_payment_id", "cfpaymentid")
    token = _query("order_token", "ordertoken")
    return bool(order_id or payment_id), order_id, payment_id, token


def _show_return(services: Services, user: User | None, order_id: str | None) -> None:
    is_readable = order_id is not None and ORDER_ID_PATTERN.fullmatch(order_id) is not None
    if user is None:
        following = login.address_for_return(order_id) if order_id is not None and is_readable else None
        with st.container(key="narrow-return"):
            notice("Log in to see your payment. If you have paid, your access opens by itself.")
            st.page_link(pages.page("login"), label="Log in", query_params=following)
        footer(services.settings)
        return
    try:
        if order_id is None or not is_readable:
            raise OrderNotFound()
        order, said = check_again.look_for_return(services, user, order_id)
    except OrderNotFound as exc:
        with st.container(key="narrow-return"):
            notice(exc.user_message, "warn")
            st.page_link(pages.page("billing"), label="Go to billing")
        footer(services.settings)
        return
    session.refill_guide_keys(user, order)
    return_page.render_return(services, user, order, said)


def _path_after(chosen: StreamlitPage) -> str:
    """Where somebody wanted to go whose second factor is asked for first. The route lets through what it knows."""
    order_id = login.returned_order(st.query_params.get("next", "")) or _query("order_id", "orderid") or ""
    if chosen.url_path in {"", "login"} and ORDER_ID_PATTERN.fullmatch(order_id):
        return f"/?order_id={order_id}"
    return f"/{chosen.url_path}"


def _navigation(services: Services, user: User | None, *, is_half: bool) -> StreamlitPage:
    if is_half:
        shown = {Bar.EVERYBODY}
    elif user is None:
        shown = {Bar.EVERYBODY, Bar.VISITORS}
    else:
        shown = {Bar.EVERYBODY, Bar.MEMBERS} | ({Bar.ADMINS} if user.is_admin else set())
    # Every page is always registered: an address that is not yours leads to login, not to a dialog.
    registered = {
        path: st.Page(
            partial(page.render, services, user),
            title=page.title,
            url_path=path or None,
            default=path == "",
            visibility="visible" if page.bar in shown else "hidden",
        )
        for path, page in _pages().items()
    }
    pages.register(registered)
    return st.navigation(list(registered.values()), position="top")


def _pages() -> dict[str, Page]:
    """Every page by its address. The pages of a run are made of it, and what it lacks is answered 404."""
    return {
        "": Page("Home", home, Bar.EVERYBODY),
        "dashboard": Page("Dashboard", today.render, Bar.MEMBERS),
        **{path: Page(VIEWS[path], render) for path, render in _VIEWS.items()},
        "billing": Page("Billing", billing.render, Bar.MEMBERS),
        "account": Page("Account", account.render, Bar.MEMBERS),
        "admin": Page("Admin", admin_panel.render, Bar.ADMINS),
        "login": Page("Log in", login.render, Bar.VISITORS),
        "register": Page("Create account", register.render, Bar.VISITORS),
        "forgot": Page("Forgot your password", forgot.render),
        "reset": Page("Choose a new password", reset.render),
        "verify": Page("Confirm your address", verify.render),
        "contact": Page("Contact", legal.render_contact),
        "refunds": Page("Refunds", legal.render_refunds),
        "terms": Page("Terms", legal.render_terms),
        "privacy": Page("Privacy", legal.render_privacy),
    }


def _tab_title(chosen: StreamlitPage) -> str:
    """What tells the page apart among a browser's tabs and in its history."""
    return f"{chosen.title} · {_PRODUCT}" if chosen.url_path else _PRODUCT


def _account_bar(user: User | None) -> None:
    if user is None:
        return
    with st.container(key="account-bar"):
        st.html(
            '<form action="/auth/sign-out" method="post">'
            f'<a class="who" href="/account">{escape(user.username)}</a><button type="submit">Log out</button></form>'
        )


def _query(*names: str) -> str | None:
    for name in names:
        value = st.query_params.get(name)
        if value:
            return str(value)[:100]
    return None


def _apologise(sentence: str, error: Exception) -> None:
    reference = uuid.uuid4().hex[:8]
    log.error("page_failed", reference=reference, error=type(error).__name__, exc_info=error)
    returned = check_cashfree_redirect_callback()[0]
    money = _IF_PAID if returned else "Nothing was charged by this step."
    notice(
        f"{sentence} {money} Please try again; if it stays, tell support the reference {reference}.", "bad"
    )


@asynccontextmanager
async def lifespan(_asgi: object) -> AsyncIterator[None]:
    """Start the database, the simulator where it is used, and the worker; end them in the opposite order."""
    simulator = None
    try:
        services = await asyncio.to_thread(get_services)
        configure_logs(ROOT)
        refuse_weak_server(services.settings)
        tell_warnings(services.settings)
        await asyncio.to_thread(ensure_admin, services)
        if services.settings.needs_simulator:
            simulator = await asyncio.to_thread(start_simulator, services.settings)
        # What is loaded now lives as long as the process: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        async with working(services):
            log.info("started", address=services.settings.app_base_url, seconds=seconds_since_start())
            yield
    finally:
        await asyncio.to_thread(stop_simulator, simulator)
        await asyncio.to_thread(close_services)


if __name__ == "__main__" and st.runtime.exists():
    main()
else:
    app = st.App(
        __file__,
        routes=build_routes(),
        middleware=[
            Middleware(SecurityHeaders),
            Middleware(UnknownPages, pages=frozenset(_pages()), product=_PRODUCT),
        ],
        lifespan=lifespan,
    )
