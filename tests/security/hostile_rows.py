"""Hostile texts in every field of the running application's database, and out of it again.

What a form accepts goes through the form's own use-case. What it refuses, and what only a gateway, a mail
server or an older version could have written, is put into the rows directly: pages must not rely on forms.
"""

from __future__ import annotations

import re
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, text

import payment_handler
import user_management
from database import books
from domain.accounts import User
from domain.errors import InvalidInput
from tests.e2e.journey import Person
from tests.e2e.site import Member, Site, eventually
from tests.security.payloads import Payload

# The characters that an address' local part and a username may hold.
_NOT_IN_ADDRESS = re.compile(r"[^a-zA-Z0-9!#$%&'*+/=?^_`{|}~-]")
_NOT_IN_USERNAME = re.compile(r"[^a-z0-9._-]")


@dataclass
class Planted:
    """What was put where, and what has to go again."""

    # The account whose orders, payments, mails and sessions hold the texts; it has paid.
    member: Member
    # Somebody with an unpaid order, for the pages before paying.
    buyer: Member
    accounts: list[User] = field(default_factory=list)
    # One account for each text, with the text as its full name.
    named: list[User] = field(default_factory=list)
    order_ids: list[str] = field(default_factory=list)
    event_ids: list[int] = field(default_factory=list)
    mail_ids: list[int] = field(default_factory=list)
    accepted: int = 0
    rows: list[tuple[str, Any]] = field(default_factory=list)

    def insert(self, conn: Connection, table: str, **values: Any) -> Any:
        names = ", ".join(values)
        marks = ", ".join(f":{name}" for name in values)
        statement = f"INSERT INTO {table} ({names}) VALUES ({marks}) RETURNING id"
        id_ = conn.execute(text(statement), values).scalar_one()
        self.rows.append((table, id_))
        return id_


def prepare(site: Site) -> Planted:
    """The two accounts that carry the texts: one has paid, one has not."""
    member, buyer = site.join(), site.join("annual")
    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")
    eventually(lambda: site.subscription(member.person.username)["is_paid"])
    return Planted(member, buyer)


def plant(site: Site, planted: Planted, admin: User, payloads: list[Payload]) -> None:
    """Put every text into every field."""
    named = [_register(site, planted, payload) for payload in payloads]
    planted.named += named
    with site.services.engine.begin() as conn:
        # The texts are the point here, not the rules of our tables.
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        price = conn.execute(text("SELECT id FROM prices WHERE plan_id = 'monthly'")).scalar()
        paid = conn.execute(
            text("SELECT id FROM payments WHERE order_id = :id AND role = 'primary'"),
            {"id": planted.member.order.id},
        ).scalar_one()
        subscription = conn.execute(
            text("SELECT id FROM subscriptions WHERE user_id = :id"), {"id": planted.member.user.id}
        ).scalar_one()
        for payload, account in zip(payloads, named, strict=True):
            conn.execute(
                text("UPDATE users SET full_name = :name WHERE id = :id"),
                {"name": payload.text, "id": account.id},
            )
            _plant_order(conn, planted, payload, price)
            _plant_money(conn, planted, payload, admin, paid)
            _plant_messages(conn, planted, payload)
            _plant_prices(conn, planted, payload)
            _plant_trouble(conn, planted, payload, planted.order_ids[-1])
            for user in (planted.member.user, planted.buyer.user, admin):
                planted.insert(
                    conn, "sessions", token_hash=secrets.token_bytes(32), user_id=user.id, user_agent=payload.text,
                    expires_at=datetime.now(UTC) + timedelta(hours=1),
                )  # fmt: skip

    with site.services.engine.begin() as conn:
        for payload in payloads:
            _plant_access(conn, planted, payload, admin, subscription)


def fail_payment(site: Site, planted: Planted, payload: Payload) -> None:
    """Let the newest attempt of the unpaid order have failed, with this text as the gateway's reason."""
    with site.services.engine.begin() as conn:
        values = {
            "checkout_id": _checkout_of(conn, planted.buyer.order.id),
            "order_id": planted.buyer.order.id,
        }
        _plant_payment(conn, planted, payload, **values)


def uproot(site: Site, planted: Planted) -> None:
    """Take every row out again, and give the accounts plain names."""
    with site.services.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        for table, id_ in reversed(planted.rows):
            conn.execute(text(f"DELETE FROM {table} WHERE id = :id"), {"id": id_})
        conn.execute(
            text("UPDATE users SET full_name = 'Test User' WHERE id = ANY(:ids)"),
            {"ids": [account.id for account in planted.accounts]},
        )
    planted.rows.clear()
    for ids in (planted.accounts, planted.named, planted.order_ids, planted.event_ids, planted.mail_ids):
        ids.clear()


def _register(site: Site, planted: Planted, payload: Payload) -> User:
    """Accounts with the text as name, in the address, and in the username, as far as the form takes it.

    Returns one of them; all are remembered.
    """
    made: list[User] = []
    tail = secrets.token_hex(4)
    local = f"{_NOT_IN_ADDRESS.sub('', payload.text)[:40]}{tail}".lower()
    username = f"{_NOT_IN_USERNAME.sub('', payload.text.casefold())[:18].lstrip('._-')}{tail}"
    hostile = {"full_name": payload.text, "email": f"{local}@example.com", "username": username}
    for name, value in hostile.items():
        plain = f"x{name[0]}{tail}"
        values = {"full_name": "Test User", "email": f"{plain}@example.com", "username": plain, name: value}
        with suppress(InvalidInput):
            made.append(_insert(site, values))
    planted.accepted += len(made)
    planted.accounts += made
    return made[0]


def _insert(site: Site, values: dict[str, str]) -> User:
    return user_management.register(
        site.services, phone="9999999999", state="Goa", password=Person.password, **values
    )


def _plant_order(conn: Connection, planted: Planted, payload: Payload, price: Any) -> None:
    checkout = planted.insert(
        conn, "checkouts", id=uuid4(), user_id=planted.member.user.id, closed_at=datetime.now(UTC)
    )
    order_id = planted.insert(
        conn, "orders", id=f"ORDER{secrets.token_hex(8).upper()[:15]}", checkout_id=checkout,
        user_id=planted.member.user.id, plan_id="monthly", price_id=price, amount_paise=49_900, currency="INR",
        gateway="cashfree", gateway_order_id=payload.text, payment_session_id=payload.text, status="quarantined",
        quarantine_reason=payload.text, expires_at=datetime.now(UTC), synced_at=datetime.now(UTC),
    )  # fmt: skip
    planted.order_ids.append(order_id)
    payment_id = _plant_payment(conn, planted, payload, order_id=order_id, checkout_id=checkout)
    # Older than the refunds: the texts of these must stay on the first page of their list.
    planted.insert(
        conn, "hand_returns", payment_id=payment_id, amount_paise=49_900, reason=payload.text,
        admin_id=planted.member.user.id, returned_at=datetime.now(UTC) - timedelta(days=1),
    )  # fmt: skip


def _plant_money(conn: Connection, planted: Planted, payload: Payload, admin: User, paid: int) -> None:
    order_id = planted.member.order.id
    _plant_payment(conn, planted, payload, order_id=order_id, checkout_id=_checkout_of(conn, order_id))
    planted.insert(
        conn, "refunds", refund_key=f"x{secrets.token_hex(8)}", payment_id=paid, amount_paise=100,
        status="failed", reason=payload.text, gateway="cashfree", gateway_amount_paise=100, requested_by=admin.id,
        gateway_refund_id=f"{payload.text} {secrets.token_hex(4)}",
    )  # fmt: skip


def _plant_payment(conn: Connection, planted: Planted, payload: Payload, **where: Any) -> int:
    return planted.insert(
        conn, "payments", gateway="cashfree", gateway_payment_id=f"{secrets.token_hex(4)} {payload.text}"[:100],
        amount_paise=49_900, currency="INR", charged_paise=49_900, charged_currency="INR", status="failed",
        method=payload.text, message=f"{payload.text} .", **where,
    )  # fmt: skip


def _plant_access(
    conn: Connection, planted: Planted, payload: Payload, admin: User, subscription: int
) -> None:
    """Given and taken back again, with its entry in the audit log, which stays."""
    grant = planted.insert(
        conn, "grants", user_id=planted.member.user.id, admin_id=admin.id, reason=f"{payload.text} ."
    )
    for action in ("access_given", "access_ended"):
        books.audit(conn, action, f"grant:{grant}", actor_id=admin.id, detail={"reason": f"{payload.text} ."})
    starts = datetime.now(UTC) + timedelta(days=5_000 + payload.number)
    planted.insert(
        conn, "subscription_periods", subscription_id=subscription, plan_id="monthly", grant_id=grant,
        starts_at=starts, ends_at=starts + timedelta(hours=1), revoked_at=datetime.now(UTC),
    )  # fmt: skip


def _plant_messages(conn: Connection, planted: Planted, payload: Payload) -> None:
    tail = secrets.token_hex(8)
    mail = planted.insert(
        conn, "emails", kind=payload.text, dedupe_key=f"hostile:{tail}", user_id=planted.member.user.id,
        to_address=payload.text, subject=payload.text, text_body=f"{payload.text}\n{payload.text}",
        html_body="", message_id=f"{payload.text} {tail}", status="kept", last_error=payload.text,
    )  # fmt: skip
    planted.mail_ids.append(mail)
    for order_id in (planted.member.order.id, payload.text):
        event = planted.insert(
            conn, "gateway_events", gateway="cashfree", dedupe_key=f"{payload.text} {secrets.token_hex(4)}",
            event_type=payload.text, order_id=order_id, body=payload.text.encode(), status="processed",
            processed_at=datetime.now(UTC),
        )  # fmt: skip
        planted.event_ids.append(event)


def _plant_prices(conn: Connection, planted: Planted, payload: Payload) -> None:
    """A row of a price file that was held back, with the text in everything that it says."""
    planted.insert(
        conn, "px_reject", row_key=f"{payload.text} {secrets.token_hex(8)}", raw=payload.text, rule=payload.text,
        explanation=payload.text, source=payload.text,
    )  # fmt: skip


def _plant_trouble(conn: Connection, planted: Planted, payload: Payload, order_id: str) -> None:
    job = planted.insert(
        conn, "procrastinate_jobs", queue_name="hostile", task_name=payload.text, status="failed", attempts=1
    )
    for key in (f"job:{payload.text}:{job}", f"order:{order_id}:{payload.text}"):
        planted.insert(conn, "alarms", key=key, message=payload.text)
    planted.insert(
        conn, "alarms", key=f"hostile:{payload.text}", message=payload.text, resolved_at=datetime.now(UTC)
    )


def _checkout_of(conn: Connection, order_id: str) -> Any:
    return conn.execute(text("SELECT checkout_id FROM orders WHERE id = :id"), {"id": order_id}).scalar_one()


def open_order(site: Site, user: User) -> str:
    """An order at the gateway, made as the pages make it: the gateway learns name and address."""
    return payment_handler.start_checkout(site.services, user, "monthly").id
