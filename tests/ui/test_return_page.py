from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from streamlit.testing.v1 import AppTest

from billing.desk import settle_by_hand
from billing.history import telling_attempt
from billing.returns import HandReturn, RefundLine
from domain.errors import GatewayRequestRejected
from domain.gateway import RETURNED_UNTAKEN, GatewayPaymentStatus
from domain.orders import Order, OrderStatus, PaymentStatus
from domain.refunds import RefundStatus
from payment_handler import OrderLine, PaymentLine, confirm_return, execute_refund, start_checkout, sync_order
from tests import builders
from ui import return_page, upi
from ui.return_page import ReturnState, is_undecided, return_state
from user_management import create_admin
from wiring import Services

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
WITH_THE_BANK = PaymentLine(PaymentStatus.PENDING, "upi", 49900, NOW, "", "512")
UNTAKEN = PaymentLine(PaymentStatus.CANCELLED, "upi", 49900, NOW, RETURNED_UNTAKEN, "513")
DECLINED = PaymentLine(PaymentStatus.FAILED, "upi", 49900, NOW, "bank_rejected", "511")


def an_order(status: OrderStatus) -> Order:
    return builders.an_order(status=status)


def test_a_paid_order_is_a_success_even_when_its_newest_attempt_failed() -> None:
    assert return_state(an_order(OrderStatus.PAID), DECLINED) is ReturnState.PAID


@pytest.mark.parametrize("status", [OrderStatus.CREATED, OrderStatus.UNKNOWN, OrderStatus.CREATING])
def test_an_open_order_without_an_attempt_is_called_not_paid(status: OrderStatus) -> None:
    assert return_state(an_order(status), None) is ReturnState.NOT_PAID


@pytest.mark.parametrize("status", [OrderStatus.CREATED, OrderStatus.EXPIRED, OrderStatus.SUPERSEDED])
def test_an_attempt_that_is_with_the_bank_is_waited_for_even_on_a_closed_order(status: OrderStatus) -> None:
    assert return_state(an_order(status), WITH_THE_BANK) is ReturnState.WAITING


def test_a_failed_attempt_on_an_open_order_is_a_failure() -> None:
    assert return_state(an_order(OrderStatus.CREATED), DECLINED) is ReturnState.FAILED


@pytest.mark.parametrize("status", [OrderStatus.EXPIRED, OrderStatus.TERMINATED, OrderStatus.SUPERSEDED])
def test_a_closed_order_is_called_closed(status: OrderStatus) -> None:
    assert return_state(an_order(status), None) is ReturnState.CLOSED


def test_money_that_was_not_needed_is_announced_as_going_back() -> None:
    assert return_state(an_order(OrderStatus.SURPLUS), None) is ReturnState.SURPLUS


def test_a_contradiction_is_said_to_be_under_review_and_never_a_failure() -> None:
    assert return_state(an_order(OrderStatus.QUARANTINED), DECLINED) is ReturnState.REVIEW


@pytest.mark.parametrize("status", [OrderStatus.CREATED, OrderStatus.EXPIRED, OrderStatus.SUPERSEDED])
def test_money_that_was_left_to_the_bank_is_not_waited_for_and_not_called_a_failure(
    status: OrderStatus,
) -> None:
    assert return_state(an_order(status), UNTAKEN) is ReturnState.UNTAKEN


def test_a_paid_order_stays_a_success_beside_money_that_was_left_to_the_bank() -> None:
    assert return_state(an_order(OrderStatus.PAID), UNTAKEN) is ReturnState.PAID


@pytest.mark.parametrize(
    ("attempts", "telling"),
    [((), None), ((DECLINED,), DECLINED), ((DECLINED, UNTAKEN), UNTAKEN), ((WITH_THE_BANK, UNTAKEN), WITH_THE_BANK),
     ((UNTAKEN, DECLINED), UNTAKEN)],
    ids=["none", "declined", "declined-after-untaken", "with-the-bank-after-untaken", "untaken-after-declined"],
)  # fmt: skip
def test_money_that_goes_back_is_told_of_whatever_was_refused_after_it(attempts, telling) -> None:
    assert telling_attempt(attempts) is telling


def test_every_status_has_an_answer() -> None:
    for status in OrderStatus:
        assert isinstance(return_state(an_order(status), None), ReturnState)


def test_money_on_its_way_keeps_the_unpaid_order_from_being_offered_first(services, user, gateway) -> None:
    order = start_checkout(services, user, "monthly")
    before = is_undecided(services, user, order)
    gateway.payments[order.id] = [
        builders.a_payment(order_id=order.id, status=GatewayPaymentStatus.PENDING, paid_at=None)
    ]
    confirm_return(services, user, order.id)

    assert (before, is_undecided(services, user, order)) == (False, True)


class Rerun(Exception):
    """The whole page runs again."""


class Page:
    """The parts of Streamlit that the waiting touches."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def html(self, text: str) -> None:
        self.shown.append(text)

    def rerun(self) -> None:
        raise Rerun


@pytest.fixture
def page(monkeypatch, user) -> Page:
    page = Page()
    monkeypatch.setattr(return_page, "st", page)
    monkeypatch.setattr(return_page.session, "current_user", lambda _services: user)
    return page


# The function inside the fragment: outside a page a fragment does nothing.
watch = return_page._watch.__wrapped__


def test_waiting_goes_on_while_the_books_say_what_is_shown(services, user, page) -> None:
    order = start_checkout(services, user, "monthly")

    watch(services, order.id, ReturnState.NOT_PAID)

    assert "Looking for a payment" in page.shown[0]


def test_a_late_success_runs_the_page_again_by_itself(services, user, gateway, page) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.payments[order.id] = [builders.a_payment(order_id=order.id)]
    confirm_return(services, user, order.id)

    with pytest.raises(Rerun):
        watch(services, order.id, ReturnState.NOT_PAID)


def test_waiting_ends_quietly_when_the_session_is_over(services, user, page, monkeypatch) -> None:
    order = start_checkout(services, user, "monthly")
    monkeypatch.setattr(return_page.session, "current_user", lambda _services: None)

    watch(services, order.id, ReturnState.WAITING)

    assert page.shown == [
        '<p class="small quiet" style="margin:0">You are logged out. Log in to see the answer.</p>'
    ]


def test_waiting_survives_a_database_that_does_not_answer(services, page, monkeypatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(return_page.payment_handler, "list_orders", fail)

    watch(services, "ORDER8K2M4QX7T9ZB3C", ReturnState.WAITING)

    assert "This page tries again by itself." in page.shown[0]


def test_waiting_for_an_order_that_is_not_ones_own_shows_nothing_of_it(services, page) -> None:
    watch(services, "ORDER8K2M4QX7T9ZB3C", ReturnState.WAITING)

    assert "This page tries again by itself." in page.shown[0]


@pytest.fixture
def draw(services, user, monkeypatch):
    monkeypatch.setattr(return_page.session, "current_user", lambda _services: user)
    # Its links lead to pages that this one page alone does not have.
    monkeypatch.setattr(return_page, "footer", lambda _settings: None)

    def script(services, user, order) -> None:
        from ui import return_page

        return_page.render_return(services, user, order)

    def drawn(order: Order, shop: Services = services) -> AppTest:
        page = AppTest.from_function(script, default_timeout=20, args=(shop, user, order)).run()
        assert not page.exception
        return page

    return drawn


def _labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


@pytest.mark.parametrize("kind", ["razorpay"])
def test_who_paid_too_late_is_told_that_the_bank_gives_it_back_and_may_pay_anew(
    kind, services, user, gateway, clock, draw
) -> None:
    shop = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))
    order = start_checkout(shop, user, "monthly")
    clock.advance(timedelta(minutes=31))
    gateway.pay(order.id, status=GatewayPaymentStatus.AUTHORIZED)
    sync_order(shop, order.id)

    page = draw(order, shop)

    assert page.header[0].value == "Your bank gives this money back"
    assert "free again by itself, usually within 10 days" in page.text[0].value
    assert "A fresh payment does, and need not wait for that money." in page.text[0].value
    assert "opens as soon as" not in page.text[0].value
    assert _labels(page) == ["Start a fresh payment"]
    assert not is_undecided(shop, user, order)


@pytest.mark.parametrize("kind", ["razorpay"])
def test_who_had_paid_already_is_told_so_and_goes_on_to_the_dashboard(
    kind, services, user, gateway, draw
) -> None:
    order = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(order.id, status=GatewayPaymentStatus.AUTHORIZED)
    sync_order(services, order.id)

    page = draw(order)

    assert page.header[0].value == "Your bank gives this money back"
    assert "Your access is open and does not depend on it." in page.text[0].value
    assert _labels(page) == ["Go to Dashboard"]


@pytest.mark.parametrize("heading", ["No payment has arrived for this order", "Payment failed"])
def test_who_was_extending_is_told_that_access_stays_and_finds_back(
    services, user, gateway, draw, heading
) -> None:
    paid = start_checkout(services, user, "monthly")
    gateway.pay(paid.id)
    sync_order(services, paid.id)
    order = start_checkout(services, user, "annual")
    if heading == "Payment failed":
        gateway.pay(order.id, status=GatewayPaymentStatus.FAILED)
        sync_order(services, order.id)

    page = draw(order)

    assert page.header[0].value == heading
    assert "stays as it is." in _texts(page)
    assert "Go to Dashboard" in _labels(page)


def test_who_has_no_access_is_promised_none(services, user, draw) -> None:
    page = draw(start_checkout(services, user, "monthly"))

    assert "stays as it is." not in _texts(page)
    assert "Go to Dashboard" not in _labels(page)


@pytest.mark.parametrize("kind", ["razorpay"])
def test_a_waiting_upi_attempt_offers_a_new_code_and_its_button_makes_one(
    kind, services, user, gateway, draw, monkeypatch
) -> None:
    asked: list[tuple[str, str | None]] = []
    monkeypatch.setattr(
        upi, "pay_by_upi", lambda _services, _user, plan, *, gateway: asked.append((plan, gateway))
    )
    gateway.has_upi_links = True
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id, status=GatewayPaymentStatus.PENDING)
    sync_order(services, order.id)

    page = draw(order)
    page.button(key="return-upi").click().run()

    assert page.header[0].value == "We are waiting for the bank"
    assert asked == [("monthly", "razorpay")]


@pytest.mark.parametrize("kind", ["razorpay"])
@pytest.mark.parametrize(("has_links", "method"), [(False, "upi"), (True, "card")])
def test_a_wait_without_a_code_to_make_offers_none(
    kind, services, user, gateway, draw, has_links, method
) -> None:
    gateway.has_upi_links = has_links
    order = start_checkout(services, user, "monthly")
    waiting = gateway.pay(order.id, status=GatewayPaymentStatus.PENDING)
    gateway.payments[order.id] = [replace(waiting, method=method)]
    sync_order(services, order.id)

    assert "Pay by UPI" not in _labels(draw(order))


def test_money_that_was_not_needed_and_came_back_in_another_way_is_told_with_its_day(
    services, user, gateway, draw
) -> None:
    admin = create_admin(services, email="owner@example.com", password="TestPass123")
    order = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    for paid in (annual, order):
        gateway.pay(paid.id)
        sync_order(services, paid.id)
    with services.engine.connect() as conn:
        key = conn.execute(text("SELECT refund_key FROM refunds")).scalar_one()
        payment_id = conn.execute(text("SELECT id FROM payments WHERE role = 'duplicate'")).scalar_one()
    gateway.fail_next = GatewayRequestRejected()
    execute_refund(services, key)
    before = draw(order)

    settle_by_hand(services, admin, order_id=order.id, payment_id=payment_id, reason="NEFT")
    after = draw(order)

    assert before.header[0].value == "This payment goes back to you"
    assert "Refund of ₹499 did not go through; we have been told." in _texts(before)
    assert after.header[0].value == "This payment went back to you"
    assert "₹499 returned to you in another way on" in _texts(after)
    for page in (before, after):
        assert "business days" not in _texts(page)
        assert "could not" not in _texts(page)


def _texts(page: AppTest) -> str:
    return " ".join(element.value for element in page.text)


def test_the_whole_way_back_of_money_that_was_not_needed_is_told(services, user, gateway, draw) -> None:
    order = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    for paid in (annual, order):
        gateway.pay(paid.id)
        sync_order(services, paid.id)
    asked = draw(order)
    with services.engine.connect() as conn:
        key = conn.execute(text("SELECT refund_key FROM refunds")).scalar_one()

    execute_refund(services, key)
    done = draw(order)

    assert asked.header[0].value == "This payment goes back to you"
    assert "returned to the account you paid from within 5 to 7 business days" in _texts(asked)
    assert done.header[0].value == "This payment went back to you"
    assert "₹499 returned on" in _texts(done)
    assert "business days" not in _texts(done)


ONE = PaymentLine(PaymentStatus.CAPTURED, "upi", 49900, NOW, "", "ONE")
TWO = replace(ONE, gateway_payment_id="TWO")
BY_HAND = HandReturn("ORDER8K2M4QX7T9ZB3C", "ONE", 49900, NOW)
FAILED_REFUND = RefundLine("ORDER8K2M4QX7T9ZB3C", "ONE", 49900, RefundStatus.FAILED, None)
DONE_REFUND = replace(FAILED_REFUND, status=RefundStatus.PROCESSED, processed_at=NOW)


@pytest.mark.parametrize(
    ("payments", "refunds", "by_hand", "heading", "said", "unsaid"),
    [
        ((ONE,), (), (), "This payment goes back to you", ("within 5 to 7 business days",), ("went",)),
        (
            (ONE,), (FAILED_REFUND,), (), "This payment goes back to you", ("did not go through; we have been told",),
            ("business days",),
        ),
        (
            (ONE,), (FAILED_REFUND,), (BY_HAND,), "This payment went back to you", ("in another way on 22 Nov 2026",),
            ("business days", "did not go through", "could not"),
        ),
        (
            (TWO, ONE), (FAILED_REFUND,), (BY_HAND,), "These payments go back to you",
            ("We received 2 payments", "Payment TWO: It is returned", "Payment ONE: ₹499 returned to you in another"),
            ("went",),
        ),
        (
            (replace(ONE, status=PaymentStatus.REFUNDED),), (DONE_REFUND,), (BY_HAND,), "This payment went back to you",
            ("₹499 returned on 22 Nov 2026", "in another way on 22 Nov 2026"), ("could not", "business days"),
        ),
        (
            (ONE,), (replace(DONE_REFUND, amount_paise=10000),), (), "This payment goes back to you",
            ("₹100 returned on 22 Nov 2026",), ("business days",),
        ),
        (
            (ONE,), (replace(FAILED_REFUND, status=RefundStatus.INTENDED), FAILED_REFUND), (),
            "This payment goes back to you", ("on its way to your bank", "within 5 to 7 business days"), ("went",),
        ),
    ],
    ids=["waiting", "failed", "by-hand", "a-second-payment-after-it", "returned-twice", "a-part", "asked-once-more"],
)  # fmt: skip
def test_nothing_is_said_of_money_that_was_not_needed_but_what_became_of_each_payment(
    payments, refunds, by_hand, heading, said, unsaid
) -> None:
    line = OrderLine(an_order(OrderStatus.SURPLUS), "Monthly", (DECLINED, *payments))

    found, sentences = return_page.describe_surplus(line, refunds, by_hand)

    assert found == heading
    for words in said:
        assert words in " ".join(sentences)
    for words in unsaid:
        assert words not in " ".join(sentences)
