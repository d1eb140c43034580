"""Cashfree's reports of money that moved, read page by page into our Movements. No network, no clock.

API version 2025-01-01, https://www.cashfree.com/docs/api-reference/payments/latest/settlements/reconcile and
…/settlement-reconciliation. POST /recon is the account's own ledger, by the time of the event. POST
/settlement/recon lists what was paid out to us, by the day of the payout, so it names a payment a day or
more after it was made. Neither is promised to be complete; both are read and told as one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import structlog

from domain.errors import GatewayReplyInvalid
from domain.gateway import GatewayPaymentStatus, GatewayRefundStatus, Movement, MovementKind
from domain.money import INR
from gateways.cashfree_fields import moment_of, paise_of, timestamp
from gateways.cashfree_mapping import PAYMENT_STATUSES, REFUND_STATUSES
from gateways.fields import UnreadableRow, currency_of, identifier_of, object_of, text_of

REPORTS = ("/recon", "/settlement/recon")
# Cashfree allows 10 to 1000. A row has one to four kilobytes, and a reply may have one megabyte.
PAGE_ROWS = 250
# A quarter of a million rows: far more than a stretch of time that one asks for, and an end in any case.
MAX_PAGES = 1000
MAX_CURSOR = 4096
# The objects of a row of /settlement/recon; their members have the names that /recon uses without them.
PARTS = ("order_details", "payment_details", "refund_details", "settlement_details", "event_details")
# Cashfree writes these where it has no text.
NO_TEXT = frozenset({"null", "null,"})

Ask = Callable[[str, Mapping[str, Any]], Any]

log = structlog.get_logger("payments.gateway")


def movements(ask: Ask, since: datetime, until: datetime) -> Iterator[Movement]:
    """Each movement once that Cashfree's reports of this time contain, report after report.

    `ask` posts a body to a path and returns the reply. A movement may be older than `since` if it was paid
    out in the time. A row without an identity is left out, with a warning in the log. One with unreadable
    money or time does not hide the others: GatewayReplyInvalid is raised when all of them were told.
    Raises ValueError for times without a zone or the wrong way round.
    """
    # Cashfree's times have whole seconds: the last one begun counts.
    end = until if not until.microsecond else until + timedelta(seconds=1)
    filters = {"start_date": timestamp(since), "end_date": timestamp(end)}
    if until < since:
        raise ValueError("the time ends before it begins")
    return _told_once(ask, filters)


def movement_from(row: Any) -> Movement | None:
    """The movement of a row of either report; None for one that moved no buyer's money.

    A refund's own id at Cashfree is `event_id` where the row has no `cf_refund_id`: neither report documents
    one. Disputes and reversals are not booked by us yet; they are named in the log.
    """
    fields = _flat(row)
    kind = identifier_of(fields, "event_type")
    if kind == "PAYMENT":
        return _payment(fields)
    if kind == "REFUND":
        return _refund(fields)
    if order_id := _text(fields, "order_id"):
        log.warning("gateway_movement_not_booked", gateway="cashfree", order_id=order_id, kind=kind[:40])
    return None


def _told_once(ask: Ask, filters: Mapping[str, str]) -> Iterator[Movement]:
    told: set[tuple[MovementKind, str, str, str]] = set()
    unreadable: list[str] = []
    for path in REPORTS:
        for row in _rows(ask, path, filters):
            try:
                movement = movement_from(row)
            except GatewayReplyInvalid as exc:
                log.warning("gateway_row_left_out", gateway="cashfree", report=path, detail=exc.detail)
                if not isinstance(exc, UnreadableRow):
                    unreadable.append(f"{path}: {exc.detail}")
                continue
            if movement is None or (identity := _identity(movement)) in told:
                continue
            told.add(identity)
            yield movement
    if unreadable:
        raise GatewayReplyInvalid(detail=f"{len(unreadable)} unreadable rows, the first {unreadable[0]}")


def _rows(ask: Ask, path: str, filters: Mapping[str, str]) -> Iterator[Any]:
    pagination: dict[str, Any] = {"limit": PAGE_ROWS}
    seen: set[str] = set()
    for _ in range(MAX_PAGES):
        rows, cursor = _page(ask(path, {"pagination": dict(pagination), "filters": filters}))
        yield from rows
        if not rows or not cursor:
            return
        if cursor in seen:
            raise GatewayReplyInvalid(detail=f"{path}: a cursor came twice")
        seen.add(cursor)
        pagination["cursor"] = cursor
    raise GatewayReplyInvalid(detail=f"{path}: more than {MAX_PAGES} pages, ask for a shorter time")


def _page(document: Any) -> tuple[list[Any], str]:
    if not isinstance(document, dict) or "data" not in document:
        raise GatewayReplyInvalid(detail="not a page of a report")
    rows, cursor = document["data"], document.get("cursor")
    if rows is None:
        # An empty list of Cashfree's language.
        rows = []
    if not isinstance(rows, list) or not isinstance(cursor, str | None) or len(cursor or "") > MAX_CURSOR:
        raise GatewayReplyInvalid(detail="not a page of a report")
    return rows, cursor or ""


def _flat(row: Any) -> Mapping[str, Any]:
    fields = object_of(row, "row")
    if "event_details" not in fields:
        return fields
    flat: dict[str, Any] = {}
    for part in PARTS:
        members = fields.get(part)
        flat.update(members if isinstance(members, dict) else {})
    return flat


def _payment(fields: Mapping[str, Any]) -> Movement | None:
    status = PAYMENT_STATUSES.get(_text(fields, "event_status"), GatewayPaymentStatus.SUCCESS)
    if status is not GatewayPaymentStatus.SUCCESS:
        return None
    order_id = identifier_of(fields, "order_id")
    payment_id = _text(fields, "cf_payment_id") or identifier_of(fields, "event_id")
    # What was charged differs from it under a surcharge or an offer.
    amount = "order_amount" if fields.get("order_amount") is not None else "event_amount"
    return Movement(
        kind=MovementKind.PAYMENT,
        order_id=order_id,
        gateway_payment_id=payment_id,
        amount_paise=paise_of(fields, amount),
        currency=_currency(fields, "order_currency", "event_currency"),
        occurred_at=_first_moment(fields, "event_time", "payment_time", "settlement_date"),
    )


def _refund(fields: Mapping[str, Any]) -> Movement | None:
    status = REFUND_STATUSES.get(_text(fields, "event_status"), GatewayRefundStatus.SUCCESS)
    if status is not GatewayRefundStatus.SUCCESS:
        return None
    order_id = identifier_of(fields, "order_id")
    our_id = _text(fields, "refund_id")
    gateway_id = _text(fields, "cf_refund_id") or _text(fields, "event_id") or our_id
    if not gateway_id:
        raise UnreadableRow(detail="a refund without any id")
    return Movement(
        kind=MovementKind.REFUND,
        order_id=order_id,
        gateway_payment_id=_text(fields, "cf_payment_id"),
        gateway_refund_id=gateway_id,
        refund_id=our_id or gateway_id,
        amount_paise=paise_of(fields, "event_amount"),
        currency=_currency(fields, "event_currency", "order_currency"),
        occurred_at=_first_moment(fields, "event_time", "refund_processed_at", "settlement_date"),
    )


def _identity(movement: Movement) -> tuple[MovementKind, str, str, str]:
    refund_id = movement.gateway_refund_id
    return movement.kind, movement.order_id, movement.gateway_payment_id if not refund_id else "", refund_id


def _text(fields: Mapping[str, Any], name: str) -> str:
    text = text_of(fields.get(name))
    return "" if text in NO_TEXT else text


def _currency(fields: Mapping[str, Any], *names: str) -> str:
    name = next((name for name in names if fields.get(name) is not None), None)
    return INR if name is None else currency_of(fields, name)


def _first_moment(fields: Mapping[str, Any], *names: str) -> datetime:
    for name in names:
        moment = moment_of(fields.get(name))
        if moment is not None:
            return moment
    raise GatewayReplyInvalid(detail=f"{names[0]} is not a time")
