"""The life of a refund: its states, and `settle_refunds`, the one rule that reads what the gateway says of them.

Pure and monotonic like `domain.orders.settle`: a state moves upwards only, so that an old answer that is
applied late changes nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.gateway import GatewayRefund, GatewayRefundStatus
from domain.money import INR
from domain.orders import PaymentRole


class RefundStatus(StrEnum):
    """In rising order. Money that the gateway says is gone is gone: nothing stands above `processed`."""

    INTENDED = "intended"  # written down; the gateway was not asked, or did not answer
    PENDING = "pending"  # the gateway has it
    FAILED = "failed"
    PROCESSED = "processed"


_RANK = {status: rank for rank, status in enumerate(RefundStatus)}

_FROM_GATEWAY = {
    GatewayRefundStatus.SUCCESS: RefundStatus.PROCESSED,
    GatewayRefundStatus.FAILED: RefundStatus.FAILED,
    GatewayRefundStatus.CANCELLED: RefundStatus.FAILED,
}

_KEY = re.compile(r"[A-Za-z0-9_-]{3,100}")


class RefundOrigin(StrEnum):
    OURS = "ours"  # asked for here, under our id
    GATEWAY = "gateway"  # made in the gateway's dashboard, or by the gateway itself


class Returned(StrEnum):
    """How an order's money came back to its buyer."""

    NOTHING = "no"
    IN_PART = "in part"
    WHOLLY = "wholly"


@dataclass(frozen=True, slots=True)
class RefundablePayment:
    """Money of an order. `taken_paise` is what refunds that did not fail claim of it.

    `is_settled_by_hand` when an admin says that its buyer has it back in another way: then nobody asks for it any more.

    The payer may have been charged more, `surcharge_paise`: it was never ours, and the gateway may return it too.
    `surcharge_returned_paise` is what went back of that.
    """

    id: int
    gateway_payment_id: str
    role: PaymentRole
    amount_paise: int
    taken_paise: int
    surcharge_paise: int = 0
    surcharge_returned_paise: int = 0
    is_settled_by_hand: bool = False

    @property
    def left_paise(self) -> int:
        return self.amount_paise - self.taken_paise

    @property
    def is_open_to_refunds(self) -> bool:
        """True while some of it could be asked back of the gateway."""
        return self.left_paise > 0 and not self.is_settled_by_hand

    @property
    def may_be_settled_by_hand(self) -> bool:
        """True for money that bought nothing and that no refund claims: its buyer waits for it."""
        return self.role is PaymentRole.DUPLICATE and self.taken_paise == 0 and not self.is_settled_by_hand


@dataclass(frozen=True, slots=True)
class KnownRefund:
    """A refund in our books. `key` is the id under which the gateway was or will be asked.

    `amount_paise` is what leaves our books, `gateway_amount_paise` what the gateway returns with a surcharge.
    """

    key: str
    payment_id: int
    amount_paise: int
    gateway_amount_paise: int
    status: RefundStatus
    gateway_refund_id: str | None = None


@dataclass(frozen=True, slots=True)
class RefundChange:
    """A refund to insert (`is_new`) or to move upwards. Amounts as in `KnownRefund`."""

    key: str
    payment_id: int
    amount_paise: int
    gateway_amount_paise: int
    status: RefundStatus
    gateway_refund_id: str
    processed_at: datetime | None = None
    is_new: bool = False


def what_is_back(*, came_paise: int, returned_paise: int, returned_of_sale_paise: int) -> Returned:
    """How much of an order's money its buyer has again, by whatever way.

    Wholly when all that came for it is back. In part only when something of what bought the access is: of two
    payments one that bought nothing may have gone back, and the sale stands as it was.
    """
    if came_paise and returned_paise >= came_paise:
        return Returned.WHOLLY
    return Returned.IN_PART if returned_of_sale_paise else Returned.NOTHING


def waiting_payment(payments: Sequence[RefundablePayment]) -> RefundablePayment | None:
    """The order's first payment that bought nothing and that nothing returns: its buyer waits for it."""
    return next((payment for payment in payments if payment.may_be_settled_by_hand), None)


def is_mixed(payments: Sequence[RefundablePayment]) -> bool:
    """True while money that waits stands beside money that bought access, and both could go back.

    A gateway may be asked for refunds by order alone: it could take the good payment in place of the other.
    """
    is_good_open = any(p.role is PaymentRole.PRIMARY and p.is_open_to_refunds for p in payments)
    return is_good_open and waiting_payment(payments) is not None


def payment_to_return(payments: Sequence[RefundablePayment]) -> RefundablePayment | None:
    """The payment of an order that the next refund takes from. None where nothing is left, or `is_mixed`."""
    if is_mixed(payments):
        return None
    return waiting_payment(payments) or next((p for p in payments if p.is_open_to_refunds), None)


def may_rise(current: RefundStatus, following: RefundStatus) -> bool:
    """True when the state may follow."""
    return _RANK[following] > _RANK[current]


def settle_refunds(
    payments: Sequence[RefundablePayment],
    known: Sequence[KnownRefund],
    observed: Sequence[GatewayRefund],
) -> tuple[tuple[RefundChange, ...], tuple[str, ...]]:
    """What the refunds that the gateway shows of one order change in our books, and what a person must hear.

    A refund that we did not ask for is recorded like ours, so that access follows the money. One that
    contradicts our books (another amount, more than was paid) is told and not written. A refund of an
    attempt that never became our money is the gateway's own affair.
    """
    by_key = {refund.key: refund for refund in known}
    by_gateway_id = {refund.gateway_refund_id: refund for refund in known if refund.gateway_refund_id}
    left = {payment.id: payment.left_paise for payment in payments}
    whole = {payment.id: payment.amount_paise for payment in payments}
    surcharge = {p.id: p.surcharge_paise - p.surcharge_returned_paise for p in payments}
    changes: list[RefundChange] = []
    alarms: list[str] = []
    seen: set[str] = set()
    matched = [(by_key.get(r.refund_id) or by_gateway_id.get(r.gateway_refund_id), r) for r in observed]
    # Ours first: refunds are asked for by order, and only the gateway's answer says which payment it took from.
    for mine, refund in sorted(matched, key=lambda pair: (pair[0] is None, _in_time(pair[1]))):
        status = _FROM_GATEWAY.get(refund.status, RefundStatus.PENDING)
        if not seen.isdisjoint({refund.refund_id, refund.gateway_refund_id}):
            continue  # A list may name one refund twice: it is booked once.
        seen |= {refund.refund_id, refund.gateway_refund_id}
        payment_id = _payment_of(refund, payments) or (None if mine is None else mine.payment_id)
        if payment_id is None or (mine is not None and not may_rise(mine.status, status)):
            continue
        if refund.currency != INR or (mine and refund.amount_paise != mine.gateway_amount_paise):
            alarms.append(f"refund {_key(refund)} has another amount or currency at the gateway")
            continue
        room = whole if status is RefundStatus.FAILED else left
        share = min(refund.amount_paise, room[payment_id]) if mine is None else mine.amount_paise
        # What our books count claims its money already; a new refund, or one that had failed, does not yet.
        extra = refund.amount_paise - share
        counted_on = mine.payment_id if mine and mine.status is not RefundStatus.FAILED else None
        if counted_on is not None:
            left[counted_on] += share
            surcharge[counted_on] += extra
        exceeds = share > left[payment_id] or extra > surcharge[payment_id]
        claimed_on = None if status is RefundStatus.FAILED else counted_on if exceeds else payment_id
        if claimed_on is not None:
            left[claimed_on] -= share
            surcharge[claimed_on] -= extra
        if exceeds and status is not RefundStatus.FAILED:
            alarms.append(f"the gateway refunded more than payment {refund.gateway_payment_id} brought")
            continue
        if share > 0:  # A refund of nothing, or of a surcharge alone, changes nothing of ours.
            key = _key(refund) if mine is None else mine.key
            changes.append(_change(refund, key, payment_id, share, status, is_new=mine is None))
    return tuple(changes), tuple(alarms)


def _payment_of(refund: GatewayRefund, payments: Sequence[RefundablePayment]) -> int | None:
    """The payment that a refund takes from. One that names none can only mean the order's single payment."""
    if not refund.gateway_payment_id and len(payments) == 1:
        return payments[0].id
    named = (payment.id for payment in payments if payment.gateway_payment_id == refund.gateway_payment_id)
    return next(named, None)


def _in_time(refund: GatewayRefund) -> tuple[bool, datetime | None, str]:
    return refund.processed_at is None, refund.processed_at, refund.refund_id


def _key(refund: GatewayRefund) -> str:
    """The id that the refund carries at the gateway, or one made of the gateway's own number."""
    for key in (refund.refund_id, f"gateway_{refund.gateway_refund_id}"):
        if _KEY.fullmatch(key):
            return key
    return "gateway_" + hashlib.sha256(refund.gateway_refund_id.encode()).hexdigest()[:32]


def _change(
    refund: GatewayRefund, key: str, payment_id: int, share_paise: int, status: RefundStatus, *, is_new: bool
) -> RefundChange:
    return RefundChange(
        key,
        payment_id,
        share_paise,
        refund.amount_paise,
        status,
        refund.gateway_refund_id,
        refund.processed_at if status is RefundStatus.PROCESSED else None,
        is_new,
    )
