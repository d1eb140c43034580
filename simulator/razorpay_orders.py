"""Razorpay's orders: creation, finding, and whether one may be paid. They never expire."""

from __future__ import annotations

from dataclasses import dataclass

from simulator import razorpay_errors as errors
from simulator.gateway import Gateway
from simulator.razorpay_ids import new_id
from simulator.razorpay_records import RazorpayAccount, RazorpayOrder, RazorpayPayment


@dataclass(frozen=True, slots=True)
class RazorpayOrderRequest:
    """A create request that has passed validation."""

    amount_paise: int
    currency: str
    receipt: str | None
    notes: dict[str, str]
    capture: str | None
    window_seconds: int | None
    unique_receipt: bool = False


def create(gateway: Gateway, account: RazorpayAccount, wanted: RazorpayOrderRequest) -> RazorpayOrder:
    """Store a new order. A receipt may repeat unless the account enforces otherwise.

    A request may ask for it as well (``unique_receipt``): then the order that has the receipt is the answer.
    """
    first = None if wanted.receipt is None else _first_under(gateway, account, wanted.receipt)
    if first is not None and wanted.unique_receipt and _is_for(first, wanted):
        return first
    if first is not None and (account.unique_receipts or wanted.unique_receipt):
        raise errors.invalid("receipt", "Order receipt should be unique.")
    order = RazorpayOrder(
        order_id=new_id("order"),
        key_id=account.key_id,
        amount_paise=wanted.amount_paise,
        currency=wanted.currency,
        receipt=wanted.receipt,
        notes=wanted.notes,
        created_at=gateway.now(),
        capture=wanted.capture,
        window_seconds=wanted.window_seconds,
    )
    gateway.store.save(order)
    return order


def find(gateway: Gateway, account: RazorpayAccount, order_id: str) -> RazorpayOrder:
    """Return an order of this account. Raises RazorpayError for one of another account as well."""
    order = gateway.store.razorpay_orders.get(order_id)
    if order is None or order.key_id != account.key_id:
        raise errors.no_such_id()
    return order


def of_account(gateway: Gateway, account: RazorpayAccount) -> list[RazorpayOrder]:
    """Return an account's orders, oldest first."""
    return [order for order in gateway.store.razorpay_orders.values() if order.key_id == account.key_id]


def _first_under(gateway: Gateway, account: RazorpayAccount, receipt: str) -> RazorpayOrder | None:
    return next((order for order in of_account(gateway, account) if order.receipt == receipt), None)


def _is_for(order: RazorpayOrder, wanted: RazorpayOrderRequest) -> bool:
    return (order.amount_paise, order.currency) == (wanted.amount_paise, wanted.currency)


def payments_of(gateway: Gateway, order: RazorpayOrder) -> list[RazorpayPayment]:
    """Return an order's attempts, oldest first."""
    return [gateway.store.razorpay_payments[key] for key in order.payment_ids]


def is_taken(gateway: Gateway, order: RazorpayOrder, *, besides: RazorpayPayment | None = None) -> bool:
    """True when the order is paid, or a payment other than ``besides`` waits for its capture."""
    return order.status == "paid" or any(
        payment.status == "authorized" and payment is not besides for payment in payments_of(gateway, order)
    )


def require_payable(gateway: Gateway, order: RazorpayOrder) -> None:
    """Raise RazorpayError when the order takes no further payment."""
    if is_taken(gateway, order):
        raise errors.order_is_paid()
