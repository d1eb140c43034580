"""What the Razorpay half remembers. Amounts are integer paise; every ``*_at`` is an aware moment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

# Both the documented default of capturing and the shorter of the documented times to auto-refund.
THREE_DAYS_SECONDS = 3 * 24 * 3600


@dataclass(slots=True)
class RazorpayAccount:
    """A merchant account with its switches; ids of one account do not exist for another."""

    kind: ClassVar[str] = "razorpay_account"
    key_id: str
    key_secret: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    account_id: str
    name: str = "Simulator shop"
    capture: str = "automatic"
    capture_delay_seconds: int = 0
    # An authorised payment that nobody captured goes back after so long.
    capture_window_seconds: int = THREE_DAYS_SECONDS
    unique_receipts: bool = False
    upi_intent: bool = True
    instant_refunds: bool = True
    # processed: at once; late: two seconds later; failed: two seconds later; pending: until settled by hand.
    refund_result: str = "processed"
    # None: refunds are never short of money.
    balance_paise: int | None = None
    max_amount_paise: int = 50_000_000

    @property
    def key(self) -> str:
        return self.key_id


@dataclass(slots=True)
class RazorpayOrder:
    """A merchant's request to be paid. ``capture`` and ``window_seconds`` override the account's."""

    kind: ClassVar[str] = "razorpay_order"
    order_id: str
    key_id: str
    amount_paise: int
    currency: str
    receipt: str | None
    notes: dict[str, str]
    created_at: datetime
    capture: str | None = None
    window_seconds: int | None = None
    status: str = "created"
    attempts: int = 0
    amount_paid_paise: int = 0
    payment_ids: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        return self.order_id


@dataclass(slots=True)
class RazorpayPayment:
    """One attempt to pay. ``settles_at``/``settles_as`` is what time will do to it."""

    kind: ClassVar[str] = "razorpay_payment"
    payment_id: str
    order_id: str
    key_id: str
    method: str
    details: dict[str, Any]
    amount_paise: int
    currency: str
    created_at: datetime
    email: str
    contact: str
    description: str | None
    notes: dict[str, str]
    status: str = "created"
    captured: bool = False
    fee_paise: int | None = None
    tax_paise: int | None = None
    error: dict[str, Any] | None = None
    acquirer: dict[str, Any] = field(default_factory=dict)
    refund_ids: list[str] = field(default_factory=list)
    amount_refunded_paise: int = 0
    captured_at: datetime | None = None
    settles_at: datetime | None = None
    settles_as: str | None = None

    @property
    def key(self) -> str:
        return self.payment_id

    @property
    def reference(self) -> str:
        """What a UPI link carries as ``tr``."""
        return self.payment_id.removeprefix("pay_")


@dataclass(slots=True)
class RazorpayRefund:
    """Money going back for one payment; ``is_automatic`` when the gateway itself decided it."""

    kind: ClassVar[str] = "razorpay_refund"
    refund_id: str
    payment_id: str
    order_id: str
    key_id: str
    amount_paise: int
    currency: str
    created_at: datetime
    notes: dict[str, str]
    receipt: str | None = None
    speed_requested: str = "normal"
    speed_processed: str = "normal"
    status: str = "pending"
    arn: str | None = None
    is_automatic: bool = False
    settles_at: datetime | None = None
    settles_as: str | None = None

    @property
    def key(self) -> str:
        return self.refund_id


@dataclass(slots=True)
class RazorpayCheckout:
    """One opened checkout. ``flow``: frame (checkout.js), page (checkout.js, redirect), hosted (form)."""

    kind: ClassVar[str] = "razorpay_checkout"
    checkout_id: str
    order_id: str
    key_id: str
    flow: str
    options: dict[str, Any]
    frame_origin: str = ""
    callback_url: str = ""
    cancel_url: str = ""
    # Webviews and hosted checkouts hear of failures as well; others may simply try again.
    posts_failures: bool = False

    @property
    def key(self) -> str:
        return self.checkout_id
