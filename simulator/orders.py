"""Orders: creation, the reply entity, expiry and termination. Reference section "Orders"."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from simulator import errors
from simulator.clock import ist
from simulator.gateway import Gateway
from simulator.records import Order
from simulator.wire import rupees


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """A create request that has passed validation."""

    order_id: str | None
    amount_paise: int
    currency: str
    customer: dict[str, Any]
    meta: dict[str, Any]
    expires_at: datetime
    note: str | None
    tags: dict[str, str] | None
    splits: list[Any]
    cart: dict[str, Any] | None


def create(gateway: Gateway, wanted: OrderRequest, *, api_version: str) -> Order:
    """Store a new order. Raises ApiError 409 when the id was ever used, whatever became of it."""
    order_id = wanted.order_id or f"order_{gateway.account.client_id}{secrets.token_hex(8)}"[:45]
    if order_id in gateway.store.orders:
        raise errors.order_exists()
    order = Order(
        order_id=order_id,
        cf_order_id=str(gateway.store.next_number()),
        # The real one often ends in the word "payment", which must not be stripped.
        session_id=f"session_{secrets.token_urlsafe(96)}payment",
        amount_paise=wanted.amount_paise,
        currency=wanted.currency,
        created_at=gateway.now(),
        expires_at=wanted.expires_at,
        api_version=api_version,
        customer=wanted.customer,
        meta=wanted.meta,
        note=wanted.note,
        tags=wanted.tags,
        splits=wanted.splits,
        cart=wanted.cart,
    )
    gateway.store.save(order)
    gateway.agenda.add(order.expires_at, "order", order.key)
    return order


def find(gateway: Gateway, order_id: str) -> Order:
    """Return an order. Raises ApiError 404."""
    order = gateway.store.orders.get(order_id)
    if order is None:
        raise errors.order_not_found()
    return order


def expire(gateway: Gateway, order: Order) -> None:
    """Close an unpaid order whose time is over; a running attempt may still pay it."""
    if order.status == "ACTIVE":
        order.status = "EXPIRED"
        gateway.store.save(order)


def terminate(gateway: Gateway, order: Order) -> None:
    """Close an active order for its merchant, or ask for it while an attempt is running."""
    if order.status != "ACTIVE":
        raise errors.ApiError(400, "order is not active", "order_inactive", has_help=True)
    has_running = any(payment.is_open for payment in gateway.payments_of(order))
    order.status = "TERMINATION_REQUESTED" if has_running else "TERMINATED"
    gateway.store.save(order)


def entity(order: Order, version: str) -> dict[str, Any]:
    """The order as the API shows it: nulls present, ids as strings since 2023-08-01."""
    return {
        "cf_order_id": versioned_id(order.cf_order_id, version),
        "order_id": order.order_id,
        "entity": "order",
        "order_currency": order.currency,
        "order_amount": rupees(order.amount_paise),
        "order_status": order.status,
        "payment_session_id": order.session_id,
        "order_expiry_time": ist(order.expires_at),
        "order_note": order.note,
        "created_at": ist(order.created_at),
        "order_splits": order.splits,
        "customer_details": {
            "customer_id": order.customer.get("customer_id"),
            "customer_name": order.customer.get("customer_name"),
            "customer_email": order.customer.get("customer_email"),
            "customer_phone": order.customer.get("customer_phone"),
            "customer_uid": order.customer.get("customer_uid"),
        },
        "order_meta": {
            "return_url": order.meta.get("return_url"),
            "notify_url": order.meta.get("notify_url"),
            "payment_methods": order.meta.get("payment_methods"),
        },
        "order_tags": order.tags,
        "terminal_data": None,
        "cart_details": order.cart,
        "products": None,
    }


def versioned_id(number: str, version: str) -> str | int:
    """Gateway ids were integers before 2023-08-01."""
    return int(number) if version < "2023-08-01" else number
