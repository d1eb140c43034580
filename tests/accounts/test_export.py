"""The file with everything about a person: complete, without a secret, and without anybody else."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import text

from accounts.credentials import change_email
from accounts.export import export_file, export_of
from accounts.sessions import issue_ticket, redeem_ticket
from domain.errors import NotSignedIn, TooManyRequests
from payment_handler import request_refund, start_checkout, sync_order
from tests.books import shown_payment
from user_management import create_admin, register


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def other(services):
    return register(
        services, full_name="Nila Sen", email="nila@example.com", username="nila", phone="8888888888",
        state="Goa", password="TestPass123",
    )  # fmt: skip


@pytest.fixture
def admin(services):
    return create_admin(services, email="owner@example.com", password="TestPass123")


@pytest.fixture
def order(services, user, gateway, admin):
    """A paid order, part of which an admin returns."""
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    sync_order(services, order.id)
    request_refund(
        services,
        admin,
        order_id=order.id,
        payment_id=shown_payment(services, order.id),
        amount_paise=10000,
        reason="a week without data",
        refund_key="REFUND00000000000001",
    )
    return order


def test_s33_an_export_holds_every_part_of_what_is_kept(services, user, order) -> None:
    session(services, user, "Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0")
    change_email(services, user, password="TestPass123", email="asha.rao@example.com")

    found = json.loads(export_file(services, user))

    account = found["account"]
    assert (account["username"], account["email"], account["phone"]) == (
        "asha",
        "asha@example.com",
        "+919999999999",
    )
    assert (account["full_name"], account["state"]) == ("Asha Rao", "Karnataka")
    assert [part["order_id"] for part in found["orders"]] == [order.id]
    assert [(part["order_id"], part["amount_paise"]) for part in found["payments"]] == [(order.id, 49900)]
    assert [(part["amount_paise"], part["reason"]) for part in found["refunds"]] == [
        (10000, "a week without data")
    ]
    assert [(part["plan"], part["origin"]) for part in found["subscription_periods"]] == [("Monthly", "paid")]
    assert [part["address"] for part in found["sessions"]] == ["203.0.113.9"]
    assert len(found["known_browsers"]) == 1
    assert "change_email" in {part["purpose"] for part in found["links_by_mail"]}
    assert any(part["subject"].startswith("Receipt for ₹499") for part in found["mails"])
    done = [(part["by"], part["what"]) for part in found["what_was_done"]]
    assert ("you", "registered") in done
    assert ("our team", "refund_intended") in done
    assert ("our system", "payment_captured") in done
    assert done[-1] == ("you", "data_exported")


def test_s33_an_export_holds_no_secret(services, user, order) -> None:
    token = session(services, user, "")

    written = export_file(services, user).decode()

    with services.engine.connect() as conn:
        password_hash = conn.execute(
            text("SELECT password_hash FROM users WHERE username = 'asha'")
        ).scalar_one()
        bodies = conn.execute(text("SELECT text_body FROM emails")).scalars().all()
        sessions = conn.execute(text("SELECT encode(token_hash, 'hex') FROM sessions")).scalars().all()
        payment_sessions = conn.execute(text("SELECT payment_session_id FROM orders")).scalars().all()
    for secret in (password_hash, token, *bodies, *sessions, *payment_sessions):
        assert secret not in written
    assert not re.search(r"password_hash|token|bcrypt|[0-9a-f]{64}", written)


def test_s13_an_export_holds_nothing_of_anybody_else(services, user, other, admin, order, gateway) -> None:
    others_order = start_checkout(services, other, "annual")
    gateway.pay(others_order.id)
    sync_order(services, others_order.id)
    session(services, other, "Nila's browser")
    with services.engine.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO audit_log (actor_id, action, object, detail) "
                "VALUES (:admin, 'looked_at', :object, jsonb_build_object('with', CAST(:other AS text)))"
            ),
            {"admin": admin.id, "object": f"user:{user.id}", "other": str(other.id)},
        )

    written = export_file(services, user).decode()

    for word in (
        str(other.id),
        "nila",
        "Nila",
        "8888888888",
        others_order.id,
        str(admin.id),
        "owner@example.com",
    ):
        assert word not in written
    assert str(user.id) in written


def test_an_admins_export_holds_no_account_that_the_admin_looked_after(services, admin, user, order) -> None:
    written = export_file(services, admin).decode()

    assert "owner@example.com" in written
    for word in ("asha", str(user.id), order.id):
        assert word not in written


def test_an_export_of_a_closed_account_is_refused(services, user) -> None:
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE users SET deleted_at = now()"))

    with pytest.raises(NotSignedIn):
        export_of(services, user)


def test_ten_exports_an_hour_are_enough(services, user) -> None:
    for _ in range(10):
        export_of(services, user)

    with pytest.raises(TooManyRequests):
        export_of(services, user)


def session(services, user, user_agent: str) -> str:
    ticket = issue_ticket(services, user, browser_token="b")
    return redeem_ticket(services, ticket, browser_token="b", user_agent=user_agent, address="203.0.113.9")
