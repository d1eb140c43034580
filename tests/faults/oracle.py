"""Our books against the gateway's truth: every success once, every refund, access exactly where money stayed.

The simulator's truth table is kept by code that shares nothing with the application. What is read here is read
from outside, by plain SQL on a connection of the test's own.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.faults.movable_database import MovableDatabase

_GOING = frozenset({"PENDING", "ONHOLD"})
_SETTLED = frozenset({"paid", "surplus", "quarantined"})
_LOST = frozenset({"FAILED", "CANCELLED"})


@dataclass(frozen=True)
class Taken:
    """A success at the gateway. `net_paise` is what the gateway has not given back, and will not."""

    payment_id: str
    order_id: str
    order_paise: int
    charged_paise: int
    returned_paise: int
    returning_paise: int

    @property
    def kept(self) -> bool:
        return self.returned_paise == 0


class Truth:
    """The simulator's truth table, in our words."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.orders = {order["order_id"]: order for order in table["orders"]}
        self.refunds = {refund["cf_refund_id"]: refund for refund in table["refunds"]}
        back: dict[tuple[str, str], int] = defaultdict(int)
        for refund in table["refunds"]:
            kind = "going" if refund["status"] in _GOING else str(refund["status"])
            back[refund["cf_payment_id"], kind] += refund["amount_paise"]
        self.payments = {payment["cf_payment_id"]: payment for payment in table["payments"]}
        self.taken = {
            key: Taken(
                key,
                payment["order_id"],
                payment["order_paise"],
                payment["amount_paise"],
                back[key, "SUCCESS"],
                back[key, "going"],
            )
            for key, payment in self.payments.items()
            if payment["status"] == "SUCCESS"
        }


class Books:
    """What our database says, read once."""

    def __init__(self, database: MovableDatabase) -> None:
        def read(statement: str) -> list[Any]:
            return database.rows(statement)

        self.orders = {
            row[0]: row
            for row in read("SELECT id, status, checkout_id::text, user_id::text, created_at FROM orders")
        }
        self.payments = {
            row[1]: row
            for row in read("""
                SELECT p.id, p.gateway_payment_id, p.order_id, p.amount_paise, p.charged_paise, p.role, p.status,
                       p.checkout_id::text,
                       (SELECT count(*) FROM subscription_periods s
                        WHERE s.payment_id = p.id AND s.revoked_at IS NULL) AS live,
                       (SELECT count(*) FROM subscription_periods s WHERE s.payment_id = p.id) AS bought,
                       (SELECT coalesce(sum(amount_paise), 0)::bigint FROM ledger_entries l
                        WHERE l.payment_id = p.id AND account = 'gateway_receivable') AS receivable,
                       (SELECT count(*) FROM emails e
                        WHERE e.dedupe_key = 'receipt:' || p.gateway || ':' || p.gateway_payment_id) AS receipts
                FROM payments p
            """)
        }
        self.refunds = read("""
            SELECT r.refund_key, r.gateway_refund_id, r.amount_paise, r.status, r.origin, p.gateway_payment_id
            FROM refunds r JOIN payments p ON p.id = r.payment_id
        """)
        self.events = {row[0]: row[1] for row in read("SELECT dedupe_key, status FROM gateway_events")}
        self.alarms = [row[0] for row in read("SELECT key FROM alarms WHERE resolved_at IS NULL")]
        self.receipts = read("SELECT count(*) FROM emails WHERE kind = 'receipt'")[0][0]
        self.jobs = read("""
            SELECT id, task_name, status::text, args::text FROM procrastinate_jobs
            WHERE status IN ('doing', 'failed')
        """)

    def names_alarm(self, *words: str) -> bool:
        return any(all(word in key for word in words) for key in self.alarms)


def differences(database: MovableDatabase, table: dict[str, Any], acknowledged: dict[str, str]) -> list[str]:
    """Everything in which our books and the truth differ, in sentences. Call it when all is said and done."""
    truth, books = Truth(table), Books(database)
    return [
        *_money_missing(truth, books),
        *_money_invented(truth, books),
        *_refunds_unlike(truth, books),
        *_access_unlike(truth, books),
        *_mails_unlike(books),
        *_books_unlike(truth, books),
        *_left_lying(books, acknowledged),
    ]


def refunded_too_early(database: MovableDatabase, table: dict[str, Any]) -> list[str]:
    """Refunds that we call done before the gateway has made them. True at any moment."""
    made = {refund["cf_refund_id"] for refund in table["refunds"] if refund["status"] == "SUCCESS"}
    done = database.rows("SELECT gateway_refund_id, refund_key FROM refunds WHERE status = 'processed'")
    return [f"refund {key} is processed in our books only" for number, key in done if number not in made]


def forgotten(database: MovableDatabase, acknowledged: Iterable[str]) -> list[str]:
    """Webhooks that were answered 200 and are not in the inbox. True at any moment."""
    kept = {row[0] for row in database.rows("SELECT dedupe_key FROM gateway_events")}
    return [
        "a webhook was answered 200 and is not in the inbox"
        for body in acknowledged
        if _key(body) not in kept
    ]


def kept_and_unwatched(database: MovableDatabase) -> list[str]:
    """Webhooks in the inbox that nothing came of and that no job waits for. True right after a death, too."""
    rows = database.rows("""
        SELECT e.id
        FROM gateway_events e
        WHERE e.status = 'new'
          AND NOT EXISTS (
            SELECT 1 FROM procrastinate_jobs j
            WHERE j.task_name = 'process_event' AND j.args->>'event_id' = e.id::text
              AND j.status IN ('todo', 'doing'))
    """)
    return [f"event {event_id} is in the inbox and no job will look because of it" for (event_id,) in rows]


def refused_but_open(database: MovableDatabase, table: dict[str, Any]) -> list[str]:
    """Orders that we call failed while the gateway would take money for them. True at any moment.

    At Cashfree: Razorpay's are payable only by their number, which nobody is given of a failed order.
    """
    failed = {row[0] for row in database.rows("SELECT id FROM orders WHERE status = 'failed'")}
    return [
        f"order {order['order_id']} is failed in our books and ACTIVE at the gateway"
        for order in table["orders"]
        if order["order_id"] in failed and order["status"] == "ACTIVE" and order["gateway"] == "cashfree"
    ]


def events_without_effect(database: MovableDatabase) -> list[str]:
    """Events of a payment that are done while our books have no money of their order. True at any moment."""
    rows = database.rows("""
        SELECT e.order_id
        FROM gateway_events e
        JOIN orders o ON o.id = e.order_id
        WHERE e.status = 'processed'
          AND (e.event_type LIKE 'PAYMENT_SUCCESS%' OR e.event_type IN ('payment.captured', 'order.paid'))
          AND o.status NOT IN ('paid', 'surplus', 'quarantined')
    """)
    return [
        f"an event of a payment for {order_id} is done, and the money is not known" for (order_id,) in rows
    ]


def late_but_bought(database: MovableDatabase) -> list[str]:
    """Payments after their order's expiry that bought access, for worlds where late money goes back."""
    rows = database.rows("""
        SELECT p.gateway_payment_id
        FROM payments p
        JOIN orders o ON o.id = p.order_id
        WHERE p.role = 'primary' AND p.paid_at > o.expires_at
    """)
    return [f"payment {key} came after the expiry and bought access" for (key,) in rows]


def still_unknown(database: MovableDatabase, table: dict[str, Any], *, made_after: datetime) -> list[str]:
    """Young orders that the gateway has and of which we do not know whether it has them."""
    rows = database.rows(
        "SELECT id, status FROM orders WHERE status IN ('creating', 'unknown') AND created_at > %s",
        made_after,
    )
    theirs = {order["order_id"] for order in table["orders"]}
    return [f"order {order_id} is {status}" for order_id, status in rows if order_id in theirs]


def money_overdue(database: MovableDatabase, table: dict[str, Any], *, made_after: datetime) -> list[str]:
    """Successes of young orders that our books do not have, where nothing else has settled the order."""
    truth, books = Truth(table), Books(database)
    overdue = []
    for key, taken in truth.taken.items():
        order = books.orders.get(taken.order_id)
        is_waited_for = order is None or (order[1] not in _SETTLED and order[4] > made_after)
        if is_waited_for and key not in books.payments:
            overdue.append(f"payment {key} of {taken.order_id} is not known")
    return overdue


def _money_missing(truth: Truth, books: Books) -> Iterator[str]:
    for key, taken in truth.taken.items():
        mine = books.payments.get(key)
        if mine is None:
            status = books.orders[taken.order_id][1] if taken.order_id in books.orders else "absent"
            yield f"payment {key} of {taken.order_id} ({status}) is not in our books"
        elif mine[6] not in ("captured", "refunded", "held"):
            yield f"payment {key} was taken, our books say {mine[6]}"
        elif (mine[2], mine[3], mine[4]) != (taken.order_id, taken.order_paise, taken.charged_paise):
            yield f"payment {key} is {mine[2:5]} in our books, {taken} in truth"
    for order_id in truth.orders:
        if order_id not in books.orders:
            yield f"order {order_id} is at the gateway and not in our books"


def _money_invented(truth: Truth, books: Books) -> Iterator[str]:
    primaries: dict[str, int] = defaultdict(int)
    for key, mine in books.payments.items():
        if mine[6] in ("captured", "refunded", "held") and key not in truth.taken:
            yield f"payment {key} is {mine[6]} in our books and was never taken"
        if mine[5] == "primary":
            primaries[mine[7]] += 1
    for checkout, count in primaries.items():
        if count > 1:
            yield f"checkout {checkout} was sold {count} times"


def _refunds_unlike(truth: Truth, books: Books) -> Iterator[str]:
    mine = {row[1]: row for row in books.refunds if row[1] is not None}
    for key, refund in truth.refunds.items():
        taken = truth.taken.get(refund["cf_payment_id"])
        if taken is None:
            continue  # It never became our money: the gateway returned what it had not accepted.
        row = mine.get(key)
        words = f"refund {refund['refund_id']} ({refund['status']}) of {refund['cf_payment_id']}"
        if row is None:
            if refund["status"] == "SUCCESS":
                yield f"{words} is not in our books"
            continue
        expected = {"SUCCESS": "processed"}.get(
            refund["status"], "failed" if refund["status"] in _LOST else "pending"
        )
        surcharge = taken.charged_paise - taken.order_paise
        if row[3] != expected:
            yield f"{words} is {row[3]} in our books"
        if row[2] not in (refund["amount_paise"], refund["amount_paise"] - surcharge):
            yield f"{words} over {refund['amount_paise']} is over {row[2]} in our books"
        if refund["is_ours"] == (row[4] == "gateway"):
            yield f"{words} has origin {row[4]} in our books"
    for row in books.refunds:
        if row[3] == "processed" and truth.refunds.get(row[1], {}).get("status") != "SUCCESS":
            yield f"refund {row[0]} is processed in our books and not in truth"
        if row[3] == "intended" and not books.names_alarm("job:execute_refund"):
            yield f"refund {row[0]} was never carried out, and nobody was told"


def _access_unlike(truth: Truth, books: Books) -> Iterator[str]:
    for key, taken in truth.taken.items():
        mine = books.payments.get(key)
        if mine is None:
            continue
        is_gone = taken.returned_paise >= taken.order_paise
        role, status, live, bought = mine[5], mine[6], mine[8], mine[9]
        if role == "primary" and (live, bought) != (0 if is_gone else 1, 1):
            yield f"payment {key} bought {bought} periods, {live} live; given back: {is_gone}"
        if role != "primary" and bought:
            yield f"payment {key} ({role}) bought {bought} periods"
        if (status == "refunded") != (is_gone and status != "held"):
            yield f"payment {key} is {status} in our books; given back: {is_gone}"
        is_told = books.names_alarm(taken.order_id) or books.names_alarm("refund:")
        if role != "primary" and not is_gone and not taken.returning_paise and not is_told:
            yield f"payment {key} ({role}, {status}) bought nothing, stays with us, and nobody was told"
    live_periods = sum(mine[8] for mine in books.payments.values())
    if live_periods != sum(mine[8] for key, mine in books.payments.items() if key in truth.taken):
        yield "there is access without money"


def _mails_unlike(books: Books) -> Iterator[str]:
    primaries = 0
    for key, mine in books.payments.items():
        primaries += mine[5] == "primary"
        if mine[11] != (mine[5] == "primary"):
            yield f"payment {key} ({mine[5]}) has {mine[11]} receipts"
    if books.receipts != primaries:
        yield f"{books.receipts} receipts for {primaries} purchases"


def _books_unlike(truth: Truth, books: Books) -> Iterator[str]:
    for key, mine in books.payments.items():
        if mine[6] == "held":
            continue
        taken = truth.taken.get(key)
        expected = 0 if taken is None else taken.order_paise - min(taken.returned_paise, taken.order_paise)
        if mine[10] != expected:
            yield f"payment {key}: the ledger says {mine[10]}, the gateway holds {expected}"


def _left_lying(books: Books, acknowledged: dict[str, str]) -> Iterator[str]:
    for body in acknowledged:
        key = _key(body)
        if key not in books.events:
            yield "a webhook was answered 200 and is not in the inbox"
        elif books.events[key] == "new":
            yield "a webhook was answered 200 and nothing came of it"
    for row in books.jobs:
        if row[2] == "doing" or not books.names_alarm("job:", str(row[0])):
            yield f"job {row[0]} {row[1]} {row[3]} is {row[2]}"
    for order_id, row in books.orders.items():
        if row[1] in ("creating", "unknown", "created"):
            yield f"order {order_id} is still {row[1]}"
        if row[1] == "quarantined" and not books.names_alarm(order_id):
            yield f"order {order_id} is quarantined and nobody was told"


def _key(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()
