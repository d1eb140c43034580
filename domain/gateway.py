"""What we ask of a payment gateway and what it answers, as typed values, and the Protocol each adapter meets.

Adapters translate the gateway's JSON into these values at the edge; nothing else travels further.
Amounts are integer paise. Statuses that a gateway invents later become UNKNOWN, never an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

# The reason of a cancelled attempt whose money a bank held, and which nobody took: the bank gives it back by itself.
RETURNED_UNTAKEN = "returned_untaken"


class GatewayOrderStatus(Enum):
    ACTIVE = "active"
    PAID = "paid"
    EXPIRED = "expired"
    TERMINATED = "terminated"
    TERMINATION_REQUESTED = "termination_requested"
    UNKNOWN = "unknown"


class GatewayPaymentStatus(Enum):
    NOT_STARTED = "not_started"  # the method was chosen, no bank was asked
    PENDING = "pending"
    # The bank holds the money for us. It is ours once captured, and goes back by itself if nobody captures it.
    AUTHORIZED = "authorized"
    SUCCESS = "success"
    FAILED = "failed"
    DROPPED = "dropped"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


class GatewayRefundStatus(Enum):
    PENDING = "pending"
    SUCCESS = "success"
    FAILED = "failed"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Customer:
    """The buyer as the gateway may know them. `phone` is ten digits, never empty: gateways insist on one."""

    id: str
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class OrderRef:
    """Which order is meant: our id, and the gateway's own number once it has been told to us.

    Some gateways know an order by our id, others only by theirs. Without theirs, an adapter of the second
    kind searches by ours.
    """

    order_id: str
    gateway_order_id: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order of ours that the gateway shall open.

    `may_exist` says that the gateway may have been asked for it before: a gateway without idempotency keys
    is searched first.
    """

    order_id: str
    amount_paise: int
    currency: str
    customer: Customer
    return_url: str
    notify_url: str
    expires_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    may_exist: bool = False


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    """The gateway's view of one order.

    `payment_session_id` is what the gateway's checkout is opened with. `expires_at` is None at a gateway
    whose orders do not end by themselves: then our own deadline counts.
    """

    order_id: str
    gateway_order_id: str
    status: GatewayOrderStatus
    amount_paise: int
    currency: str
    payment_session_id: str | None
    expires_at: datetime | None = None
    created_at: datetime | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class GatewayPayment:
    """The gateway's view of one attempt to pay an order.

    `amount_paise` is the *order* amount the attempt pays for; `charged_paise` is what the customer's bank
    was asked for, which differs under a surcharge or an offer. `is_money` is false for a success that
    moves no money yet (cash on delivery, an authorisation without capture).
    """

    gateway_payment_id: str
    order_id: str
    status: GatewayPaymentStatus
    amount_paise: int
    currency: str
    charged_paise: int
    charged_currency: str
    method: str
    message: str = ""
    error_code: str = ""
    error_reason: str = ""
    paid_at: datetime | None = None
    is_money: bool = True


@dataclass(frozen=True, slots=True)
class GatewayRefund:
    """The gateway's view of one refund. `refund_id` is ours where we asked for it.

    `is_automatic` is true for what the gateway returns by itself: a second success, one that came too late.
    """

    refund_id: str
    gateway_refund_id: str
    order_id: str
    gateway_payment_id: str
    amount_paise: int
    currency: str
    status: GatewayRefundStatus
    is_automatic: bool = False
    processed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CheckoutPage:
    """What a page that opens the gateway's checkout knows. `callback_url` takes the gateway's form post."""

    order: OrderRef
    payment_session_id: str
    amount_paise: int
    currency: str
    customer: Customer
    business_name: str
    description: str
    callback_url: str
    seconds_left: int


@dataclass(frozen=True, slots=True)
class UpiRequest:
    """An attempt to pay an order by UPI, and the browser that asks for it."""

    order: OrderRef
    amount_paise: int
    currency: str
    customer: Customer
    description: str
    ip_address: str
    user_agent: str
    referer: str


@dataclass(frozen=True, slots=True)
class UpiLink:
    """What opens a UPI app for exactly one attempt: to be drawn or clicked as it is, never altered."""

    link: str = field(repr=False)
    gateway_payment_id: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at the gateway: the order with all attempts and refunds it knew at that moment."""

    order: GatewayOrder
    payments: tuple[GatewayPayment, ...]
    refunds: tuple[GatewayRefund, ...] = ()


class MovementKind(Enum):
    PAYMENT = "payment"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Movement:
    """A line of the gateway's own account of money: what it took for an order, or gave back.

    `amount_paise` of a payment is the *order* amount where the report gives one. `refund_id` is ours where
    we asked for the refund; `gateway_refund_id` is the report's number, which may differ from the one that
    `fetch_refund` answers. Both are empty for a payment.
    """

    kind: MovementKind
    order_id: str
    gateway_payment_id: str
    amount_paise: int
    currency: str
    occurred_at: datetime
    gateway_refund_id: str = ""
    refund_id: str = ""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """A verified message of a gateway. The body is a hint to look, never the truth about money.

    `dedupe_key` depends only on bytes that the signature covers. `order_id` is ours, as far as the message
    says it; `gateway_order_id` is given where the gateway has a number of its own.
    """

    gateway: str
    dedupe_key: str
    event_type: str
    order_id: str | None
    body: bytes
    gateway_order_id: str | None = None


class PaymentGateway(Protocol):
    """The verbs every gateway offers. All raise the GatewayError tree; a timeout is GatewayTimeout."""

    name: str

    def is_reachable(self) -> bool:
        """False while the gateway failed too often just now and is not called at all. Asks nobody."""
        ...

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open the order, or find it if it exists already with the same amount.

        Repeating it may leave a second order at the gateway that nobody is told of, never two that can be paid:
        the caller keeps the first `gateway_order_id` that it stored.
        """
        ...

    def fetch_order(self, order: OrderRef) -> GatewayOrder: ...

    def fetch_payments(self, order: OrderRef) -> tuple[GatewayPayment, ...]: ...

    def capture_payment(self, order: OrderRef, payment: GatewayPayment) -> GatewayPayment:
        """Take the money that a bank holds for us. The reply's status is the truth.

        One that was captured in the meantime comes back as it is. Raises GatewayRequestRejected for a payment
        that cannot be captured.
        """
        ...

    def terminate_order(self, order: OrderRef) -> GatewayOrder:
        """Ask that no new attempt is accepted, where the gateway can do that. The reply's status is the truth."""
        ...

    def create_refund(
        self, order: OrderRef, *, refund_id: str, gateway_payment_id: str, amount_paise: int, note: str
    ) -> GatewayRefund:
        """Ask for a refund under our id. Repeating it with the same id finds the first one.

        A gateway that is asked by order chooses the payment itself; its answer says which.
        """
        ...

    def fetch_refund(self, order: OrderRef, refund_id: str) -> GatewayRefund: ...

    def fetch_refunds(self, order: OrderRef) -> tuple[GatewayRefund, ...]:
        """All refunds of an order, also those that we did not ask for."""
        ...

    def list_movements(self, since: datetime, until: datetime) -> Iterator[Movement]:
        """The gateway's own account of a stretch of time. It may lag days behind, and may take minutes.

        What can be read is yielded before an unreadable line raises GatewayReplyInvalid. Orders of other
        shops on the same account are in it too.
        """
        ...

    def checkout_options(self, page: CheckoutPage) -> Mapping[str, object]:
        """What the gateway's checkout script is called with, as JSON for the page. Holds no secret."""
        ...

    def offers_upi_links(self) -> bool:
        """False where the account has no UPI links of its own, as far as is known. Asks nobody."""
        ...

    def upi_link(self, request: UpiRequest) -> UpiLink | None:
        """Begin an attempt to pay by UPI, and say what opens the app; None where the account has no such feature.

        Never repeated: after a lost answer there may be an attempt whose link nobody has, so nobody can pay it.
        """
        ...

    def claimed_payment(self, order: OrderRef, form: Mapping[str, str]) -> str | None:
        """The payment that a signed return names for this order of ours; None if nothing proves it.

        A claim is a reason to look, never money: it says nothing about amount, capture or time.
        """
        ...

    def named_order(self, form: Mapping[str, str]) -> str | None:
        """The gateway's number of the order that a returning form speaks of, signed or not: a hint of where to look."""
        ...

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Verify and read a message. Raises WebhookRefused (401) or WebhookUnreadable (400)."""
        ...

    def reports_payment(self, event_type: str) -> bool:
        """True for the types of message that say that money has come: such a message has to lead to money."""
        ...
