"""The one entry: frames the pages, chooses them by role, and exposes `app` for an ASGI server.

`streamlit run landing_page.py` and `uvicorn landing_page:app` serve the same application in one process. This
file is imported once and run again as `__main__` on every rerun, so it holds no class and no state.
"""

from __future__ import annotations

import asyncio
import gc
import re
import uuid
from collections.abc import AsyncIterator, Callable
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
from jobs.worker import working
from operations.logs import configure_logs
from operations.simulator_process import start_simulator, stop_simulator
from operations.start_up import ensure_admin, refuse_weak_server, seconds_since_start
from ui import billing, checkout, dashboard, landing, legal, login, pages, register, session, theme
from ui.components import notice
from web.middleware import SecurityHeaders
from web.routes import build_routes
from wiring import Services, close_services, get_services

log = structlog.get_logger()

_ORDER_ID = re.compile(r"ORDER[A-Z0-9]{15}")


def main() -> None:
    """One run of the script: who is looking, which pages exist for them, and the page they asked for."""
    st.set_page_config(page_title="Sector ETF RS Analyzer", page_icon=str(theme.ICON), layout="wide")
    theme.apply()
    try:
        services = get_services()
        user = session.current_user(services)
        chosen = _navigation(services, user)
        _account_bar(user)
        chosen.run()
    except ConfigError as exc:
        notice("This site is not configured yet. Its operator finds the reasons in the log.", "bad")
        log.error("configuration_refused", problems=str(exc))
    except SQLAlchemyError as exc:
        _apologise("Our database does not answer right now. Nothing was charged by this step.", exc)
    except ProductError as exc:
        notice(exc.user_message, "bad")
    except Exception as exc:  # the outermost edge of a page: everything unforeseen ends here
        _apologise("Something went wrong on our side. Nothing was charged by this step.", exc)


def home(services: Services, user: User | None) -> None:
    """The page "/": a return from the gateway, the unpaid order, or the landing page."""
    returned, order_id, _payment_id, _token = check_cashfree_redirect_callback()
    if returned:
        _show_return(services, user, order_id)
        return
    order = None if user is None else payment_handler.current_checkout(services, user)
    session.refill_guide_keys(user, order)
    if order is not None:
        render_cashfree_checkout()
    else:
        landing.render(services, user)


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
    if user is None:
        with st.container(key="narrow-return"):
            notice("Log in to see your payment. If you have paid, your access opens by itself.")
            st.page_link(pages.page("login"), label="Log in")
        return
    try:
        if order_id is None or not _ORDER_ID.fullmatch(order_id):
            raise OrderNotFound()
        order = payment_handler.confirm_return(services, user, order_id)
    except OrderNotFound as exc:
        with st.container(key="narrow-return"):
            notice(exc.user_message, "warn")
            st.page_link(pages.page("billing"), label="Go to billing")
        return
    session.refill_guide_keys(user, order)
    checkout.render_return(services, user, order)


def _navigation(services: Services, user: User | None) -> StreamlitPage:
    member, admin = user is not None, user is not None and user.is_admin

    def make(
        path: str, title: str, render: Callable[[Services, User | None], None], shown: bool
    ) -> StreamlitPage:
        # Every page is always registered: an address that is not yours leads to login, not to a dialog.
        return st.Page(
            partial(render, services, user),
            title=title,
            url_path=path or None,
            default=path == "",
            visibility="visible" if shown else "hidden",
        )

    registered = {
        "": make("", "Home", home, True),
        "dashboard": make("dashboard", "Dashboard", dashboard.render, member),
        "billing": make("billing", "Billing", billing.render, member),
        "admin": make("admin", "Admin", admin_panel.render, admin),
        "login": make("login", "Log in", login.render, not member),
        "register": make("register", "Create account", register.render, not member),
        "contact": make("contact", "Contact", legal.render_contact, False),
        "refunds": make("refunds", "Refunds", legal.render_refunds, False),
        "terms": make("terms", "Terms", legal.render_terms, False),
        "privacy": make("privacy", "Privacy", legal.render_privacy, False),
    }
    pages.register(registered)
    return st.navigation(list(registered.values()), position="top")


def _account_bar(user: User | None) -> None:
    if user is None:
        return
    with st.container(key="account-bar"):
        st.html(
            '<form action="/auth/sign-out" method="post">'
            f'<span class="who">{escape(user.username)}</span><button type="submit">Log out</button></form>'
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
    notice(f"{sentence} Please try again; if it stays, tell support the reference {reference}.", "bad")


@asynccontextmanager
async def lifespan(_asgi: object) -> AsyncIterator[None]:
    """Start the database, the simulator where it is used, and the worker; end them in the opposite order."""
    services = await asyncio.to_thread(get_services)
    configure_logs(ROOT)
    refuse_weak_server(services.settings)
    await asyncio.to_thread(ensure_admin, services)
    simulator = (
        await asyncio.to_thread(start_simulator, services.settings)
        if services.settings.uses_simulator
        else None
    )
    # What is loaded now lives as long as the process: the collector need not look at it again.
    gc.collect()
    gc.freeze()
    try:
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
        middleware=[Middleware(SecurityHeaders)],
        lifespan=lifespan,
    )
