"""Razorpay's own account of money that moved: its lists of payments and refunds, page by page. No clock.

https://razorpay.com/docs/api/payments/fetch-all-payments and …/docs/api/refunds/fetch-all: `from` and `to` are Unix
seconds of when something was *made*, `count` is at most 100, `skip` counts from the newest. A payment that was made
before the time and captured in it is not among them: ask with an overlap of days. The lists may lag by minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from math import ceil
from typing import Any

import structlog

from domain.errors import GatewayObjectNotFound, GatewayReplyInvalid
from domain.gateway import GatewayPaymentStatus, GatewayRefundStatus, Movement, MovementKind
from gateways.fields import UnreadableRow, currency_of, identifier_of, object_of, text_of
from gateways.razorpay_mapping import (
    REFUND_STATUSES,
    is_id,
    items_of,
    order_number_of,
    payment_status_of,
    second_of,
    whole_paise_of,
)

PAGE_ROWS = 100
# A hundred thousand rows: far more than a stretch of time that one asks for, and an end in any case.
MAX_PAGES = 1000

Ask = Callable[[str, Mapping[str, str | int]], Any]

log = structlog.get_logger("payments.gateway")


def movements(ask: Ask, since: datetime, until: datetime) -> Iterator[Movement]:
    """Each payment and each refund once that was made in this time and belongs to an order with a receipt.

    `ask` reads a path with a query. A row without an identity is left out, with a warning in the log. One with
    unreadable money or time does not hide the others: GatewayReplyInvalid is raised when all of them were told.
    Raises ValueError for times without a zone or the wrong way round.
    """
    if since.tzinfo is None or until.tzinfo is None:
        raise ValueError("a moment needs its time zone")
    if until < since:
        raise ValueError("the time ends before it begins")
    return _Reader(ask, int(since.timestamp()), ceil(until.timestamp())).read()


class _Reader:
    """One reading. It remembers which receipt an order has, and which order a payment."""

    def __init__(self, ask: Ask, since: int, until: int) -> None:
        self._ask = ask
        self._span = {"from": since, "to": until}
        self._receipts: dict[str, str] = {}
        self._orders: dict[str, str] = {}
        self._unreadable: list[str] = []

    def read(self) -> Iterator[Movement]:
        # Most orders of the time are told with their receipts a hundred at once.
        for row in self._rows("/orders"):
            if isinstance(row, dict):
                self._receipts[text_of(row.get("id"))] = text_of(row.get("receipt"))
        yield from self._told("/payments", self._payment)
        yield from self._told("/refunds", self._refund)
        if self._unreadable:
            raise GatewayReplyInvalid(
                detail=f"{len(self._unreadable)} unreadable rows, the first {self._unreadable[0]}"
            )

    def _told(self, path: str, read: Callable[[Any], Movement | None]) -> Iterator[Movement]:
        for row in self._rows(path):
            try:
                movement = read(row)
            except GatewayReplyInvalid as exc:
                log.warning("gateway_row_left_out", gateway="razorpay", report=path, detail=exc.detail)
                if not isinstance(exc, UnreadableRow):
                    self._unreadable.append(f"{path}: {exc.detail}")
                continue
            if movement is not None:
                yield movement

    def _rows(self, path: str) -> Iterator[Any]:
        told: set[str] = set()
        for page in range(MAX_PAGES):
            rows = items_of(self._ask(path, {**self._span, "count": PAGE_ROWS, "skip": page * PAGE_ROWS}))
            for row in rows:
                number = text_of(row.get("id")) if isinstance(row, dict) else ""
                # What is made while we read moves the rest: a row may come on two pages.
                if not number or number not in told:
                    told.add(number)
                    yield row
            if len(rows) < PAGE_ROWS:
                return
        raise GatewayReplyInvalid(detail=f"{path}: more than {MAX_PAGES} pages, ask for a shorter time")

    def _payment(self, row: Any) -> Movement | None:
        fields = object_of(row, "payment")
        payment_id = identifier_of(fields, "id")
        number = text_of(fields.get("order_id"))
        self._orders[payment_id] = number
        if payment_status_of(fields) is not GatewayPaymentStatus.SUCCESS or not number:
            return None
        receipt = self._receipt(number)
        if not receipt:
            return None
        return Movement(
            kind=MovementKind.PAYMENT,
            order_id=receipt,
            gateway_payment_id=payment_id,
            amount_paise=whole_paise_of(fields, "amount"),
            currency=currency_of(fields, "currency"),
            occurred_at=_moment(fields),
        )

    def _refund(self, row: Any) -> Movement | None:
        fields = object_of(row, "refund")
        refund_id, payment_id = identifier_of(fields, "id"), identifier_of(fields, "payment_id")
        if REFUND_STATUSES.get(text_of(fields.get("status"))) is not GatewayRefundStatus.SUCCESS:
            return None
        number = self._order_of(payment_id)
        receipt = self._receipt(number) if number else ""
        if not receipt:
            return None
        return Movement(
            kind=MovementKind.REFUND,
            order_id=receipt,
            gateway_payment_id=payment_id,
            gateway_refund_id=refund_id,
            refund_id=text_of(fields.get("receipt")) or refund_id,
            amount_paise=whole_paise_of(fields, "amount"),
            currency=currency_of(fields, "currency"),
            occurred_at=_moment(fields),
        )

    def _receipt(self, number: str) -> str:
        """Our id of an order. The payment's own notes are the browser's word, and not asked."""
        if number not in self._receipts:
            document = self._one("order", f"/orders/{number}", number)
            self._receipts[number] = text_of(document.get("receipt"))
        return self._receipts[number]

    def _order_of(self, payment_id: str) -> str:
        if payment_id not in self._orders:
            document = self._one("pay", f"/payments/{payment_id}", payment_id)
            self._orders[payment_id] = order_number_of(document) if document.get("order_id") else ""
        return self._orders[payment_id]

    def _one(self, prefix: str, path: str, number: str) -> Mapping[str, Any]:
        if not is_id(prefix, number):
            raise UnreadableRow(detail=f"not an id of Razorpay: {prefix}")
        try:
            return object_of(self._ask(path, {}), prefix)
        except GatewayObjectNotFound as exc:
            raise UnreadableRow(detail=f"{prefix} is not found") from exc


def _moment(fields: Mapping[str, Any]) -> datetime:
    moment = second_of(fields.get("created_at"))
    if moment is None:
        raise GatewayReplyInvalid(detail="created_at is not a time")
    return moment
