"""What reports return: one frozen row for each kind of line an admin reads. Money in paise, time aware."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from database.events import StoredEvent
from domain.accounts import INDIAN_STATES
from domain.orders import SETTLED
from domain.refunds import RefundablePayment, Returned, what_is_back

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """One page of a list, newest first."""

    rows: tuple[Row, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class UserRow:
    """An account with what its periods mean now."""

    id: UUID
    username: str
    email: str
    full_name: str
    phone: str
    state_code: str
    role: str
    account_status: str
    customer_id: str
    created_at: datetime
    deleted_at: datetime | None
    subscription_status: str
    plan_name: str | None
    access_until: datetime | None

    @property
    def state(self) -> str:
        return INDIAN_STATES.get(self.state_code, "")


@dataclass(frozen=True, slots=True)
class OrderRow:
    id: str
    created_at: datetime
    user_id: UUID
    username: str
    email: str
    plan_name: str
    amount_paise: int
    status: str
    gateway: str
    paid_at: datetime | None
    quarantine_reason: str | None
    returned_paise: int
    returned: Returned

    @classmethod
    def of(cls, **row: Any) -> OrderRow:
        return cls(**_with_returned(row))


@dataclass(frozen=True, slots=True)
class PaymentRow:
    """One attempt to pay. `occurred_at` is the gateway's time where it gave one.

    `refunded_paise` went back through the gateway, `returned_by_hand_paise` in another way.
    """

    id: int
    order_id: str
    gateway: str
    gateway_payment_id: str
    user_id: UUID
    username: str
    plan_name: str
    amount_paise: int
    charged_paise: int
    charged_currency: str
    role: str | None
    status: str
    method: str
    message: str
    created_at: datetime
    occurred_at: datetime
    refunded_paise: int
    returned_by_hand_paise: int


@dataclass(frozen=True, slots=True)
class RefundRow:
    """Money that goes back or went. `requested_by` is the admin's name; the rest was asked for by no person here.

    With the origin `by_hand` an admin returned it without the gateway, and it has no `refund_key`.
    """

    id: int
    created_at: datetime
    refund_key: str
    order_id: str
    user_id: UUID
    username: str
    amount_paise: int
    status: str
    origin: str
    requested_by: str | None
    reason: str
    gateway_payment_id: str
    updated_at: datetime
    processed_at: datetime | None

    @property
    def is_open(self) -> bool:
        """True while the gateway's last word is missing."""
        return self.status in {"intended", "pending"}


@dataclass(frozen=True, slots=True)
class EventText:
    """An event with its body as readable text."""

    event: StoredEvent
    dedupe_key: str
    body: str


@dataclass(frozen=True, slots=True)
class MailRow:
    id: int
    kind: str
    user_id: UUID | None
    to_address: str
    subject: str
    status: str
    attempts: int
    last_error: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class MailText:
    """A mail with its plain text part."""

    mail: MailRow
    message_id: str
    text: str


@dataclass(frozen=True, slots=True)
class AlarmRow:
    id: int
    key: str
    message: str
    created_at: datetime
    resolved_at: datetime | None
    resolved_by: str | None = None


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A stretch of access. It was bought with `order_id`, or given by a person as the grant `grant_id`.

    `plan_id` is its plan; `ended_by` and `end_reason` tell of one that was given and ended before its time.
    """

    id: int
    plan_name: str
    starts_at: datetime
    ends_at: datetime
    revoked_at: datetime | None
    order_id: str | None
    plan_id: str
    grant_id: int | None
    grant_reason: str | None
    granted_by: str | None
    ended_by: str | None
    end_reason: str | None

    def is_live(self, now: datetime) -> bool:
        """True while it runs, or is still to begin."""
        return self.revoked_at is None and self.ends_at > now


@dataclass(frozen=True, slots=True)
class PlanCount:
    plan_id: str
    plan_name: str
    subscribers: int


@dataclass(frozen=True, slots=True)
class DayRevenue:
    """One day in India."""

    day: date
    captured_paise: int
    refunded_paise: int
    revenue_paise: int


@dataclass(frozen=True, slots=True)
class Overview:
    """The state of the business at a moment. Revenue is captured money less processed refunds.

    `alarms` are the newest of the `open_alarms`.
    """

    at: datetime
    active: int
    pending: int
    accounts: int
    registered_today: int
    registered_this_month: int
    by_plan: tuple[PlanCount, ...]
    revenue_today_paise: int
    revenue_month_paise: int
    revenue_total_paise: int
    payments_failed_today: int
    days: tuple[DayRevenue, ...]
    open_alarms: int
    alarms: tuple[AlarmRow, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    users: tuple[UserRow, ...]
    orders: tuple[OrderRow, ...]


@dataclass(frozen=True, slots=True)
class UserReport:
    """Everything about one account at a moment, the newest of each list."""

    at: datetime
    user: UserRow
    periods: tuple[PeriodRow, ...]
    orders: tuple[OrderRow, ...]
    payments: tuple[PaymentRow, ...]
    mails: tuple[MailRow, ...]
    sessions: int
    last_seen_at: datetime | None

    @property
    def given(self) -> tuple[PeriodRow, ...]:
        """Access that was given and has not ended, the one that ends last first."""
        return tuple(p for p in self.periods if p.grant_id is not None and p.is_live(self.at))

    def access_without(self, ending: PeriodRow) -> datetime | None:
        """Until when access runs once a period has ended now, and later ones moved forward. None: it is over."""
        freed = ending.ends_at - max(ending.starts_at, self.at)
        others = [p for p in self.periods if p.id != ending.id and p.is_live(self.at)]
        ends = [p.ends_at - freed if p.starts_at >= ending.ends_at else p.ends_at for p in others]
        return max(ends, default=None)


@dataclass(frozen=True, slots=True)
class OrderFacts:
    """One order with what the lists do not show of it."""

    id: str
    created_at: datetime
    user_id: UUID
    username: str
    full_name: str
    plan_name: str
    amount_paise: int
    status: str
    gateway: str
    gateway_order_id: str | None
    expires_at: datetime | None
    paid_at: datetime | None
    synced_at: datetime | None
    recovered_at: datetime | None
    quarantine_reason: str | None
    returned_paise: int
    returned: Returned

    @classmethod
    def of(cls, **row: Any) -> OrderFacts:
        return cls(**_with_returned(row))

    @property
    def is_settled(self) -> bool:
        """True when the gateway has nothing to tell that would change it by itself."""
        return self.status in {status.value for status in SETTLED}


@dataclass(frozen=True, slots=True)
class SettledRow:
    """Money that went back to its buyer without the gateway, as an admin wrote down."""

    gateway_payment_id: str
    amount_paise: int
    at: datetime
    by: str
    reason: str


@dataclass(frozen=True, slots=True)
class OrderReport:
    """All there is about one order. `refundable` is the money that a refund would take from next.

    `waiting` is money that bought nothing and that no refund returns; `settled` is what was returned by hand.
    """

    order: OrderFacts
    payments: tuple[PaymentRow, ...]
    refunds: tuple[RefundRow, ...]
    events: tuple[StoredEvent, ...]
    alarms: tuple[AlarmRow, ...]
    refundable: RefundablePayment | None
    waiting: RefundablePayment | None
    settled: tuple[SettledRow, ...]


@dataclass(frozen=True, slots=True)
class AlarmList:
    """Open alarms and, when asked for, those resolved last. `has_more`: there are more open ones."""

    open: tuple[AlarmRow, ...]
    resolved: tuple[AlarmRow, ...]
    has_more: bool


@dataclass(frozen=True, slots=True)
class DeadLetterRow:
    """A job that gave up, with what it was about as far as that still exists."""

    job_id: int
    job: str
    attempts: int
    failed_at: datetime | None
    alarm: str | None
    order_id: str | None = None
    event_id: int | None = None
    event_type: str | None = None
    mail_id: int | None = None
    mail_subject: str | None = None
    mail_to: str | None = None
    amount_paise: int | None = None


def _with_returned(row: dict[str, Any]) -> dict[str, Any]:
    """A row of an order with what is back of its money said in a word, by the one rule."""
    values = dict(row)
    sums = {name: values.pop(name) for name in ("came_paise", "returned_of_sale_paise")}
    return {**values, "returned": what_is_back(returned_paise=values["returned_paise"], **sums)}
