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
    """The buyer as the gateway may know them. `phone` is ten digits."""

    id: str
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """An order of ours that the gateway shall open. `order_id` is ours and is also the gateway's."""

    order_id: str
    amount_paise: int
    currency: str
    customer: Customer
    return_url: str
    notify_url: str
    expires_at: datetime
    tags: Mapping[str, str] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class GatewayOrder:
    """The gateway's view of one order."""

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

    `dedupe_key` depends only on bytes that the signature covers.
    """

    gateway: str
    dedupe_key: str
    event_type: str
    order_id: str | None
    body: bytes


class PaymentGateway(Protocol):
    """The verbs every gateway offers. All raise the GatewayError tree; a timeout is GatewayTimeout."""

    name: str

    def create_order(self, request: OrderRequest) -> GatewayOrder:
        """Open the order, or find it if it exists already with the same amount. Idempotent by order id."""
        ...

    def fetch_order(self, order_id: str) -> GatewayOrder: ...

    def fetch_payments(self, order_id: str) -> tuple[GatewayPayment, ...]: ...

    def terminate_order(self, order_id: str) -> GatewayOrder:
        """Ask that no new attempt is accepted. The reply's status is the truth."""
        ...

    def create_refund(self, order_id: str, *, refund_id: str, amount_paise: int, note: str) -> GatewayRefund:
        """Ask for a refund under our id. Repeating it with the same id finds the first one."""
        ...

    def fetch_refund(self, order_id: str, refund_id: str) -> GatewayRefund: ...

    def fetch_refunds(self, order_id: str) -> tuple[GatewayRefund, ...]:
        """All refunds of an order, also those that we did not ask for."""
        ...

    def list_movements(self, since: datetime, until: datetime) -> Iterator[Movement]:
        """The gateway's own account of a stretch of time. It may lag days behind, and may take minutes.

        What can be read is yielded before an unreadable line raises GatewayReplyInvalid. Orders of other
        shops on the same account are in it too.
        """
        ...

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> WebhookEvent:
        """Verify and read a message. Raises WebhookRefused (401) or WebhookUnreadable (400)."""
        ...
