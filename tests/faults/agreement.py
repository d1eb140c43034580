"""Whether the books agree with the gateway: nothing lost, nothing doubled, nothing invented.

The gateway's truth comes over HTTP from the simulator's process, the books are read as psql would. What is
written once per rupee is counted here by key; that it balances is asked of `database.invariants`.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from operations.check import State, run_checks
from tests.faults.shop import Shop

Rows = list[dict[str, Any]]

_PAYMENTS = """
    SELECT p.gateway_payment_id, p.order_id, p.amount_paise, p.role, p.status,
           (SELECT count(*) FROM subscription_periods s WHERE s.payment_id = p.id) AS periods,
           (SELECT count(*) FROM subscription_periods s WHERE s.payment_id = p.id AND s.revoked_at IS NULL) AS live,
           (SELECT count(DISTINCT l.txn_id) FROM ledger_entries l WHERE l.payment_id = p.id AND l.refund_id IS NULL)
               AS transactions
    FROM payments p
    WHERE p.role IS NOT NULL
"""
_REFUNDS = """
    SELECT r.refund_key, r.gateway_refund_id, r.amount_paise, r.status, p.order_id,
           (SELECT count(DISTINCT l.txn_id) FROM ledger_entries l WHERE l.refund_id = r.id) AS transactions
    FROM refunds r
    JOIN payments p ON p.id = r.payment_id
"""
_RECEIPTS = """
    SELECT u.username,
           (SELECT count(*) FROM emails e WHERE e.user_id = u.id AND e.kind = 'receipt') AS receipts,
           (SELECT count(*) FROM payments p JOIN orders o ON o.id = p.order_id
            WHERE o.user_id = u.id AND p.role = 'primary') AS bought
    FROM users u
"""


def disagreements(shop: Shop) -> list[str]:
    """What is wrong, one line each; empty when the books tell the gateway's story once, and every invariant holds."""
    return [*disagreements_with_gateway(shop), *violations(shop)]


def violations(shop: Shop) -> list[str]:
    """The invariants that do not hold."""
    return [str(found) for found in run_checks(shop.services) if found.state is State.VIOLATED]


def disagreements_with_gateway(shop: Shop) -> list[str]:
    """What the books lack, have twice, or made up."""
    truth = shop.truth()
    return [*_of_payments(shop, truth), *_of_refunds(shop, truth), *_of_receipts(shop), *_of_events(shop)]


def _of_payments(shop: Shop, truth: dict[str, Rows]) -> list[str]:
    taken = {p["cf_payment_id"]: p for p in truth["payments"] if p["status"] == "SUCCESS"}
    booked = {p["gateway_payment_id"]: p for p in shop.rows(_PAYMENTS)}
    returned = _processed(truth["refunds"])
    wrong = [f"payment {key} of {taken[key]['order_id']} is lost" for key in taken.keys() - booked.keys()]
    wrong += [f"payment {key} was never made" for key in booked.keys() - taken.keys()]
    for key in taken.keys() & booked.keys():
        ours, theirs = booked[key], taken[key]
        is_returned = returned[key] == theirs["amount_paise"]
        expected = {
            "order_id": theirs["order_id"],
            "amount_paise": theirs["amount_paise"],
            "status": "refunded" if is_returned else "captured",
            "transactions": 1,
            "periods": 1 if ours["role"] == "primary" else 0,
            "live": 1 if ours["role"] == "primary" and not is_returned else 0,
        }
        wrong += [
            f"payment {key} of {ours['order_id']}: {name} is {ours[name]}, not {value}"
            for name, value in expected.items()
            if ours[name] != value
        ]
    return wrong


def _of_refunds(shop: Shop, truth: dict[str, Rows]) -> list[str]:
    given = {r["refund_id"]: r for r in truth["refunds"] if r["status"] == "SUCCESS"}
    booked = {r["refund_key"]: r for r in shop.rows(_REFUNDS) if r["status"] == "processed"}
    wrong = [f"refund {key} of {given[key]['order_id']} is lost" for key in given.keys() - booked.keys()]
    wrong += [f"refund {key} was never made" for key in booked.keys() - given.keys()]
    for key in given.keys() & booked.keys():
        if booked[key]["amount_paise"] != given[key]["amount_paise"]:
            wrong.append(f"refund {key} has another amount")
        if booked[key]["transactions"] != 1:
            wrong.append(f"refund {key} was posted {booked[key]['transactions']} times")
    return wrong


def _of_receipts(shop: Shop) -> list[str]:
    return [
        f"{row['username']} bought {row['bought']} times and has {row['receipts']} receipts"
        for row in shop.rows(_RECEIPTS)
        if row["bought"] != row["receipts"]
    ]


def _of_events(shop: Shop) -> list[str]:
    return [
        f"event {row['id']} of {row['order_id']} is {row['status']}"
        for row in shop.rows("SELECT id, order_id, status FROM gateway_events WHERE status = 'new'")
    ]


def _processed(refunds: Rows) -> Counter[str]:
    returned: Counter[str] = Counter()
    for refund in refunds:
        if refund["status"] == "SUCCESS":
            returned[refund["cf_payment_id"]] += refund["amount_paise"]
    return returned
