"""Razorpay behind our gateway Protocol.

https://razorpay.com/docs/api (orders, payments, refunds), Standard Checkout and webhooks of the same date. Razorpay
gives orders numbers of its own; our order id is their receipt. Orders have neither an idempotency key nor an end.
Knows no database, no rule of ours and no page.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from domain.errors import (
    CircuitOpen,
    GatewayConflict,
    GatewayError,
    GatewayObjectNotFound,
    GatewayRateLimited,
    GatewayReplyInvalid,
    GatewayRequestRejected,
    GatewayUnavailable,
)
from domain.gateway import (
    CheckoutPage,
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayPaymentStatus,
    GatewayRefund,
    Movement,
    OrderRef,
    OrderRequest,
    UpiLink,
    UpiRequest,
    WebhookEvent,
)
from gateways.fields import readable_rows, text_of
from gateways.http import GatewayHttp
from gateways.razorpay_account import Account, account_from
from gateways.razorpay_api import RazorpayApi
from gateways.razorpay_mapping import (
    ORDER_NOTE,
    is_id,
    items_of,
    order_from,
    order_payload,
    payment_from,
    refund_from,
    refund_payload,
)
from gateways.razorpay_movements import movements
from gateways.razorpay_returns import claimed_payment, named_order
from gateways.razorpay_upi import UpiLinks
from gateways.razorpay_webhooks import PAID_EVENTS, read_webhook

if TYPE_CHECKING:
    from config import Settings

# Razorpay's own limits.
LONGEST_RECEIPT = 40
MINIMUM_PAISE = 100
LONGEST_DESCRIPTION = 255
# Of several orders under one receipt, the one that was paid, then the one that somebody tried to pay.
_PREFERENCE = (GatewayOrderStatus.PAID, GatewayOrderStatus.ACTIVE, GatewayOrderStatus.UNKNOWN)


class RazorpayGateway:
    """Razorpay's implementation of `domain.gateway.PaymentGateway`. Safe to share between threads."""

    name = "razorpay"

    def __init__(self, account: Account, *, http: GatewayHttp | None = None) -> None:
        self._account = account
        self._http = http or GatewayHttp(self.name)
        self._api = RazorpayApi(self._http, account)
        self._upi = UpiLinks(self._api)

    @classmethod
    def from_settings(cls, settings: Settings, *, http: GatewayHttp | None = None) -> RazorpayGateway:
        """The gateway that the configuration describes."""
        return cls(account_from(settings), http=http)

    def __repr__(self) -> str:
        return f"RazorpayGateway(account={self._account!r})"

    def is_reachable(self) -> bool:
        """False while the circuit breaker is open."""
        return self._http.is_reachable()

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open the order, or find it if it exists already with the same amount and currency.

        It is sent once. When the outcome is unknown, and when it may have been sent before, the order is looked for
        by its receipt. That list may lag, so a later try can open a second order, unless the account takes a receipt
        once or knows `unique_receipt`; nobody was told of the first.
        """
        if not 0 < len(request.order_id) <= LONGEST_RECEIPT or request.amount_paise < MINIMUM_PAISE:
            raise GatewayRequestRejected(detail="receipt or amount outside Razorpay's limits, not sent")
        deadline = self._http.new_deadline()
        if request.may_exist and (found := self._find_by_receipt(request.order_id, deadline)) is not None:
            return _agreeing(found, request)
        payload = order_payload(request, unique_receipt=self._account.unique_receipt)
        try:
            document = self._api.post_once("create_order", request.order_id, "/orders", payload, deadline)
            order = order_from(document, order_id=request.order_id)
            if not _is_same(order, request):
                raise GatewayReplyInvalid(detail="the reply has another amount or currency")
        except (CircuitOpen, GatewayRateLimited):
            raise  # It was not taken on.
        except GatewayConflict:
            # The account takes a receipt once: the order is there. If it is not found, the list lags: try later.
            unfound = GatewayReplyInvalid(detail="the receipt is taken and its order not found")
            return _agreeing(self._find_after(unfound, request.order_id, deadline), request)
        except (GatewayUnavailable, GatewayReplyInvalid) as lost:
            found = self._find_after(lost, request.order_id, deadline)
            return _agreeing(found, request)
        return order

    def fetch_order(self, order: OrderRef) -> GatewayOrder:
        """The order as Razorpay sees it now; looked for by its receipt while its number is not known."""
        if order.gateway_order_id is None:
            found = self._find_by_receipt(order.order_id, None)
            if found is None:
                raise GatewayObjectNotFound(detail="no order has this receipt")
            return found
        document = self._api.get("fetch_order", order.order_id, _order_path(order.gateway_order_id))
        return order_from(document, order_id=order.order_id, gateway_order_id=order.gateway_order_id)

    def fetch_payments(self, order: OrderRef) -> tuple[GatewayPayment, ...]:
        """All attempts to pay the order, in no promised sequence."""
        number = self._number_of(order)
        document = self._api.get("fetch_payments", order.order_id, _order_path(number, "payments"))
        rows = readable_rows(
            items_of(document),
            lambda row: payment_from(row, order_id=order.order_id, gateway_order_id=number),
            gateway=self.name,
            order_id=order.order_id,
        )
        return tuple(rows)

    def capture_payment(self, order: OrderRef, payment: GatewayPayment) -> GatewayPayment:
        """Take the money that a bank holds for us, the order's whole amount.

        Razorpay's own capture may come first, and an answer may be lost: then the payment itself says what is true.
        Raises the refusal, or the missing answer, if it is still only held.
        """
        number = self._number_of(order)
        path = _payment_path(payment.gateway_payment_id)
        deadline = self._http.new_deadline()
        payload = {"amount": payment.amount_paise, "currency": payment.currency}

        def read(document: Any) -> GatewayPayment:
            found = payment_from(document, order_id=order.order_id, gateway_order_id=number)
            if found.gateway_payment_id != payment.gateway_payment_id:
                raise GatewayReplyInvalid(detail="the reply is about another payment")
            return found

        try:
            return read(
                self._api.post_once("capture_payment", order.order_id, f"{path}/capture", payload, deadline)
            )
        except CircuitOpen:
            raise
        except (GatewayUnavailable, GatewayReplyInvalid, GatewayRequestRejected, GatewayConflict) as trouble:
            found = read(self._api.get("fetch_payment", order.order_id, path, deadline=deadline))
            if found.status is GatewayPaymentStatus.AUTHORIZED:
                raise trouble
            return found

    def terminate_order(self, order: OrderRef) -> GatewayOrder:
        """Razorpay cannot close an order: nothing is asked, and the order comes back as it is.

        It stays payable for whoever still has its page. Such money is a duplicate: an authorised payment is left to
        go back by itself, a captured one is refunded.
        """
        return self.fetch_order(order)

    def create_refund(
        self, order: OrderRef, *, refund_id: str, gateway_payment_id: str, amount_paise: int, note: str
    ) -> GatewayRefund:
        """Ask for a refund of a payment under our id, or find it if it exists already with the same amount.

        Store the id before the call: repeating with it cannot refund twice, a new id can. Raises GatewayConflict
        if the id belongs to another amount.
        """
        if not 0 < len(refund_id) <= LONGEST_RECEIPT or amount_paise <= 0:
            raise GatewayRequestRejected(detail="refund id or amount outside Razorpay's limits, not sent")
        deadline = self._http.new_deadline()
        path = _payment_path(gateway_payment_id)
        payload = refund_payload(refund_id=refund_id, amount_paise=amount_paise, note=note)
        try:
            document = self._api.post_refund(order.order_id, f"{path}/refund", payload, refund_id, deadline)
            refund = refund_from(document, order_id=order.order_id, gateway_payment_id=gateway_payment_id)
            if (refund.refund_id, refund.amount_paise) != (refund_id, amount_paise):
                raise GatewayReplyInvalid(detail="the reply is about another refund or amount")
        except (GatewayRequestRejected, GatewayConflict) as refusal:
            # "Fully refunded already" may mean: by the very refund that we ask for.
            listed = self._refunds_of(order, gateway_payment_id, deadline)
            found = next((refund for refund in listed if refund.refund_id == refund_id), None)
            if found is None:
                raise refusal
            if found.amount_paise != amount_paise:
                raise GatewayConflict(detail="the refund exists with another amount") from refusal
            return found
        return refund

    def fetch_refund(self, order: OrderRef, refund_id: str) -> GatewayRefund:
        """One refund by our id."""
        found = next((one for one in self.fetch_refunds(order) if one.refund_id == refund_id), None)
        if found is None:
            raise GatewayObjectNotFound(detail="no refund of the order has this receipt")
        return found

    def fetch_refunds(self, order: OrderRef) -> tuple[GatewayRefund, ...]:
        """All refunds of the order's payments, those of the dashboard too."""
        found: list[GatewayRefund] = []
        for payment in self.fetch_payments(order):
            if payment.status is GatewayPaymentStatus.SUCCESS:
                found += self._refunds_of(order, payment.gateway_payment_id, None)
        return tuple(found)

    def list_movements(self, since: datetime, until: datetime) -> Iterator[Movement]:
        """Payments and refunds that were made in this time, each once, for orders that have a receipt.

        Asks page by page while it is read, and waits up to a minute where Razorpay's rate limit asks for it, so hold
        no transaction meanwhile. Repeatable.
        """
        return movements(self._api.read_report, since, until)

    def checkout_options(self, page: CheckoutPage) -> Mapping[str, object]:
        """The options of Standard Checkout, `new Razorpay(options)`. The amount that counts is the order's.

        The page adds what is code: `handler` and `modal.ondismiss`. After `timeout` seconds the checkout closes:
        the order itself has no end.
        """
        customer = page.customer
        return {
            "key": self._account.key_id,
            "order_id": page.payment_session_id,
            "amount": page.amount_paise,
            "currency": page.currency,
            "name": page.business_name,
            "description": _description(page.description),
            "prefill": {
                "name": customer.name,
                "email": customer.email,
                "contact": f"+91{customer.phone}",
            },
            "notes": {ORDER_NOTE: page.order.order_id},
            "callback_url": page.callback_url,
            "timeout": max(page.seconds_left, 1),
        }

    def offers_upi_links(self) -> bool:
        """True until Razorpay says that the account has no such links, and again an hour later."""
        return self._upi.are_offered()

    def upi_link(self, request: UpiRequest) -> UpiLink | None:
        """A UPI link that pays exactly this order; None where the account has no such feature. Sent once."""
        number = self._number_of(request.order)
        known = replace(request, order=OrderRef(request.order.order_id, number))
        return self._upi.make(known, _description(request.description), self._http.new_deadline())

    def claimed_payment(self, order: OrderRef, form: Mapping[str, str]) -> str | None:
        """The payment of which Razorpay's signature says that it belongs to this order. Not that it is paid.

        The order's number comes from our books. A form that names another is refused, whatever its signature.
        """
        return claimed_payment(order.gateway_order_id, form, self._account.key_secret)

    def named_order(self, form: Mapping[str, str]) -> str | None:
        """Razorpay's number of the order, also from a form that tells of a failure, which nobody signed."""
        return named_order(form)

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Verify and read a message; its body is a hint to look, never the truth about money.

        Pass the bytes as they arrived. Raises WebhookRefused (401) or WebhookUnreadable (400).
        """
        return read_webhook(headers, body, self._account.webhook_secrets)

    def reports_payment(self, event_type: str) -> bool:
        """True for what tells of a capture. An authorisation is no money."""
        return event_type in PAID_EVENTS

    def _number_of(self, order: OrderRef) -> str:
        return order.gateway_order_id or self.fetch_order(order).gateway_order_id

    def _find_after(self, lost: GatewayError, order_id: str, deadline: float) -> GatewayOrder:
        """The order whose opening had no readable answer. Raises what was lost if it is not there (yet)."""
        try:
            found = self._find_by_receipt(order_id, deadline)
        except GatewayError:
            raise lost from None
        if found is None:
            raise lost
        return found

    def _find_by_receipt(self, order_id: str, deadline: float | None) -> GatewayOrder | None:
        query: dict[str, str | int] = {"receipt": order_id, "count": 100}
        document = self._api.get("find_order", order_id, "/orders", query, deadline)
        named = [
            row
            for row in items_of(document)
            if isinstance(row, dict) and text_of(row.get("receipt")) == order_id
        ]
        found = [order_from(row, order_id=order_id) for row in named]
        # A receipt is not unique at Razorpay. The oldest of equals: the number that was stored first.
        return min(found, key=_rank, default=None)

    def _refunds_of(
        self, order: OrderRef, gateway_payment_id: str, deadline: float | None
    ) -> tuple[GatewayRefund, ...]:
        path = _payment_path(gateway_payment_id) + "/refunds"
        document = self._api.get("fetch_refunds", order.order_id, path, {"count": 100}, deadline)
        rows = readable_rows(
            items_of(document),
            lambda row: refund_from(row, order_id=order.order_id, gateway_payment_id=gateway_payment_id),
            gateway=self.name,
            order_id=order.order_id,
        )
        return tuple(rows)


def _order_path(number: str, *rest: str) -> str:
    """The path of something of an order. An id that Razorpay cannot have given is not looked up."""
    if not is_id("order", number):
        raise GatewayObjectNotFound(detail="not an order id of Razorpay, not sent")
    return "/".join(("/orders", number, *rest))


def _payment_path(payment_id: str) -> str:
    if not is_id("pay", payment_id):
        raise GatewayObjectNotFound(detail="not a payment id of Razorpay, not sent")
    return f"/payments/{payment_id}"


def _is_same(order: GatewayOrder, request: OrderRequest) -> bool:
    return (order.amount_paise, order.currency) == (request.amount_paise, request.currency)


def _agreeing(order: GatewayOrder, request: OrderRequest) -> GatewayOrder:
    if not _is_same(order, request):
        raise GatewayConflict(detail="the receipt belongs to an order of another amount or currency")
    return order


def _rank(order: GatewayOrder) -> tuple[int, bool, float, str]:
    made = order.created_at
    return (
        _PREFERENCE.index(order.status),
        made is None,
        0.0 if made is None else made.timestamp(),
        order.gateway_order_id,
    )


def _description(text: str) -> str:
    """Razorpay wants a letter or a digit first, and counts bytes."""
    kept = text.encode("utf-8")[:LONGEST_DESCRIPTION].decode("utf-8", "ignore")
    return (
        kept
        if kept[:1].isalnum()
        else f"Order {kept}".encode()[:LONGEST_DESCRIPTION].decode("utf-8", "ignore")
    )
