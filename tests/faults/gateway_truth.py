"""The simulator's truth table over both gateways, with one set of words: our order ids, and what is our money.

Razorpay has numbers of its own for orders; ours is the receipt. Its payments are money once they are captured, whatever
became of them afterwards, and each is over its own amount, where Cashfree's are over their order's.
"""

from __future__ import annotations

from typing import Any

Table = dict[str, list[dict[str, Any]]]

_REFUNDS = {"processed": "SUCCESS", "failed": "FAILED", "pending": "PENDING"}


def in_our_words(table: Table) -> Table:
    """The table with Razorpay's rows told like Cashfree's. `number` is what Razorpay calls an order."""
    amounts = {row["order_id"]: row["amount_paise"] for row in table["orders"]}
    receipts = {row["order_id"]: row["receipt"] for row in table["orders"] if _is_razorpay(row)}

    def order(row: dict[str, Any]) -> dict[str, Any]:
        if not _is_razorpay(row):
            return {**row, "number": None}
        status = "PAID" if row["status"] == "paid" else "ACTIVE"
        return {**row, "order_id": row["receipt"], "status": status, "number": row["order_id"]}

    def payment(row: dict[str, Any]) -> dict[str, Any]:
        if not _is_razorpay(row):
            return {**row, "order_paise": amounts[row["order_id"]]}
        return {
            **row,
            "cf_payment_id": row["payment_id"],
            "order_id": receipts[row["order_id"]],
            "order_paise": row["amount_paise"],
            "status": "SUCCESS" if row["captured"] else _uncaptured(row["status"]),
        }

    def refund(row: dict[str, Any]) -> dict[str, Any]:
        if not _is_razorpay(row):
            return {**row, "is_ours": not row["refund_id"].startswith(("auto_", "dashboard_"))}
        return {
            **row,
            "cf_refund_id": row["refund_id"],
            "cf_payment_id": row["payment_id"],
            "order_id": receipts[row["order_id"]],
            "refund_id": row["receipt"] or row["refund_id"],
            "is_ours": row["receipt"] is not None,
            "status": _REFUNDS[row["status"]],
        }

    # Of several orders under one receipt the last one counts: the one with money. Cashfree has no two.
    orders = sorted(
        (order(row) for row in table["orders"]),
        key=lambda row: row["number"] is not None and row["status"] == "PAID",
    )
    return {
        "orders": orders,
        "payments": [payment(row) for row in table["payments"]],
        "refunds": [refund(row) for row in table["refunds"]],
    }


def _uncaptured(status: str) -> str:
    # What was authorised and went back by itself was never money of ours.
    return "RETURNED" if status == "refunded" else status.upper()


def _is_razorpay(row: dict[str, Any]) -> bool:
    return bool(row["gateway"] == "razorpay")
