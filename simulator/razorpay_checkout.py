"""The pages on which a payer pays through Razorpay. They work without scripts.

In checkout.js's frame the last page tells the embedding page; elsewhere it posts a form to the merchant's
callback_url from this origin, which is why no cookie of the merchant's comes along.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import segno
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from simulator import razorpay_methods as methods
from simulator import razorpay_opening as opening
from simulator import razorpay_orders as orders
from simulator import razorpay_payments as payments
from simulator import razorpay_validation as validation
from simulator.assets import STATIC_FILES, page
from simulator.errors import Refusal
from simulator.gateway import Gateway
from simulator.razorpay_accounts import accounts, checkout_signature
from simulator.razorpay_methods import RazorpayInstrument
from simulator.razorpay_records import RazorpayCheckout, RazorpayOrder, RazorpayPayment
from simulator.razorpay_upi import link

Flush = Callable[[], Awaitable[bool]]
MAX_FORM_BYTES = 40_000
# Answers of the bank's page with which an attempt is paid, now or later.
_PAYING = frozenset({"submit_otp", "success", "vanish", "duplicate", "late"})
BASE = "/v1/checkout/{checkout_id}"


def routes(gateway: Gateway, flush: Flush) -> list[Route]:
    """The script, and every path under /v1/checkout."""
    pages = _Pages(gateway, flush)
    attempt = f"{BASE}/payments/{{payment_id}}"
    return [
        Route("/v1/checkout.js", pages.script),
        Route("/v1/checkout/public", pages.open_for_script),
        Route("/v1/checkout/embedded", pages.open_for_form, methods=["POST"]),
        Route(BASE, pages.choose),
        Route(f"{BASE}/pay", pages.pay, methods=["POST"]),
        Route(f"{BASE}/close", pages.close),
        Route(attempt, pages.attempt, methods=["GET"]),
        Route(attempt, pages.answer, methods=["POST"]),
    ]


class _Pages:
    """Handlers that share the gateway and the way to wait for its webhooks."""

    def __init__(self, gateway: Gateway, flush: Flush) -> None:
        self._gateway, self._flush = gateway, flush

    async def script(self, _: Request) -> Response:
        if self._gateway.faults.take_for("razorpay", "sdk_unavailable"):
            return PlainTextResponse("Service Unavailable", 503)
        return Response(STATIC_FILES["razorpay.js"], media_type="text/javascript")

    async def open_for_script(self, request: Request) -> Response:
        try:
            checkout = opening.open_for_script(self._gateway, request.query_params)
        except Refusal as error:
            return _dead_end(error)
        return RedirectResponse(f"/v1/checkout/{checkout.checkout_id}", 303)

    async def open_for_form(self, request: Request) -> Response:
        try:
            checkout = opening.open_for_form(self._gateway, await _form(request))
        except Refusal as error:
            return _dead_end(error)
        return RedirectResponse(f"/v1/checkout/{checkout.checkout_id}", 303)

    async def choose(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return _nothing_here()
        checkout, order = found
        try:
            orders.require_payable(self._gateway, order)
        except Refusal as error:
            return _dead_end(error, checkout=checkout)
        return self._method_page(checkout, order)

    async def pay(self, request: Request) -> Response:
        found, form = self._find(request), await _form(request)
        if found is None:
            return _nothing_here()
        checkout, order = found
        try:
            orders.require_payable(self._gateway, order)
        except Refusal as error:
            return _dead_end(error, checkout=checkout)
        if form.get("method") not in opening.shown_methods(checkout):
            return self._method_page(checkout, order, problem=("method", "This method is not offered"))
        problem = _problem(form)
        if problem is not None:
            return self._method_page(checkout, order, problem=problem, chosen=form.get("method", "card"))
        instrument = _instrument(form)
        payment = payments.start(
            self._gateway,
            order,
            instrument,
            email=form.get("email", ""),
            contact=form.get("contact", ""),
            description=_text(checkout.options.get("description")),
            notes=validation.notes(checkout.options),
        )
        if payment.method == "upi" and payment.details["upi"]["flow"] == "collect":
            if instrument.always_refused:
                payments.fail(self._gateway, payment, methods.BANK_REFUSED, at=self._gateway.now())
            else:
                payments.authorize(self._gateway, payment, at=self._gateway.now())
            return await self._show_result(checkout, order, payment)
        return RedirectResponse(f"/v1/checkout/{checkout.checkout_id}/payments/{payment.payment_id}", 303)

    async def close(self, request: Request) -> Response:
        found = self._find(request)
        if found is None:
            return _nothing_here()
        checkout, _ = found
        for payment in orders.payments_of(self._gateway, found[1]):
            if payment.payment_id == request.query_params.get("payment_id"):
                payments.fail(self._gateway, payment, methods.CANCELLED, at=self._gateway.now())
        if checkout.flow == "frame":
            return page("razorpay_return.html", checkout=checkout, event="dismiss", told={}, action="")
        if checkout.cancel_url:
            return RedirectResponse(checkout.cancel_url, 303)
        return page("message.html", title="Payment was not made", text="You may close this page.")

    async def attempt(self, request: Request) -> Response:
        found = self._find_attempt(request)
        if found is None:
            return _nothing_here()
        checkout, order, payment = found
        if payment.status == "created":
            return self._bank_page(checkout, order, payment, str(request.base_url).rstrip("/"))
        return await self._show_result(checkout, order, payment)

    async def answer(self, request: Request) -> Response:
        found, form = self._find_attempt(request), await _form(request)
        if found is None:
            return _nothing_here()
        checkout, order, payment = found
        if payment.status != "created":
            return await self._show_result(checkout, order, payment)
        intent, now = form.get("intent", ""), self._gateway.now()
        refusal = payment.details.get("refusal") or methods.BANK_REFUSED
        if intent == "submit_otp" and not methods.is_good_otp(form.get("otp", "")):
            payments.fail(
                self._gateway,
                payment,
                methods.WRONG_OTP if refusal == methods.BANK_REFUSED else refusal,
                at=now,
            )
        elif intent == "failure" or (intent in _PAYING and payment.details["always_refused"]):
            payments.fail(self._gateway, payment, refusal, at=now)
        elif intent == "late":
            payments.fail_for_now(self._gateway, payment, at=now)
        elif intent in _PAYING:
            payments.authorize(self._gateway, payment, at=now)
            if intent == "duplicate":
                payments.pay_twice(self._gateway, payment, at=now)
        if intent == "vanish":
            return page(
                "message.html",
                title="The payer is gone",
                text="The bank has paid; the window was closed before the shop could hear of it.",
            )
        if payment.status == "created":
            return page(
                "message.html",
                title="The bank has not answered yet",
                text="Without an answer the attempt fails ten minutes after its start.",
            )
        return await self._show_result(checkout, order, payment)

    async def _show_result(
        self, checkout: RazorpayCheckout, order: RazorpayOrder, payment: RazorpayPayment
    ) -> Response:
        if self._gateway.faults.take_for("razorpay", "webhook_before_redirect", order_id=order.order_id):
            await self._flush()
        if payment.status == "failed":
            return self._failed(checkout, order, payment)
        account = accounts(self._gateway)[order.key_id]
        told = {
            "razorpay_payment_id": payment.payment_id,
            "razorpay_order_id": order.order_id,
            "razorpay_signature": checkout_signature(account, order.order_id, payment.payment_id),
        }
        return self._to_merchant(checkout, "success", told)

    def _failed(self, checkout: RazorpayCheckout, order: RazorpayOrder, payment: RazorpayPayment) -> Response:
        error: dict[str, Any] = {
            **(payment.error or methods.BANK_REFUSED),
            "metadata": {"payment_id": payment.payment_id, "order_id": order.order_id},
        }
        if checkout.posts_failures and checkout.callback_url:
            told = {f"error[{name}]": value for name, value in error.items()}
            told["error[metadata]"] = json.dumps(error["metadata"], separators=(",", ":"))
            return self._to_merchant(checkout, "failure", told)
        return page(
            "razorpay_failed.html",
            **self._frame(checkout, order),
            payment=payment,
            error=error,
            error_json=json.dumps({"error": error}),
        )

    def _to_merchant(self, checkout: RazorpayCheckout, event: str, told: Mapping[str, Any]) -> Response:
        if checkout.flow != "frame" and not checkout.callback_url:
            return page(
                "message.html",
                title="You may close this page",
                text="The merchant gave no address to return to and will check this payment.",
            )
        action = "" if checkout.flow == "frame" else checkout.callback_url
        return page("razorpay_return.html", checkout=checkout, event=event, told=told, action=action)

    def _method_page(
        self,
        checkout: RazorpayCheckout,
        order: RazorpayOrder,
        *,
        problem: tuple[str, str] | None = None,
        chosen: str | None = None,
    ) -> Response:
        shown = opening.shown_methods(checkout)
        wanted = chosen or opening.option(checkout, "prefill", "method")
        return page(
            "razorpay_checkout.html",
            400 if problem else 200,
            **self._frame(checkout, order),
            methods=shown,
            upi_flows=opening.shown_upi_flows(checkout),
            chosen=wanted if wanted in shown else next(iter(shown), ""),
            banks=methods.BANKS,
            wallets=methods.WALLETS,
            test_card=methods.TEST_CARD,
            test_vpa=methods.TEST_VPA,
            prefill={n: opening.option(checkout, "prefill", n) for n in ("name", "email", "contact", "vpa")},
            readonly={n: opening.is_on(checkout, "readonly", n) for n in ("name", "email", "contact")},
            hidden={n: opening.is_on(checkout, "hidden", n) for n in ("email", "contact")},
            problem=problem,
        )

    def _bank_page(
        self, checkout: RazorpayCheckout, order: RazorpayOrder, payment: RazorpayPayment, origin: str
    ) -> Response:
        values = {**self._frame(checkout, order), "payment": payment}
        if payment.method == "upi":
            address = link(self._gateway, payment, origin)
            picture = segno.make(address, error="m").svg_data_uri(border=2, light="#fff", scale=4)
            return page("razorpay_upi.html", **values, link=address, picture=picture)
        if payment.method == "card":
            return page("razorpay_otp.html", **values)
        name = {**methods.BANKS, **methods.WALLETS}[payment.details.get("bank") or payment.details["wallet"]]
        return page("razorpay_bank.html", **values, bank=name)

    def _frame(self, checkout: RazorpayCheckout, order: RazorpayOrder) -> dict[str, Any]:
        account = accounts(self._gateway)[order.key_id]
        return {
            "checkout": checkout,
            "order": order,
            "shop": _text(checkout.options.get("name")) or account.name,
            "description": _text(checkout.options.get("description")),
            "colour": opening.colour(checkout),
        }

    def _find(self, request: Request) -> tuple[RazorpayCheckout, RazorpayOrder] | None:
        checkout = self._gateway.store.razorpay_checkouts.get(request.path_params["checkout_id"])
        if checkout is None:
            return None
        return checkout, self._gateway.store.razorpay_orders[checkout.order_id]

    def _find_attempt(
        self, request: Request
    ) -> tuple[RazorpayCheckout, RazorpayOrder, RazorpayPayment] | None:
        found = self._find(request)
        payment_id = request.path_params["payment_id"]
        if found is None or payment_id not in found[1].payment_ids:
            return None
        return *found, self._gateway.store.razorpay_payments[payment_id]


def _problem(form: Mapping[str, str]) -> tuple[str, str] | None:
    """What is wrong with a filled form: the field and the words."""
    method, flow = form.get("method", "card"), form.get("upi_flow", "collect")
    if method == "card" and not methods.is_card_number(form.get("card_number", "")):
        return "card", "Enter a card number of 12 to 19 digits"
    if method == "upi" and flow == "collect" and not methods.is_vpa(form.get("upi_id", "")):
        return "upi", "Invalid UPI ID: enter one like name@bank"
    return None


def _instrument(form: Mapping[str, str]) -> RazorpayInstrument:
    method = form.get("method", "card")
    if method == "upi":
        if form.get("upi_flow") == "intent":
            return methods.upi(None, "intent")
        return methods.upi(form.get("upi_id", "").strip())
    if method == "netbanking":
        return methods.netbanking(form.get("bank", ""))
    if method == "wallet":
        return methods.wallet(form.get("wallet", ""))
    return methods.card(form.get("card_number", ""), form.get("card_name", "")[:100])


def _dead_end(error: Refusal, *, checkout: RazorpayCheckout | None = None) -> Response:
    reason = error.body["error"]["reason"]
    title = "This order is already paid" if reason == "order_already_paid" else "This checkout cannot open"
    return page("razorpay_dead_end.html", 400, title=title, text=str(error), checkout=checkout)


def _nothing_here() -> Response:
    return page("message.html", 404, title="Nothing here", text="This link is not valid.")


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


async def _form(request: Request) -> dict[str, str]:
    body = (await request.body())[:MAX_FORM_BYTES]
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))
