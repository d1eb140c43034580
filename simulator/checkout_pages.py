"""The pages on which a payer pays. They work without scripts.

A payment's end sends the browser back by GET with 303. In a frame (SDK targets _modal and inline)
the last page tells the embedding page instead.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from urllib.parse import parse_qs, quote, urlencode

import segno
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from simulator import cashfree_upi, methods, payments
from simulator.assets import page
from simulator.cashfree_calls import payable_order
from simulator.errors import ApiError
from simulator.gateway import Gateway
from simulator.methods import Instrument
from simulator.records import Order, Payment

Flush = Callable[[], Awaitable[bool]]
MAX_FORM_BYTES = 20_000
RESULT_OF = {"simulate_success": "SUCCESS", "simulate_failure": "FAILED"}


def routes(gateway: Gateway, flush: Flush) -> list[Route]:
    """Every path under /checkout."""

    async def choose(request: Request) -> Response:
        try:
            order = payable_order(gateway, request.path_params["session"])
        except ApiError as error:
            return _dead_end(gateway, request, error)
        return _method_page(order, request)

    async def pay(request: Request) -> Response:
        form = await _form(request)
        try:
            order = payable_order(gateway, request.path_params["session"])
        except ApiError as error:
            return _dead_end(gateway, request, error)
        if form.get("intent") == "cancel":
            attempt = payments.start(gateway, order, _instrument(order, form), status="NOT_ATTEMPTED")
            payments.abandon(gateway, attempt)
            return _return_to_merchant(order, request)
        if form.get("intent") == "show_code":
            asked = payments.start(gateway, order, methods.upi("", "qrcode"))
            return _to(request, f"/checkout/{order.session_id}/attempts/{asked.cf_payment_id}")
        address = form.get("upi_id", "")
        if form.get("method") == "upi" and not methods.is_valid_upi_address(address):
            return _method_page(order, request, upi_error="Invalid VPA: enter a UPI ID like name@bank")
        payment = payments.start(gateway, order, _instrument(order, form))
        if form.get("intent") == "stay_pending":
            return _return_to_merchant(order, request)
        return await _after_start(request, order, payment, form)

    async def _after_start(
        request: Request, order: Order, payment: Payment, form: Mapping[str, str]
    ) -> Response:
        if payment.method in ("card", "netbanking"):
            return _to(request, f"/checkout/{order.session_id}/attempts/{payment.cf_payment_id}")
        outcome, error = "SUCCESS", None
        if payment.method == "upi":
            outcome, error = methods.upi_outcome(form.get("upi_id", ""))
        if outcome == "USER_DROPPED":
            payments.abandon(gateway, payment)
            return _return_to_merchant(order, request)
        payments.finish(gateway, payment, outcome, at=gateway.now(), error=error)
        return await _show_result(request, order, payment)

    async def attempt(request: Request) -> Response:
        found = _find(gateway, request)
        if isinstance(found, ApiError):
            return _dead_end(gateway, request, found)
        order, payment = found
        if payment.is_open:
            return _bank_page(order, payment, request)
        return await _show_result(request, order, payment)

    async def answer(request: Request) -> Response:
        form = await _form(request)
        found = _find(gateway, request)
        if isinstance(found, ApiError):
            return _dead_end(gateway, request, found)
        order, payment = found
        intent = form.get("intent", "")
        if intent == "stay_pending":
            return _return_to_merchant(order, request)
        if intent == "cancel":
            if payment.is_open:
                payments.abandon(gateway, payment)
            return _return_to_merchant(order, request)
        outcome = RESULT_OF.get(intent)
        if outcome is None:
            outcome = "SUCCESS" if form.get("otp", "").strip() in methods.GOOD_OTPS else "FAILED"
        payments.finish(gateway, payment, outcome, at=gateway.now())
        return await _show_result(request, order, payment)

    async def _show_result(request: Request, order: Order, payment: Payment) -> Response:
        if gateway.faults.take("webhook_before_redirect", order_id=order.order_id):
            await flush()
        if payment.status == "FAILED":
            return page(
                "failed.html",
                order=order,
                payment=payment,
                kept=_kept(request),
            )
        return _return_to_merchant(order, request)

    async def leave(request: Request) -> Response:
        order_id = gateway.store.order_of_session.get(request.path_params["session"], "")
        order = gateway.store.orders.get(order_id)
        if order is None:
            return page("message.html", 404, title="Nothing here", text="This link is not valid.")
        return _return_to_merchant(order, request)

    base = "/checkout/{session}"
    return [
        Route(base, choose, methods=["GET"]),
        Route(f"{base}/pay", pay, methods=["POST"]),
        Route(f"{base}/return", leave, methods=["GET"]),
        Route(f"{base}/attempts/{{cf_payment_id}}", attempt, methods=["GET"]),
        Route(f"{base}/attempts/{{cf_payment_id}}", answer, methods=["POST"]),
    ]


def _find(gateway: Gateway, request: Request) -> tuple[Order, Payment] | ApiError:
    order_id = gateway.store.order_of_session.get(request.path_params["session"], "")
    order = gateway.store.orders.get(order_id)
    cf_payment_id = request.path_params["cf_payment_id"]
    if order is None or cf_payment_id not in order.payment_ids:
        return ApiError(400, "payment_session_id is not present or is invalid", "payment_session_id_invalid")
    return order, gateway.store.payments[cf_payment_id]


def _method_page(order: Order, request: Request, *, upi_error: str | None = None) -> Response:
    return page(
        "checkout.html",
        400 if upi_error else 200,
        order=order,
        query=_frame_query(request),
        chosen="upi" if upi_error else "card",
        upi_error=upi_error,
    )


def _bank_page(order: Order, payment: Payment, request: Request) -> Response:
    if cashfree_upi.is_code(payment):
        link = cashfree_upi.link(order, payment, str(request.base_url).rstrip("/"))
        picture = segno.make(link, error="m").svg_data_uri(border=2, light="#fff", scale=4)
        query = _frame_query(request)
        return page("upi_code.html", order=order, payment=payment, query=query, link=link, picture=picture)
    template = "otp.html" if payment.method == "card" else "bank.html"
    return page(template, order=order, payment=payment, query=_frame_query(request))


def _dead_end(gateway: Gateway, request: Request, error: ApiError) -> Response:
    order_id = gateway.store.order_of_session.get(request.path_params["session"], "")
    order = gateway.store.orders.get(order_id)
    title = {
        "order_already_paid": "This order is already paid",
        "order_inactive": "This order can no longer be paid",
    }.get(error.body["code"], "This payment link is not valid")
    return page(
        "dead_end.html",
        400,
        title=title,
        code=error.body["code"],
        text=error.body["message"],
        order=order,
        return_url=_return_url(order) if order else None,
    )


def _instrument(order: Order, form: Mapping[str, str]) -> Instrument:
    method = form.get("method", "card")
    if method == "upi":
        return methods.upi(form.get("upi_id", "") or "payer@upi")
    if method == "netbanking":
        return methods.netbanking()
    if method == "wallet":
        return methods.wallet(str(order.customer["customer_phone"]))
    return methods.card(form.get("card_number", ""))


def _return_url(order: Order) -> str | None:
    url = order.meta.get("return_url")
    return None if not url else str(url).replace("{order_id}", quote(order.order_id, safe=""))


def _return_to_merchant(order: Order, request: Request) -> Response:
    frame = _frame_origin(request)
    if frame is not None:
        return page("frame_done.html", origin=frame)
    url = _return_url(order) or request.query_params.get("return_url", "")
    if not url.startswith(("https://", "http://")):
        return page(
            "message.html",
            title="You may close this page",
            text="The merchant gave no address to return to and will check this payment.",
        )
    return RedirectResponse(url.replace("{order_id}", quote(order.order_id, safe="")), 303)


def _to(request: Request, path: str) -> Response:
    return RedirectResponse(f"{path}{_frame_query(request)}", 303)


def _frame_origin(request: Request) -> str | None:
    """The embedding page's origin when the checkout runs in a frame."""
    return request.query_params.get("frame_origin") or None


def _frame_query(request: Request) -> str:
    kept = _kept(request)
    return f"?{urlencode(kept)}" if kept else ""


def _kept(request: Request) -> dict[str, str]:
    """What the script told the first page and every later one needs."""
    return {k: v for k, v in request.query_params.items() if k in ("frame_origin", "return_url")}


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body())[:MAX_FORM_BYTES]
    return {k: v[-1] for k, v in parse_qs(body.decode("utf-8", "replace"), True).items()}
