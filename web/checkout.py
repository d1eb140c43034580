"""The checkout document: the only page whose policy admits the gateway's script, and only for the order's owner."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

import payment_handler
from accounts.sessions import session_cookie_name, user_of_session
from config import Settings
from domain.accounts import User
from domain.errors import OrderNotFound
from domain.gateway_names import gateway_name
from domain.money import format_rupees
from domain.orders import Order
from web.documents import not_found, templates
from web.response_headers import REPORTING, permissions
from wiring import Services, get_services

_CASHFREE_HOSTS = (
    "https://sdk.cashfree.com https://api.cashfree.com https://sandbox.cashfree.com "
    "https://payments.cashfree.com https://payments-test.cashfree.com"
)
# What Standard Checkout loads, frames and reports to, and the banks' pages that it posts to by way of its API.
_RAZORPAY_HOSTS = (
    "https://checkout.razorpay.com https://api.razorpay.com https://cdn.razorpay.com "
    "https://lumberjack.razorpay.com https://lumberjack-cx.razorpay.com"
)


async def checkout(request: Request) -> Response:
    """GET /checkout/{order_id}: embed the gateway's checkout, for the owner. Others get 404, like an unknown id."""
    return await run_in_threadpool(_render, request)


async def script_failure(request: Request) -> Response:
    """POST /checkout/{order_id}/script-failure: the owner's browser could not load the gateway's script."""
    services = await run_in_threadpool(get_services)
    return await run_in_threadpool(_note_script_failure, request, services)


def _render(request: Request) -> Response:
    services = get_services()
    user = _user(request, services)
    order_id = request.path_params["order_id"]
    if user is None:
        return RedirectResponse("/login", status_code=303)
    try:
        order = payment_handler.leave_for_gateway(services, user, order_id)
    except OrderNotFound as exc:
        return not_found(exc)
    if order is None:
        return RedirectResponse(f"/?order_id={order_id}", status_code=303)
    if order.gateway == "razorpay":
        options = payment_handler.checkout_options(services, user, order.id)
        return _razorpay_document(services.settings, order, options)
    return _document(services.settings, user, order)


def _document(settings: Settings, user: User, order: Order) -> Response:
    nonce = secrets.token_urlsafe(16)
    page = templates.get_template("checkout.html").render(
        nonce=nonce,
        order=order,
        user=user,
        amount=format_rupees(order.amount_paise),
        plan_name=order.plan_id.title(),
        script_url=settings.cashfree_script_url,
        mode=settings.cashfree_mode,
        business_name=settings.business_name,
        gateway_name=gateway_name(order.gateway),
        support_email=settings.support_email,
        uses_simulator=settings.uses_simulator,
    )
    hosts = _origin(settings.cashfree_script_url) if settings.uses_simulator else _CASHFREE_HOSTS
    return HTMLResponse(page, headers=_headers(hosts, nonce))


def _razorpay_document(settings: Settings, order: Order, options: Mapping[str, object]) -> Response:
    nonce = secrets.token_urlsafe(16)
    page = templates.get_template("razorpay_checkout.html").render(
        nonce=nonce,
        order=order,
        options=options,
        amount=format_rupees(order.amount_paise),
        plan_name=order.plan_id.title(),
        script_url=settings.razorpay_script_url,
        hosted_url=f"{settings.razorpay_url}/checkout/embedded",
        hosted=_hosted_form(settings, order, options),
        business_name=settings.business_name,
        gateway_name=gateway_name(order.gateway),
        support_email=settings.support_email,
        uses_simulator=settings.razorpay_uses_simulator,
    )
    is_simulated = settings.razorpay_uses_simulator
    hosts = _origin(settings.razorpay_script_url) if is_simulated else _RAZORPAY_HOSTS
    # Its script lays its frame over this page by style attributes, which no nonce can admit.
    return HTMLResponse(page, headers=_headers(hosts, nonce, "style-src-attr 'unsafe-inline'; "))


def _hosted_form(settings: Settings, order: Order, options: Mapping[str, object]) -> dict[str, str]:
    """The same options as fields of the form that opens Razorpay's own page, for a browser without scripts.

    https://razorpay.com/docs/payments/payment-gateway/web-integration/hosted/integration-steps
    """
    fields = {"key_id": str(options.get("key", ""))}
    for name in ("order_id", "amount", "currency", "name", "description", "callback_url"):
        fields[name] = str(options.get(name, ""))
    for group in ("prefill", "notes"):
        members = options.get(group)
        if isinstance(members, Mapping):
            fields |= {f"{group}[{name}]": str(value) for name, value in members.items()}
    return fields | {"cancel_url": f"{settings.app_base_url.rstrip('/')}/?order_id={order.id}"}


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _headers(hosts: str, nonce: str, more: str = "") -> dict[str, str]:
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}' {hosts}; style-src 'nonce-{nonce}'; img-src 'self' data:; "
        f"font-src 'self'; connect-src 'self' {hosts}; frame-src {hosts}; form-action 'self' {hosts}; "
        f"{more}base-uri 'none'; object-src 'none'; frame-ancestors 'none'; {REPORTING}"
    )
    return {
        "Content-Security-Policy": policy,
        # Wallets ask the browser for the payment on the gateway's behalf.
        "Permissions-Policy": permissions(hosts),
        # Banks open their pages in windows that talk back to this one.
        "Cross-Origin-Opener-Policy": "same-origin-allow-popups",
        "Cache-Control": "no-store",
    }


def _note_script_failure(request: Request, services: Services) -> Response:
    user = _user(request, services)
    if user is None:
        return JSONResponse({"error": "not signed in"}, status_code=401)
    try:
        payment_handler.report_script_failure(services, user, request.path_params["order_id"])
    except OrderNotFound:
        return JSONResponse({"error": "not found"}, status_code=404)
    return JSONResponse({"status": "noted"})


def _user(request: Request, services: Services) -> User | None:
    return user_of_session(services, request.cookies.get(session_cookie_name(services.settings)))
