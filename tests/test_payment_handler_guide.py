"""The guide's own functions, which know no services: they use those of the process."""

from __future__ import annotations

import pytest
from sqlalchemy import text

import payment_handler
from domain.errors import GatewayTimeout
from payment_handler import save_payment_record, send_payment_receipt, start_checkout, sync_order
from tests.books import rows

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


@pytest.fixture
def as_the_process(services, monkeypatch) -> None:
    monkeypatch.setattr(payment_handler, "get_services", lambda: services)


def test_the_guides_receipt_goes_only_where_the_books_say(services, gateway, order, as_the_process) -> None:
    before = send_payment_receipt("asha@example.com", order.id, 499)
    gateway.pay(order.id)
    sync_order(services, order.id)

    assert before is False
    assert send_payment_receipt(" Asha@example.com ", order.id, "499.00") is True
    assert send_payment_receipt("bela@example.com", order.id, 499) is False
    assert send_payment_receipt("asha@example.com", order.id, 4990) is False
    assert send_payment_receipt("asha@example.com", "ORDER00000000000000X", 499) is False
    assert rows(services, "SELECT count(*) FROM emails WHERE kind = 'receipt'") == [(1,)]


def test_a_receipt_that_was_sent_is_not_sent_again(services, gateway, order, as_the_process) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE emails SET status = 'sent', sent_at = now()"))
        conn.execute(text("DELETE FROM procrastinate_jobs"))

    assert send_payment_receipt("asha@example.com", order.id, 499) is True
    assert rows(services, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]


def test_the_guides_save_tells_whether_the_order_is_paid(services, gateway, order, as_the_process) -> None:
    unpaid = save_payment_record(order.id)
    gateway.fail_next = GatewayTimeout()
    unanswered = save_payment_record(order.id)
    gateway.pay(order.id)

    assert (unpaid, unanswered, save_payment_record(order.id)) == (False, False, True)


def test_a_payment_record_of_an_unknown_order_is_refused_without_an_error(services, monkeypatch) -> None:
    monkeypatch.setattr("payment_handler.get_services", lambda: services)

    assert payment_handler.save_payment_record("ORDERNOBODY00000001") is False
