"""A closed account: the person is gone, the money's trace is whole, and what still comes goes back."""

from __future__ import annotations

import threading
from dataclasses import replace

import pytest
from sqlalchemy import text

from accounts.deletion import delete_account
from accounts.sessions import issue_ticket, redeem_ticket, user_of_session
from billing.outbox import send_mail
from database.engine import connect_engine
from database.queue import RETRY_LIMIT
from domain.errors import (
    DeletionRefused,
    Forbidden,
    GatewayTimeout,
    InvalidInput,
    NotSignedIn,
    TicketRefused,
    WrongCredentials,
    WrongPassword,
)
from domain.gateway import GatewayPaymentStatus, GatewayRefundStatus
from domain.orders import OrderStatus
from mail.sender import MailNotSent
from operations.check import State, run_checks
from payment_handler import execute_refund, request_refund, start_checkout, sync_order, terminate_order
from tests.books import rows, shown_payment
from user_management import create_admin, register, sign_in

PASSWORD = "TestPass123"
# What the person gave, in every form in which it may have been kept.
PERSONAL = ("asha", "Asha", "9999999999", "203.0.113.9", "Firefox")


class Sender:
    """A mail server in memory, which fails as it is told."""

    def __init__(self, failure: MailNotSent | None = None) -> None:
        self.failure = failure
        self.sent: list[tuple[str, str, str]] = []

    def send(self, mail) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append((mail.to_address, mail.subject, mail.text))


@pytest.fixture
def services(live_services):
    return live_services


@pytest.fixture
def token(services, user) -> str:
    ticket = issue_ticket(services, user, browser_token="b")
    return redeem_ticket(
        services, ticket, browser_token="b", user_agent="Firefox/145.0 of Asha", address="203.0.113.9"
    )


@pytest.fixture
def paid(services, user, gateway):
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    return sync_order(services, order.id)


def test_s33_of_a_deleted_person_nothing_is_left_but_what_the_law_wants(services, user, token, paid) -> None:
    money = kept_rows(services)
    send_all(services, Sender())

    delete_account(services, user, password=PASSWORD, username=" ASHA ")
    sender = Sender()
    send_all(services, sender)

    left = everything(services)
    for word in PERSONAL:
        assert word not in left
    ((username, email, name, phone, state, password),) = rows(
        services, "SELECT username, email, full_name, phone, state_code, password_hash FROM users"
    )
    assert username.startswith("deleted-")
    assert email.endswith("@deleted.invalid")
    assert (name, phone, state, password) == ("Deleted account", "", "29", "!")
    assert kept_rows(services) == money
    assert [(to, subject) for to, subject, _ in sender.sent] == [
        ("asha@example.com", "Your account was deleted")
    ]
    assert "/forgot" not in sender.sent[0][2]
    # A mail's subject and time stay.
    assert any(s.startswith("Receipt for ₹499") for (s,) in rows(services, "SELECT subject FROM emails"))
    assert rows(services, "SELECT action FROM audit_log ORDER BY id DESC LIMIT 1") == [("account_deleted",)]


def test_s33_every_invariant_holds_after_a_deletion(services, user, token, paid, gateway) -> None:
    delete_account(services, user, password=PASSWORD, username="asha")
    send_all(services, Sender())

    assert {finding.id for finding in run_checks(services) if finding.state is State.VIOLATED} == set()


def test_s06_a_deleted_account_is_logged_in_nowhere_and_cannot_log_in(services, user, token) -> None:
    ticket = issue_ticket(services, user, browser_token="b")

    delete_account(services, user, password=PASSWORD, username="asha")

    assert user_of_session(services, token) is None
    with pytest.raises(TicketRefused):
        redeem_ticket(services, ticket, browser_token="b", user_agent="")
    for name in ("asha", "asha@example.com", rows(services, "SELECT username FROM users")[0][0]):
        for password in (PASSWORD, "!", ""):
            with pytest.raises(WrongCredentials):
                sign_in(services, login=name, password=password)
    with pytest.raises(NotSignedIn):
        delete_account(services, user, password=PASSWORD, username="asha")


def test_name_and_address_are_free_again(services, user) -> None:
    delete_account(services, user, password=PASSWORD, username="asha")

    again = register(
        services, full_name="Asha Rao", email="asha@example.com", username="asha", phone="9999999999",
        state="Karnataka", password=PASSWORD,
    )  # fmt: skip

    assert again.id != user.id


@pytest.mark.parametrize(
    "username", ["", "ash", "asha@example.com", "asha\x00", "\ud800", "आशा", "x" * 100_000]
)
def test_s24_another_username_deletes_nothing(services, user, token, username) -> None:
    with pytest.raises(InvalidInput):
        delete_account(services, user, password=PASSWORD, username=username)

    assert user_of_session(services, token) == user


@pytest.mark.parametrize("password", ["", "wrong", "\x00", "\ud800", "x" * 100_000])
def test_s24_another_password_deletes_nothing(services, user, token, password) -> None:
    with pytest.raises(WrongPassword):
        delete_account(services, user, password=password, username="asha")

    assert user_of_session(services, token) == user


def test_an_admins_account_stays(services) -> None:
    admin = create_admin(services, email="owner@example.com", password=PASSWORD)

    with pytest.raises(Forbidden):
        delete_account(services, admin, password=PASSWORD, username=admin.username)


def test_while_a_refund_is_open_the_account_stays(services, user, gateway, paid) -> None:
    admin = create_admin(services, email="owner@example.com", password=PASSWORD)
    key = "REFUND00000000000001"
    request_refund(
        services,
        admin,
        order_id=paid.id,
        payment_id=shown_payment(services, paid.id),
        amount_paise=49900,
        reason="asked",
        refund_key=key,
    )

    with pytest.raises(DeletionRefused, match="on its way back"):
        delete_account(services, user, password=PASSWORD, username="asha")
    gateway.create_refund(paid.ref, gateway_payment_id="", refund_id=key, amount_paise=49900, note="")
    gateway.refunds[key] = replace(gateway.refunds[key], status=GatewayRefundStatus.SUCCESS)
    execute_refund(services, key)
    delete_account(services, user, password=PASSWORD, username="asha")

    assert rows(services, "SELECT count(*) FROM users WHERE username = 'asha'") == [(0,)]


def test_while_a_person_checks_a_payment_the_account_stays(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=1)
    sync_order(services, order.id)

    with pytest.raises(DeletionRefused, match="being decided"):
        delete_account(services, user, password=PASSWORD, username="asha")


def test_while_a_bank_decides_about_the_open_order_the_account_stays(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, status=GatewayPaymentStatus.PENDING)

    with pytest.raises(DeletionRefused, match="being decided"):
        delete_account(services, user, password=PASSWORD, username="asha")


def test_whoever_has_just_paid_is_told_first(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)

    with pytest.raises(DeletionRefused, match="has just arrived"):
        delete_account(services, user, password=PASSWORD, username="asha")
    delete_account(services, user, password=PASSWORD, username="asha")

    assert rows(services, "SELECT deleted_at IS NULL FROM users") == [(False,)]


def test_while_nobody_knows_about_the_open_order_the_account_stays(services, user, gateway, token) -> None:
    start_checkout(services, user, "monthly")
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        delete_account(services, user, password=PASSWORD, username="asha")

    assert user_of_session(services, token) == user


def test_f29_an_unpaid_order_is_put_aside_and_money_that_still_comes_goes_back(
    services, user, gateway
) -> None:
    order = start_checkout(services, user, "monthly")

    delete_account(services, user, password=PASSWORD, username="asha")
    put_aside = rows(services, "SELECT status FROM orders")
    terminate_order(services, order.id)
    gateway.pay(order.id)
    late = sync_order(services, order.id)

    assert put_aside == [("superseded",)]
    assert late.status is OrderStatus.SURPLUS
    assert rows(services, "SELECT reason FROM refunds") == [("paid for an account that is closed",)]
    assert rows(services, "SELECT count(*) FROM subscription_periods") == [(0,)]
    assert {finding.id for finding in run_checks(services) if finding.state is State.VIOLATED} == set()


def test_f29_no_order_begins_for_an_account_that_was_closed_in_another_tab(services, user) -> None:
    delete_account(services, user, password=PASSWORD, username="asha")

    with pytest.raises(NotSignedIn):
        start_checkout(services, user, "monthly")


def test_a_log_in_that_is_under_way_leaves_no_session_behind(services, user) -> None:
    ticket = issue_ticket(services, user, browser_token="b")
    blocked = connect_engine(services.engine.url)
    ends: list[str] = []

    def redeem() -> None:
        try:
            redeem_ticket(services, ticket, browser_token="b", user_agent="Firefox of Asha")
            ends.append("in")
        except TicketRefused:
            ends.append("refused")

    with blocked.connect() as conn, conn.begin():
        # A deletion that has closed the account, and has not committed yet.
        conn.execute(text("UPDATE users SET username = 'deleted-1', deleted_at = now()"))
        redeeming = threading.Thread(target=redeem)
        redeeming.start()
        wait_for_a_waiting_transaction(services)
    redeeming.join(20)
    blocked.dispose()

    assert ends == ["refused"]
    assert rows(services, "SELECT count(*) FROM sessions") == [(0,)]


@pytest.mark.parametrize(
    "sender",
    [
        None,
        Sender(MailNotSent("The mail server refused with 550", is_permanent=True)),
    ],
)
def test_s33_the_last_mail_keeps_no_address_when_it_cannot_go(services, user, sender) -> None:
    delete_account(services, user, password=PASSWORD, username="asha")

    send_all(services, sender)

    assert "asha" not in everything(services)


def test_s33_the_last_mail_keeps_its_address_for_as_long_as_it_is_tried_and_no_longer(services, user) -> None:
    delete_account(services, user, password=PASSWORD, username="asha")
    ((email_id,),) = rows(services, "SELECT id FROM emails WHERE to_address <> ''")
    silent = replace(services, mail_sender=Sender(MailNotSent("The mail server did not answer in time")))

    for _ in range(RETRY_LIMIT):
        with pytest.raises(MailNotSent):
            send_mail(silent, email_id)
    tried = rows(services, "SELECT to_address FROM emails WHERE id = :id", id=email_id)
    with pytest.raises(MailNotSent):
        send_mail(silent, email_id)

    assert tried == [("asha@example.com",)]
    assert "asha" not in everything(services)
    send_mail(silent, email_id)  # A replay finds nothing to send.


def send_all(services, sender: Sender | None) -> None:
    with_mail = replace(services, mail_sender=sender)
    for (email_id,) in rows(services, "SELECT id FROM emails ORDER BY id"):
        send_mail(with_mail, email_id)


def kept_rows(services) -> dict[str, list[tuple]]:
    """The records of money, as they stand."""
    return {
        table: rows(services, f"SELECT * FROM {table} ORDER BY 1")
        for table in (
            "orders",
            "payments",
            "refunds",
            "ledger_entries",
            "subscription_periods",
            "gateway_events",
        )
    }


def everything(services) -> str:
    """Every row of every table of ours, as text. The queue's tables hold ids."""
    tables = rows(services, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return "\n".join(
        str(row) for (table,) in tables for row in rows(services, f"SELECT t::text FROM {table} t")
    )


def wait_for_a_waiting_transaction(services) -> None:
    """Return once some transaction of this database waits for a row."""
    for _ in range(1000):
        if rows(
            services,
            "SELECT count(*) > 0, pg_sleep(0.01) FROM pg_stat_activity "
            "WHERE datname = current_database() AND wait_event_type = 'Lock'",
        )[0][0]:
            return
    raise AssertionError("nobody waits")
