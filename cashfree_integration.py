"""Cashfree Payments behind our gateway Protocol, and the face that the integration guide describes.

API version 2025-01-01, https://www.cashfree.com/docs/api-reference/payments/latest. Knows no database, no
rule of ours and no page. Credentials are looked up at the first use, never at import, and show in no repr.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import structlog

from domain.errors import (
    GatewayConflict,
    GatewayError,
    GatewayFeatureDisabled,
    GatewayObjectNotFound,
    GatewayReplyInvalid,
    GatewayRequestRejected,
    IdempotencyMismatch,
)
from domain.gateway import (
    CheckoutPage,
    Customer,
    GatewayOrder,
    GatewayOrderStatus,
    GatewayPayment,
    GatewayRefund,
    Movement,
    OrderRef,
    OrderRequest,
    UpiLink,
    UpiRequest,
    WebhookEvent,
)
from domain.identifiers import customer_id_for, new_order_id
from domain.money import INR, NotMoney, paise_from_rupees, rupees_from_paise
from gateways.cashfree_account import API_VERSION, Account, account_from, configured_account, with_host
from gateways.cashfree_api import CashfreeApi, order_path
from gateways.cashfree_mapping import (
    ORDER_ID,
    REFUND_ID,
    order_from,
    order_payload,
    payment_from,
    payments_from,
    refund_from,
    refund_payload,
    refunds_from,
)
from gateways.cashfree_movements import movements
from gateways.cashfree_webhooks import PAID_EVENT, read_webhook
from gateways.http import GatewayHttp

if TYPE_CHECKING:
    from config import Settings

# Cashfree refuses less than 15 minutes; half an hour is time enough to find the card.
ORDER_LIFETIME = timedelta(minutes=30)
# The guide's call carries no phone, and Cashfree requires one. The shop itself always asks for it.
PLACEHOLDER_PHONE = "9999999999"
# Cashfree's own minimum.
MINIMUM_PAISE = 100

INVALID_AMOUNT = "The amount of this order is not valid. You were not charged. Please choose your plan again."
INVALID_PHONE = "Please give a phone number of ten digits. You were not charged."
SESSION_MISSING = (
    "Payment session ID not received from Cashfree. You were not charged by this step. "
    "Please try again in a minute."
)

log = structlog.get_logger("payments.gateway")


class CashfreePaymentGateway:
    """Cashfree's implementation of `domain.gateway.PaymentGateway`. Safe to share between threads."""

    name = "cashfree"

    def __init__(
        self,
        client_id: str | None = None,
        client_secret: str | None = None,
        *,
        api_base: str | None = None,
        api_version: str = API_VERSION,
        webhook_secrets: Sequence[str] = (),
        http: GatewayHttp | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Without credentials, the configuration names the account, at the first use.

        Credentials without `api_base` go to the configured host if they are the configured ones, else to
        the host that fits the secret. Raises ValueError for a half, empty or unsendable pair.
        """
        if (client_id is None) != (client_secret is None):
            raise ValueError("client_id and client_secret belong together")
        self._http = http or GatewayHttp(self.name)
        self._api = CashfreeApi(self._http, self._known_account)
        self._clock = clock
        self._api_base = (api_base or "").rstrip("/")
        self._account: Account | None = None
        if client_id is not None and client_secret is not None:
            secrets = tuple(webhook_secrets)
            self._account = Account(client_id, client_secret, self._api_base, api_version, secrets)

    @classmethod
    def from_settings(cls, settings: Settings, *, http: GatewayHttp | None = None) -> CashfreePaymentGateway:
        """The gateway that the configuration describes."""
        gateway = cls(http=http)
        gateway._account = account_from(settings)
        return gateway

    def __repr__(self) -> str:
        return f"CashfreePaymentGateway(account={self._account!r})"

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open the order, or find it if it exists already with the same amount and currency.

        A repetition carries the same idempotency key, and an order id is unique at Cashfree for ever, so
        no repetition opens a second order. Raises GatewayConflict if the id belongs to another amount.
        """
        if not ORDER_ID.fullmatch(request.order_id) or request.amount_paise < MINIMUM_PAISE:
            raise GatewayRequestRejected(detail="order id or amount outside Cashfree's limits, not sent")
        deadline = self._http.new_deadline()
        payload = order_payload(self._with_reachable_notify_url(request))
        try:
            document = self._api.post("create_order", request.order_id, "/orders", payload, deadline)
            order = order_from(document, order_id=request.order_id)
            if not _is_same(order, request):
                raise GatewayReplyInvalid(detail="the reply has another amount or currency")
        except IdempotencyMismatch:
            raise
        except GatewayConflict as conflict:
            order = self._existing_order(request.order_id, deadline)
            if not _is_same(order, request):
                raise conflict
        if order.status is GatewayOrderStatus.ACTIVE and not order.payment_session_id:
            raise GatewayReplyInvalid(SESSION_MISSING, detail="payment_session_id is missing")
        return order

    def is_reachable(self) -> bool:
        """False while the circuit breaker is open."""
        return self._http.is_reachable()

    def fetch_order(self, order: OrderRef) -> GatewayOrder:
        """The order as Cashfree sees it now. Cashfree knows orders by our id."""
        order_id = order.order_id
        document = self._api.get("fetch_order", order_id, order_path(order_id))
        return order_from(document, order_id=order_id)

    def fetch_payments(self, order: OrderRef) -> tuple[GatewayPayment, ...]:
        """All attempts to pay the order, in no promised sequence."""
        order_id = order.order_id
        document = self._api.get("fetch_payments", order_id, order_path(order_id, "payments"))
        return payments_from(document, order_id=order_id)

    def fetch_payment(self, order: OrderRef, gateway_payment_id: str) -> GatewayPayment:
        """One attempt to pay the order."""
        order_id = order.order_id
        path = order_path(order_id, "payments", gateway_payment_id)
        return payment_from(self._api.get("fetch_payment", order_id, path), order_id=order_id)

    def capture_payment(self, order: OrderRef, payment: GatewayPayment) -> GatewayPayment:
        """Refused: our orders are captured by Cashfree itself, and preauthorisation is not asked for."""
        raise GatewayFeatureDisabled(detail="Cashfree captures by itself, nothing was sent")

    def terminate_order(self, order: OrderRef) -> GatewayOrder:
        """Ask that no new attempt is accepted; money of a running attempt may still arrive.

        The returned status is the truth: an order that was settled already comes back as it is.
        """
        order_id = order.order_id
        deadline = self._http.new_deadline()
        payload = {"order_status": "TERMINATED"}
        try:
            # Never a stored reply: it would repeat TERMINATION_REQUESTED after it ceased to be true.
            document = self._api.patch("terminate_order", order_id, order_path(order_id), payload, deadline)
        except GatewayRequestRejected as refusal:
            existing = self._existing_order(order_id, deadline)
            if existing.status is GatewayOrderStatus.ACTIVE:
                raise refusal
            return existing
        return order_from(document, order_id=order_id)

    def create_refund(
        self, order: OrderRef, *, refund_id: str, amount_paise: int, note: str, gateway_payment_id: str = ""
    ) -> GatewayRefund:
        """Ask for a refund under our id, or find it if it exists already with the same amount.

        Store the id before the call: repeating with it cannot refund twice, a new id can. Cashfree is asked by
        order and takes no payment's id. Raises GatewayConflict if the id belongs to another amount.
        """
        order_id = order.order_id
        if not REFUND_ID.fullmatch(refund_id) or amount_paise <= 0:
            raise GatewayRequestRejected(detail="refund id or amount outside Cashfree's limits, not sent")
        deadline = self._http.new_deadline()
        path = order_path(order_id, "refunds")
        payload = refund_payload(refund_id=refund_id, amount_paise=amount_paise, note=note)
        try:
            refund = refund_from(
                self._api.post("create_refund", order_id, path, payload, deadline), order_id=order_id
            )
            if (refund.refund_id, refund.amount_paise) != (refund_id, amount_paise):
                raise GatewayReplyInvalid(detail="the reply is about another refund or amount")
        except IdempotencyMismatch:
            raise
        except GatewayConflict as conflict:
            refund = self.fetch_refund(order, refund_id, deadline=deadline)
            if refund.amount_paise != amount_paise:
                raise conflict
        return refund

    def fetch_refund(
        self, order: OrderRef, refund_id: str, *, deadline: float | None = None
    ) -> GatewayRefund:
        """One refund by our id."""
        order_id = order.order_id
        path = order_path(order_id, "refunds", refund_id)
        document = self._api.get("fetch_refund", order_id, path, deadline=deadline)
        refund = refund_from(document, order_id=order_id)
        if refund.refund_id != refund_id:
            raise GatewayReplyInvalid(detail="the reply is about another refund")
        return refund

    def fetch_refunds(self, order: OrderRef) -> tuple[GatewayRefund, ...]:
        """All refunds of the order, Cashfree's automatic ones too."""
        order_id = order.order_id
        document = self._api.get("fetch_refunds", order_id, order_path(order_id, "refunds"))
        return refunds_from(document, order_id=order_id)

    def list_movements(self, since: datetime, until: datetime) -> Iterator[Movement]:
        """Payments and refunds of all orders, each once, from Cashfree's ledger and its reports of payouts.

        Asks page by page while it is read, and waits up to a minute where Cashfree's rate limit asks for it,
        so hold no transaction meanwhile. Repeatable. Raises GatewayReplyInvalid for pages without an end,
        and for unreadable rows after all others were told.
        """
        return movements(partial(self._api.read_report, "list_movements"), since, until)

    def checkout_options(self, page: CheckoutPage) -> Mapping[str, object]:
        """The arguments of `cashfree.checkout()` of the SDK v3: everything else is in the session."""
        return {"paymentSessionId": page.payment_session_id, "redirectTarget": "_self"}

    def offers_upi_links(self) -> bool:
        """False: Cashfree's own page takes UPI."""
        return False

    def upi_link(self, request: UpiRequest) -> UpiLink | None:
        """Always None: no link is made, and nothing is asked."""
        return None

    def claimed_payment(self, order: OrderRef, form: Mapping[str, str]) -> str | None:
        """Always None: Cashfree's return addresses are not signed."""
        return None

    def named_order(self, form: Mapping[str, str]) -> str | None:
        """Always None: Cashfree sends a browser back with our own id in the address, and no form."""
        return None

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Verify and read a message; its body is a hint to look, never the truth about money.

        Pass the bytes as they arrived. Raises WebhookRefused (401) or WebhookUnreadable (400).
        """
        account = self._known_account()
        return read_webhook(headers, body, (account.client_secret, *account.webhook_secrets))

    def reports_payment(self, event_type: str) -> bool:
        """True for the webhook of a success, in each of its versions."""
        return event_type.startswith(PAID_EVENT)

    def generate_payment_order(
        self,
        user_id: object,
        username: str,
        email: str,
        plan: str,
        amount: int | float | str | Decimal,
        phone: str = PLACEHOLDER_PHONE,
        order_id: str | None = None,
    ) -> tuple[bool, str, dict[str, Any] | None]:
        """The guide's face of `create_order`: `amount` is in rupees, and gateway problems are not raised.

        Returns (True, text, order) or (False, the sentence for the customer, None). Give the same
        `order_id` when repeating after a failure; without one each call opens an order of its own.
        """
        try:
            # repr of a float is its shortest exact spelling: 499.0, never 498.99999.
            amount_paise = paise_from_rupees(str(amount) if isinstance(amount, float) else amount)
        except (NotMoney, TypeError, ArithmeticError):
            return False, INVALID_AMOUNT, None
        digits = re.sub(r"[^0-9]", "", phone)[-10:]
        if amount_paise < MINIMUM_PAISE:
            return False, INVALID_AMOUNT, None
        if len(digits) != 10:
            return False, INVALID_PHONE, None
        try:
            base = self._known_account().app_base_url
            order = self.create_order(
                OrderRequest(
                    order_id=order_id or new_order_id(),
                    amount_paise=amount_paise,
                    currency=INR,
                    customer=Customer(id=customer_id_for(user_id), name=username, email=email, phone=digits),
                    return_url=f"{base}/?order_id={{order_id}}" if base else "",
                    notify_url=f"{base}/webhooks/cashfree" if base else "",
                    expires_at=self._clock() + ORDER_LIFETIME,
                    tags={"plan": plan},
                    note=plan,
                )
            )
        except GatewayError as exc:
            log.error("payment_order_failed", gateway=self.name, error=type(exc).__name__, detail=exc.detail)
            return False, exc.user_message, None
        return True, "Order created. Continue to payment.", _as_guide_dict(order)

    def _known_account(self) -> Account:
        if self._account is None:
            account = configured_account()
            self._account = replace(account, api_base=self._api_base or account.api_base)
        elif not self._account.api_base:
            self._account = with_host(self._account)
        return self._account

    def _with_reachable_notify_url(self, request: OrderRequest) -> OrderRequest:
        """Without an http:// notify_url for the real hosts: they refuse it, and could not call it anyway."""
        if request.notify_url.startswith("https://") or self._known_account().api_base.startswith("http://"):
            return request
        return replace(request, notify_url="")

    def _existing_order(self, order_id: str, deadline: float) -> GatewayOrder:
        """The order that Cashfree just said exists; not to find it then is a contradiction, try later."""
        try:
            document = self._api.get("fetch_order", order_id, order_path(order_id), deadline=deadline)
        except GatewayObjectNotFound as exc:
            raise GatewayReplyInvalid(detail="the order exists and is not found") from exc
        return order_from(document, order_id=order_id)


def _is_same(order: GatewayOrder, request: OrderRequest) -> bool:
    return (order.amount_paise, order.currency) == (request.amount_paise, request.currency)


def _as_guide_dict(order: GatewayOrder) -> dict[str, Any]:
    return {
        "payment_session_id": order.payment_session_id,
        "order_id": order.order_id,
        "cf_order_id": order.gateway_order_id,
        "order_amount": rupees_from_paise(order.amount_paise),
        "order_currency": order.currency,
        "order_status": order.status.name,
    }
