"""Payment gateways in memory, for tests of use-cases. The simulator is the witness for everything else.

`FakeGateway` behaves as Cashfree does: it knows orders by our id and refunds them by order. `FakeRazorpay` has
numbers of its own, refunds by payment, cannot close an order, and a bank may hold money that is not captured.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from domain.errors import GatewayObjectNotFound, GatewayRequestRejected, WebhookRefused
from domain.gateway import (
    CheckoutPage,
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    GatewayRefund,
    GatewayRefundStatus,
    Movement,
    MovementKind,
    OrderRef,
    OrderRequest,
    UpiLink,
    UpiRequest,
    WebhookEvent,
)


class FakeGateway:
    """Keeps orders, payments and refunds. `fail_next` is raised by the next call; `lose_reply` after its effect."""

    name = "cashfree"
    signature_header = "x-webhook-signature"
    # What its message about money that came is called.
    paid_event = "PAYMENT_SUCCESS_WEBHOOK"

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.orders: dict[str, GatewayOrder] = {}
        self.requests: dict[str, OrderRequest] = {}
        self.payments: dict[str, list[GatewayPayment]] = {}
        self.refunds: dict[str, GatewayRefund] = {}
        self.calls: list[str] = []
        self.fail_next: Exception | None = None
        self.lose_reply: Exception | None = None
        self.is_down = False
        self.has_upi_links = False
        self.upi_requests: list[UpiRequest] = []

    def is_reachable(self) -> bool:
        return not self.is_down

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        self._call("create_order")
        if request.order_id not in self.orders:
            self.requests[request.order_id] = request
            self.payments[request.order_id] = []
            self.orders[request.order_id] = self._new_order(request)
        self._reply()
        return self.orders[request.order_id]

    def fetch_order(self, order: OrderRef) -> GatewayOrder:
        self._call("fetch_order")
        return self._order(order)

    def fetch_payments(self, order: OrderRef) -> tuple[GatewayPayment, ...]:
        self._call("fetch_payments")
        return tuple(self.payments[order.order_id])

    def capture_payment(self, order: OrderRef, payment: GatewayPayment) -> GatewayPayment:
        self._call("capture_payment")
        raise GatewayRequestRejected(detail="captures by itself")

    def terminate_order(self, order: OrderRef) -> GatewayOrder:
        self._call("terminate_order")
        self.orders[order.order_id] = replace(self._order(order), status=GatewayOrderStatus.TERMINATED)
        return self.orders[order.order_id]

    def create_refund(
        self, order: OrderRef, *, refund_id: str, gateway_payment_id: str, amount_paise: int, note: str
    ) -> GatewayRefund:
        self._call("create_refund")
        if refund_id not in self.refunds:
            paid = self._refunded_payment(order, gateway_payment_id)
            self.refunds[refund_id] = GatewayRefund(
                refund_id, f"R{len(self.refunds)}", order.order_id, paid.gateway_payment_id, amount_paise, "INR",
                GatewayRefundStatus.SUCCESS,
            )  # fmt: skip
        self._reply()
        return self.refunds[refund_id]

    def fetch_refund(self, order: OrderRef, refund_id: str) -> GatewayRefund:
        self._call("fetch_refund")
        return self.refunds[refund_id]

    def fetch_refunds(self, order: OrderRef) -> tuple[GatewayRefund, ...]:
        self._call("fetch_refunds")
        return tuple(refund for refund in self.refunds.values() if refund.order_id == order.order_id)

    def list_movements(self, since: datetime, until: datetime) -> Iterator[Movement]:
        self._call("list_movements")
        for payment in (payment for listed in self.payments.values() for payment in listed):
            if payment.status is GatewayPaymentStatus.SUCCESS and payment.paid_at is not None:
                yield Movement(
                    MovementKind.PAYMENT, payment.order_id, payment.gateway_payment_id, payment.amount_paise,
                    payment.currency, payment.paid_at,
                )  # fmt: skip
        for refund in self.refunds.values():
            if refund.status is GatewayRefundStatus.SUCCESS:
                yield Movement(
                    MovementKind.REFUND, refund.order_id, refund.gateway_payment_id, refund.amount_paise,
                    refund.currency, refund.processed_at or self._now(), refund.gateway_refund_id,
                    refund.refund_id,
                )  # fmt: skip

    def refund_in_dashboard(
        self, order_id: str, amount_paise: int, *, status: GatewayRefundStatus = GatewayRefundStatus.SUCCESS
    ) -> GatewayRefund:
        """Somebody gives money back at the gateway, without us."""
        paid = next(p for p in self.payments[order_id] if p.status is GatewayPaymentStatus.SUCCESS)
        refund = GatewayRefund(
            f"dashboard_{len(self.refunds)}", f"R{len(self.refunds)}", order_id, paid.gateway_payment_id,
            amount_paise, "INR", status,
        )  # fmt: skip
        self.refunds[refund.refund_id] = refund
        return refund

    def checkout_options(self, page: CheckoutPage) -> Mapping[str, object]:
        return {"paymentSessionId": page.payment_session_id}

    def offers_upi_links(self) -> bool:
        return self.has_upi_links

    def upi_link(self, request: UpiRequest) -> UpiLink | None:
        self._call("upi_link")
        if not self.has_upi_links:
            return None
        self.upi_requests.append(request)
        payment = self.pay(
            request.order.order_id,
            status=GatewayPaymentStatus.PENDING,
            payment_id=f"pay_upi{len(self.upi_requests)}",
        )
        self._reply()
        return UpiLink(f"upi://pay?pa=shop@bank&tr={payment.gateway_payment_id}", payment.gateway_payment_id)

    def claimed_payment(self, order: OrderRef, form: Mapping[str, str]) -> str | None:
        return None

    def named_order(self, form: Mapping[str, str]) -> str | None:
        return None

    def reports_payment(self, event_type: str) -> bool:
        return event_type == self.paid_event

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        if headers.get(self.signature_header) != "good":
            raise WebhookRefused()
        kind, _, order_id = body.decode().partition(":")
        return WebhookEvent(self.name, hashlib.sha256(body).hexdigest(), kind, order_id or None, body)

    def pay(
        self,
        order_id: str,
        *,
        status: GatewayPaymentStatus = GatewayPaymentStatus.SUCCESS,
        payment_id: str | None = None,
        charged_paise: int | None = None,
        is_money: bool = True,
    ) -> GatewayPayment:
        """An attempt happens at the gateway."""
        order = self.orders[order_id]
        payment = GatewayPayment(
            gateway_payment_id=payment_id or f"PAY{sum(map(len, self.payments.values())) + 1}",
            order_id=order_id,
            status=status,
            amount_paise=order.amount_paise,
            currency=order.currency,
            charged_paise=order.amount_paise if charged_paise is None else charged_paise,
            charged_currency=order.currency,
            method="upi",
            message="",
            paid_at=self._now(),
            is_money=is_money,
        )
        kept = [p for p in self.payments[order_id] if p.gateway_payment_id != payment.gateway_payment_id]
        self.payments[order_id] = [*kept, payment]
        if status is GatewayPaymentStatus.SUCCESS:
            self.orders[order_id] = replace(order, status=GatewayOrderStatus.PAID)
        return payment

    def _new_order(self, request: OrderRequest) -> GatewayOrder:
        return GatewayOrder(
            order_id=request.order_id,
            gateway_order_id=str(1000 + len(self.orders)),
            status=GatewayOrderStatus.ACTIVE,
            amount_paise=request.amount_paise,
            currency=request.currency,
            payment_session_id=f"session_{request.order_id}",
            expires_at=request.expires_at,
            tags=dict(request.tags),
        )

    def _order(self, ref: OrderRef) -> GatewayOrder:
        if ref.order_id not in self.orders:
            raise GatewayObjectNotFound()
        return self.orders[ref.order_id]

    def _refunded_payment(self, order: OrderRef, gateway_payment_id: str) -> GatewayPayment:
        listed = self.payments[order.order_id]
        return next(p for p in listed if p.status is GatewayPaymentStatus.SUCCESS)

    def _call(self, name: str) -> None:
        self.calls.append(name)
        error, self.fail_next = self.fail_next, None
        if error is not None:
            raise error

    def _reply(self) -> None:
        error, self.lose_reply = self.lose_reply, None
        if error is not None:
            raise error


class FakeRazorpay(FakeGateway):
    """The other kind of gateway. A return is signed with `signed:` and the numbers of order and payment."""

    name = "razorpay"
    signature_header = "x-razorpay-signature"
    paid_event = "payment.captured"

    def capture_payment(self, order: OrderRef, payment: GatewayPayment) -> GatewayPayment:
        self._call("capture_payment")
        self._order(order)
        held = next(
            p for p in self.payments[order.order_id] if p.gateway_payment_id == payment.gateway_payment_id
        )
        if held.status not in {GatewayPaymentStatus.AUTHORIZED, GatewayPaymentStatus.SUCCESS}:
            raise GatewayRequestRejected()
        captured = self.pay(order.order_id, payment_id=payment.gateway_payment_id)
        self._reply()
        return captured

    def terminate_order(self, order: OrderRef) -> GatewayOrder:
        """Razorpay cannot: the order stays as it is."""
        self._call("terminate_order")
        return self._order(order)

    def claimed_payment(self, order: OrderRef, form: Mapping[str, str]) -> str | None:
        payment_id = form.get("razorpay_payment_id", "")
        is_signed = form.get("razorpay_signature") == f"signed:{order.gateway_order_id}|{payment_id}"
        return payment_id if is_signed and payment_id else None

    def named_order(self, form: Mapping[str, str]) -> str | None:
        return form.get("razorpay_order_id")

    def reports_payment(self, event_type: str) -> bool:
        return event_type in {self.paid_event, "order.paid"}

    def _new_order(self, request: OrderRequest) -> GatewayOrder:
        number = f"order_{request.order_id[-14:]}"
        return replace(
            super()._new_order(request), gateway_order_id=number, payment_session_id=number, expires_at=None
        )

    def _order(self, ref: OrderRef) -> GatewayOrder:
        order = super()._order(ref)
        if ref.gateway_order_id not in {None, order.gateway_order_id}:
            raise GatewayObjectNotFound()
        return order

    def _refunded_payment(self, order: OrderRef, gateway_payment_id: str) -> GatewayPayment:
        listed = self.payments[order.order_id]
        return next(p for p in listed if p.gateway_payment_id == gateway_payment_id)
