"""What the simulator remembers: Cashfree's records, and those both gateways use.

Amounts are integer paise; every ``*_at`` is an aware moment.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from typing import Any, ClassVar, TypeVar

from simulator.razorpay_records import (
    RazorpayAccount,
    RazorpayCheckout,
    RazorpayOrder,
    RazorpayPayment,
    RazorpayRefund,
)

OPEN_PAYMENT = frozenset({"NOT_ATTEMPTED", "PENDING"})


@dataclass(slots=True)
class Order:
    """A merchant's request to be paid."""

    kind: ClassVar[str] = "order"
    order_id: str
    cf_order_id: str
    session_id: str
    amount_paise: int
    currency: str
    created_at: datetime
    expires_at: datetime
    api_version: str
    customer: dict[str, Any]
    meta: dict[str, Any]
    status: str = "ACTIVE"
    note: str | None = None
    tags: dict[str, str] | None = None
    splits: list[Any] = field(default_factory=list)
    cart: dict[str, Any] | None = None
    payment_ids: list[str] = field(default_factory=list)
    refund_ids: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.order_id


@dataclass(slots=True)
class Payment:
    """One attempt to pay. ``settles_at``/``settles_as`` is a result that time will bring."""

    kind: ClassVar[str] = "payment"
    cf_payment_id: str
    order_id: str
    method: str
    group: str
    details: dict[str, Any]
    amount_paise: int
    currency: str
    started_at: datetime
    status: str = "PENDING"
    surcharge_paise: int = 0
    discount_paise: int = 0
    message: str | None = None
    error: dict[str, Any] | None = None
    bank_reference: str | None = None
    finished_at: datetime | None = None
    settles_at: datetime | None = None
    settles_as: str | None = None
    auto_refunded: bool = False

    @property
    def key(self) -> str:
        return self.cf_payment_id

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_PAYMENT


@dataclass(slots=True)
class Refund:
    """Money going back for one payment."""

    kind: ClassVar[str] = "refund"
    cf_refund_id: str
    refund_id: str
    order_id: str
    cf_payment_id: str
    amount_paise: int
    currency: str
    created_at: datetime
    refund_type: str
    note: str | None = None
    speed: str = "STANDARD"
    status: str = "PENDING"
    reason: str | None = None
    arn: str | None = None
    processed_at: datetime | None = None
    settles_at: datetime | None = None
    settles_as: str | None = None

    @property
    def key(self) -> str:
        return self.cf_refund_id


@dataclass(slots=True)
class Event:
    """Something the merchant is told about, once per endpoint."""

    kind: ClassVar[str] = "event"
    event_id: str
    event_type: str
    order_id: str | None
    created_at: datetime
    gateway: str = "cashfree"
    delivery_ids: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.event_id


@dataclass(slots=True)
class Delivery:
    """One event on its way to one address.

    States: waiting, sending, delivered, given_up, held, dropped, and exhausted: Razorpay made its last
    attempt, but its day is not over. ``secret`` is the one that signs Razorpay's attempts: an event keeps
    the secret it was born under.
    """

    kind: ClassVar[str] = "delivery"
    delivery_id: str
    event_id: str
    url: str
    version: str
    body: str
    idempotency_key: str
    due_at: datetime
    state: str = "waiting"
    attempt: int = 0
    gateway: str = "cashfree"
    secret: str = field(default="", repr=False)
    endpoint_id: str = ""
    log: list[dict[str, Any]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.delivery_id


@dataclass(slots=True)
class Endpoint:
    """An address registered in a gateway's dashboard.

    Cashfree's has the webhook version it wants; Razorpay's a secret, a list of events (empty: all) and
    the account it belongs to.
    """

    kind: ClassVar[str] = "endpoint"
    endpoint_id: str
    url: str
    version: str
    gateway: str = "cashfree"
    key_id: str = ""
    secret: str = field(default="", repr=False)
    events: list[str] = field(default_factory=list)
    is_active: bool = True

    @property
    def key(self) -> str:
        return self.endpoint_id


@dataclass(slots=True)
class StoredReply:
    """A reply kept for an idempotency key."""

    kind: ClassVar[str] = "reply"
    key: str
    body_digest: str
    status: int
    body: str
    stored_at: datetime


@dataclass(slots=True)
class SimulationRun:
    """A result forced through POST /pg/simulate."""

    kind: ClassVar[str] = "simulation"
    simulation_id: str
    entity: str
    entity_id: str
    outcome: dict[str, Any]

    @property
    def key(self) -> str:
        return self.simulation_id


Record = (
    Order
    | Payment
    | Refund
    | Event
    | Delivery
    | Endpoint
    | StoredReply
    | SimulationRun
    | RazorpayAccount
    | RazorpayCheckout
    | RazorpayOrder
    | RazorpayPayment
    | RazorpayRefund
)
R = TypeVar("R", bound=Record)


def as_stored(record: Record) -> dict[str, Any]:
    """Turn a record into plain JSON values."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(record).items()
    }


def from_stored(record_type: type[R], stored: dict[str, Any]) -> R:
    """Build a record from what as_stored wrote; members this version does not know are left out."""
    known = {f.name for f in fields(record_type)}
    values: dict[str, Any] = {name: value for name, value in stored.items() if name in known}
    for name in known:
        if name.endswith("_at") and values.get(name):
            values[name] = datetime.fromisoformat(values[name])
    return record_type(**values)
