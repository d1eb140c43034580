"""Money that a bank only holds: who needs it takes it once, and what nobody needs goes back and never was ours."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import datetime

from tests.faults.gateway_truth import Table
from tests.faults.movable_database import MovableDatabase

_ORDERS = """
    SELECT o.id, o.checkout_id::text, o.status, o.expires_at,
           EXISTS (SELECT 1 FROM payments p WHERE p.checkout_id = o.checkout_id AND p.role = 'primary') AS is_bought
    FROM orders o
"""


def taken_without_need(database: MovableDatabase, order_id: str, payment_id: str) -> list[str]:
    """Called when we have just captured a payment: what says that it should have been left to go back."""
    rows = database.rows(
        """
        SELECT o.id, p.order_id
        FROM orders o
        JOIN payments p ON p.checkout_id = o.checkout_id AND p.role = 'primary'
        WHERE o.id = %s
        """,
        order_id,
    )
    return [f"payment {payment_id} of {order_id} is captured, and {sold} had been paid" for _, sold in rows]


def left_though_needed(
    database: MovableDatabase, table: Table, began: dict[str, datetime], *, refund_late: bool
) -> list[str]:
    """Authorised payments that would buy what is not bought yet, and that nobody captured. Call it in the end."""
    orders = {str(row[0]): row for row in database.rows(_ORDERS)}
    wrong = []
    for payment in table["payments"]:
        order = orders.get(payment["order_id"])
        if payment["status"] != "AUTHORIZED" or order is None:
            continue
        _, _, status, expires_at, is_bought = order
        is_late = refund_late and began[payment["cf_payment_id"]] > expires_at
        if not is_bought and not is_late and status != "quarantined":
            wrong.append(f"payment {payment['cf_payment_id']} of {order[0]} ({status}) was not captured")
    return wrong


def opened_twice(table: Table) -> list[str]:
    """Orders of ours of which a gateway holds two. Call it where no list of the gateway's lagged."""
    held = Counter(row["order_id"] for row in table["orders"])
    return [f"order {order_id} was opened {count} times" for order_id, count in held.items() if count > 1]


def numbers(database: MovableDatabase, table: Table, captured_by_us: set[str]) -> Counter[str]:
    """What came about in one schedule, for the report."""
    found: Counter[str] = Counter()
    gateway_of = {row["order_id"]: row["gateway"] for row in table["orders"]}
    for gateway in gateway_of.values():
        found[f"orders at {gateway}"] += 1
    checkout_of = {str(row[0]): str(row[1]) for row in database.rows(_ORDERS)}
    paid_at: dict[str, set[str]] = defaultdict(set)
    for payment in table["payments"]:
        if payment["status"] == "SUCCESS":
            paid_at[checkout_of.get(payment["order_id"], "")].add(payment["gateway"])
            if payment["gateway"] == "razorpay":
                ours = payment["cf_payment_id"] in captured_by_us
                found["captures by us" if ours else "captures by Razorpay or its dashboard"] += 1
        elif payment["status"] == "RETURNED":
            found["authorised payments that went back uncaptured"] += 1
    found["checkouts paid at both gateways"] = sum(len(gateways) == 2 for gateways in paid_at.values())
    return found
