"""Memory that survives a restart: records in dictionaries, written through to one SQLite file.

Changed records are collected and written in one transaction by flush(), which the application
calls before every reply, so that a killed simulator restarts with whole operations only.
Everything runs on the event loop's thread.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from simulator.razorpay_records import (
    RazorpayAccount,
    RazorpayCheckout,
    RazorpayOrder,
    RazorpayPayment,
    RazorpayRefund,
)
from simulator.records import (
    Delivery,
    Endpoint,
    Event,
    Order,
    Payment,
    R,
    Record,
    Refund,
    SimulationRun,
    StoredReply,
    as_stored,
    from_stored,
)


class Store:
    """All records by kind and key."""

    def __init__(self, state_dir: Path) -> None:
        state_dir.mkdir(parents=True, exist_ok=True)
        self._file = sqlite3.connect(
            state_dir / "simulator.sqlite3", isolation_level=None, check_same_thread=False
        )
        # Losing power may lose the last orders of a simulator; losing the process may not.
        self._file.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
            "CREATE TABLE IF NOT EXISTS records"
            " (kind TEXT, key TEXT, body TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;"
        )
        self._changed: dict[tuple[str, str], Record] = {}
        self._numbers: dict[str, int] = {}
        self.order_of_session: dict[str, str] = {}
        self.orders = self._load(Order)
        self.payments = self._load(Payment)
        self.refunds = self._load(Refund)
        self.events = self._load(Event)
        self.deliveries = self._load(Delivery)
        self.endpoints = self._load(Endpoint)
        self.replies = self._load(StoredReply)
        self.simulations = self._load(SimulationRun)
        self.razorpay_accounts = self._load(RazorpayAccount)
        self.razorpay_orders = self._load(RazorpayOrder)
        self.razorpay_payments = self._load(RazorpayPayment)
        self.razorpay_refunds = self._load(RazorpayRefund)
        self.razorpay_checkouts = self._load(RazorpayCheckout)
        self.order_of_session = {o.session_id: o.order_id for o in self.orders.values()}
        self._numbers["last"] = int(self.text("last_number", "0"))

    def save(self, record: Record) -> None:
        """Remember a new or changed record."""
        self._shelves()[record.kind][record.key] = record
        self._changed[record.kind, record.key] = record
        if isinstance(record, Order):
            self.order_of_session[record.session_id] = record.order_id

    def next_number(self) -> int:
        """Return a number never given out before, not even by an earlier simulator on this machine.

        Numbers follow the wall clock, so that wiping the simulator does not repeat ids which an
        application has already stored.
        """
        number = max(self._numbers["last"] + 1, time.time_ns() // 1_000_000)
        self._numbers["last"] = number
        return number

    def flush(self) -> None:
        """Write every changed record in one transaction."""
        if not self._changed:
            return
        rows = [(k, key, json.dumps(as_stored(r))) for (k, key), r in self._changed.items()]
        rows.append(("text", "last_number", json.dumps(str(self._numbers["last"]))))
        self._write(rows)
        self._changed.clear()

    def text(self, key: str, default: str) -> str:
        """Return a single remembered value."""
        row = self._file.execute(
            "SELECT body FROM records WHERE kind = 'text' AND key = ?", (key,)
        ).fetchone()
        return default if row is None else str(json.loads(row[0]))

    def set_text(self, key: str, value: str) -> None:
        """Remember a single value at once."""
        self._write([("text", key, json.dumps(value))])

    def remove_endpoint(self, endpoint_id: str) -> bool:
        """Forget an endpoint. True when there was one."""
        self._file.execute("DELETE FROM records WHERE kind = 'endpoint' AND key = ?", (endpoint_id,))
        return self.endpoints.pop(endpoint_id, None) is not None

    def clear(self) -> None:
        """Forget everything except which numbers were given out."""
        self._file.execute("DELETE FROM records WHERE kind <> 'text'")
        self._changed.clear()
        self.order_of_session.clear()
        for shelf in self._shelves().values():
            shelf.clear()

    def close(self) -> None:
        """Write what is left and release the file."""
        self.flush()
        self._file.close()

    def _load(self, record_type: type[R]) -> dict[str, R]:
        rows = self._file.execute("SELECT key, body FROM records WHERE kind = ?", (record_type.kind,))
        return {key: from_stored(record_type, json.loads(body)) for key, body in rows}

    def _write(self, rows: Iterable[tuple[str, str, str]]) -> None:
        self._file.execute("BEGIN")
        self._file.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
        self._file.execute("COMMIT")

    def _shelves(self) -> dict[str, dict[str, Any]]:
        return {
            "order": self.orders,
            "payment": self.payments,
            "refund": self.refunds,
            "event": self.events,
            "delivery": self.deliveries,
            "endpoint": self.endpoints,
            "reply": self.replies,
            "simulation": self.simulations,
            "razorpay_account": self.razorpay_accounts,
            "razorpay_order": self.razorpay_orders,
            "razorpay_payment": self.razorpay_payments,
            "razorpay_refund": self.razorpay_refunds,
            "razorpay_checkout": self.razorpay_checkouts,
        }
