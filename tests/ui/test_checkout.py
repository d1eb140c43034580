from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from streamlit.testing.v1 import AppTest

import payment_handler
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from payment_handler import start_checkout, sync_order
from tests.builders import an_order
from tests.ui.panel import seen
from ui import checkout
from ui.checkout import describe_expiry

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def test_an_order_that_can_be_paid_says_until_when() -> None:
    assert "until 5:30 pm IST" in describe_expiry(an_order(expires_at=NOW), NOW - timedelta(minutes=5))


def test_an_order_whose_time_is_over_says_so_before_anybody_marked_it() -> None:
    assert describe_expiry(an_order(expires_at=NOW), NOW) == (
        "This order has expired; Complete Payment opens a fresh one."
    )


def test_an_order_that_was_closed_early_is_not_called_payable() -> None:
    sentence = describe_expiry(
        an_order(status=OrderStatus.TERMINATED, expires_at=NOW), NOW - timedelta(minutes=5)
    )

    assert sentence == "This order was closed; Complete Payment opens a fresh one."


@pytest.mark.parametrize("kind", ["razorpay"])
@pytest.mark.parametrize(
    ("paid_after", "is_tried_again", "is_told"),
    [(31, False, True), (31, True, True), (5, False, False)],
    ids=["too-late", "too-late-and-declined-after-it", "in-time"],
)
def test_who_comes_back_to_an_order_whose_money_goes_back_reads_so_before_paying_anew(
    kind, services, user, gateway, clock, monkeypatch, paid_after, is_tried_again, is_told
) -> None:
    shop = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))
    order = start_checkout(shop, user, "monthly")
    clock.advance(timedelta(minutes=paid_after))
    status = GatewayPaymentStatus.AUTHORIZED if is_told else GatewayPaymentStatus.FAILED
    gateway.pay(order.id, status=status)
    order = sync_order(shop, order.id)
    if is_tried_again:
        clock.advance(timedelta(minutes=2))
        gateway.pay(order.id, status=GatewayPaymentStatus.FAILED, payment_id="DECLINED")
        order = sync_order(shop, order.id)
        first, *_ = payment_handler.list_orders(shop, user)[0].payments
        assert first.gateway_payment_id == "DECLINED"
    # Its links lead to pages that this one page alone does not have.
    monkeypatch.setattr(checkout, "footer", lambda _settings: None)
    monkeypatch.setattr(checkout, "legal_links", lambda *_args, **_names: None)
    monkeypatch.setattr(checkout, "demo_note", lambda _services: None)

    def script(services, user, order) -> None:
        import payment_handler
        from ui import checkout

        checkout.render_summary(services, user, order, payment_handler.list_plans(services))

    page = AppTest.from_function(script, default_timeout=20, args=(shop, user, order)).run()

    assert not page.exception
    assert ("usually within 10 days, and opens no access. You may pay anew." in seen(page)) is is_told
    assert "Complete Payment" in [button.label for button in page.button]
