"""Every reason to look ends in `sync_order`, and `sync_order` pays an order exactly once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import pytest
from sqlalchemy import text

import payment_handler
from domain.accounts import User
from domain.errors import (
    CheckoutClosed,
    GatewayCredentialsRejected,
    GatewayReplyInvalid,
    GatewayTimeout,
    OrderNotFound,
    WebhookRefused,
)
from domain.gateway import GatewayOrderStatus, GatewayPaymentStatus
from domain.orders import OrderStatus, PaymentStatus
from operations.check import State, run_checks
from payment_handler import (
    confirm_return,
    find_order,
    last_failure,
    list_orders,
    process_event,
    receive_webhook,
    report_script_failure,
    save_payment_record,
    send_payment_receipt,
    start_checkout,
    sync_order,
)
from user_management import entitlement, register

pytestmark = pytest.mark.parametrize("kind", ["cashfree", "razorpay"])

GOOD = {"x-webhook-signature": "good", "x-razorpay-signature": "good"}


@pytest.fixture
def order(services, user):
    return start_checkout(services, user, "monthly")


@pytest.fixture
def stranger(services) -> User:
    return register(
        services,
        full_name="Bela Iyer",
        email="bela@example.com",
        username="bela",
        phone="8888888888",
        state="Kerala",
        password="TestPass123",
    )


def test_a_paid_order_buys_one_period_and_writes_everything_in_one_go(
    services, user, gateway, clock, order
) -> None:
    gateway.pay(order.id, charged_paise=50898)

    synced = sync_order(services, order.id)

    assert (synced.status, synced.paid_at, synced.synced_at) == (OrderStatus.PAID, clock.moment, clock.moment)
    assert _rows(services, "SELECT amount_paise, charged_paise, role, status FROM payments") == [
        (49900, 50898, "primary", "captured")
    ]
    assert _rows(services, "SELECT plan_id, starts_at, ends_at FROM subscription_periods") == [
        ("monthly", clock.moment, clock.moment + timedelta(days=31))
    ]
    assert _rows(services, "SELECT status, current_period_end FROM subscriptions") == [
        ("active", clock.moment + timedelta(days=31))
    ]
    assert _rows(services, "SELECT account, amount_paise FROM ledger_entries ORDER BY account") == [
        ("gateway_receivable", 49900),
        ("sales", -49900),
    ]
    assert _rows(services, "SELECT kind, to_address, status FROM emails ORDER BY kind") == [
        ("activation", "asha@example.com", "queued"),
        ("receipt", "asha@example.com", "queued"),
    ]
    assert _rows(services, "SELECT action FROM audit_log WHERE object LIKE 'order:%' ORDER BY id") == [
        ("order_made",),
        ("payment_captured",),
        ("order_paid",),
    ]
    assert _rows(services, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'send_mail'") == [(2,)]
    assert _rows(services, "SELECT closed_at FROM checkouts") == [(clock.moment,)]
    assert _rows(services, "SELECT 1 FROM alarms") == []
    assert entitlement(services, user).is_active
    _check_invariants(services)


def test_looking_again_changes_nothing_more(services, gateway, order) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    before = _everything(services)

    for _ in range(3):
        sync_order(services, order.id)

    assert _everything(services) == before


def test_eight_looks_at_once_pay_once(services, gateway, order) -> None:
    gateway.pay(order.id)
    barrier = threading.Barrier(8)
    ends: list[object] = []

    def work() -> None:
        barrier.wait(10)
        try:
            ends.append(sync_order(services, order.id).status)
        except Exception as exc:  # shown by the assertion below
            ends.append(exc)

    _together(*[work] * 8)

    assert ends == [OrderStatus.PAID] * 8
    assert _rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    assert _rows(services, "SELECT count(*) FROM emails") == [(2,)]
    assert _rows(services, "SELECT count(*) FROM ledger_entries") == [(2,)]
    _check_invariants(services)


def test_a_look_that_began_before_the_payment_and_is_applied_after_it_takes_nothing_back(
    services, user, gateway, order
) -> None:
    class Slow:
        """Answers what was true when it was asked, after somebody else has settled the truth."""

        def __getattr__(self, name):
            return getattr(gateway, name)

        def fetch_payments(self, ref):
            old = gateway.fetch_payments(ref)
            gateway.pay(ref.order_id)
            sync_order(services, ref.order_id)
            return old

    stale = sync_order(replace(services, gateways={services.settings.payment_gateway: Slow()}), order.id)

    assert stale.status is OrderStatus.PAID
    assert entitlement(services, user).is_active
    _check_invariants(services)


def test_a_crash_in_the_middle_leaves_nothing_half_done_and_the_next_look_completes(
    services, user, gateway, order, monkeypatch
) -> None:
    gateway.pay(order.id)
    before = _everything(services)
    monkeypatch.setattr("billing.mails.defer_activation", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        sync_order(services, order.id)
    crashed = _everything(services)
    monkeypatch.undo()

    sync_order(services, order.id)

    assert crashed == before
    assert entitlement(services, user).is_active
    _check_invariants(services)


@pytest.mark.parametrize(
    "lie",
    [
        {"amount_paise": 100},
        {"currency": "USD"},
        {"tags": {"user_id": "somebody else"}},
        {"order_id": "ORDER1"},
    ],
)
def test_a_contradiction_waits_for_a_person_and_opens_nothing(services, user, gateway, order, lie) -> None:
    gateway.pay(order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], **lie)

    synced = sync_order(services, order.id)
    again = sync_order(services, order.id)

    assert synced.status is again.status is OrderStatus.QUARANTINED
    assert not entitlement(services, user).is_active
    assert _rows(services, "SELECT DISTINCT role FROM payments") in ([], [(None,)])
    assert _rows(services, "SELECT 1 FROM ledger_entries") == []
    assert _rows(services, "SELECT count(*) FROM alarms") == [(1,)]
    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "monthly")
    assert _rows(services, "SELECT quarantine_reason IS NOT NULL FROM orders") == [(True,)]


def test_an_order_the_gateway_does_not_know_stays_as_it_is(services, user, gateway, clock) -> None:
    gateway.fail_next = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(services, user, "monthly")
    order_id = list_orders(services, user)[0].order.id

    synced = sync_order(services, order_id)

    assert (synced.status, synced.synced_at) == (OrderStatus.UNKNOWN, clock.moment)


def test_an_order_we_do_not_know_is_not_found_and_the_gateway_is_not_asked(services, gateway) -> None:
    with pytest.raises(OrderNotFound):
        sync_order(services, "ORDER00000000000000X")

    assert gateway.calls == []


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayReplyInvalid(), GatewayCredentialsRejected()])
def test_a_gateway_that_does_not_answer_changes_nothing(services, gateway, order, error) -> None:
    before = _everything(services)
    gateway.fail_next = error

    with pytest.raises(type(error)):
        sync_order(services, order.id)

    assert _everything(services) == before


def test_failures_are_recorded_and_a_later_success_still_pays(services, user, gateway, order) -> None:
    gateway.pay(order.id, status=GatewayPaymentStatus.FAILED, payment_id="PAY1")
    failed = sync_order(services, order.id)
    failure = last_failure(services, user, order.id)
    gateway.pay(order.id, payment_id="PAY1")
    paid = sync_order(services, order.id)

    assert failed.status is OrderStatus.CREATED
    assert failure is not None
    assert failure.status is PaymentStatus.FAILED
    assert paid.status is OrderStatus.PAID
    assert last_failure(services, user, order.id) is None
    assert _rows(services, "SELECT status, role FROM payments") == [("captured", "primary")]


def test_cash_on_delivery_opens_nothing_and_calls_a_person(services, user, gateway, order) -> None:
    gateway.pay(order.id, is_money=False)

    assert sync_order(services, order.id).status is OrderStatus.CREATED
    assert not entitlement(services, user).is_active
    assert _rows(services, "SELECT count(*) FROM alarms") == [(1,)]


def test_a_payment_after_the_expiry_is_honoured_by_default_and_goes_back_if_so_chosen(
    services, user, gateway, clock, order
) -> None:
    clock.advance(timedelta(minutes=31))
    gateway.pay(order.id)
    refunding = replace(services, settings=services.settings.model_copy(update={"late_payment": "refund"}))

    assert sync_order(refunding, order.id).status is OrderStatus.SURPLUS
    assert not entitlement(services, user).is_active
    assert _rows(services, "SELECT reason FROM refunds") == [("paid after the order had expired",)]

    second = start_checkout(services, user, "monthly")
    clock.advance(timedelta(minutes=31))
    gateway.pay(second.id)
    assert sync_order(services, second.id).status is OrderStatus.PAID


def test_a_second_payment_on_one_order_is_kept_as_a_duplicate_and_left_to_the_gateway(
    services, gateway, order
) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.pay(order.id, payment_id="SECOND")

    assert sync_order(services, order.id).status is OrderStatus.PAID
    assert _rows(services, "SELECT role FROM payments ORDER BY id") == [("primary",), ("duplicate",)]
    assert _rows(services, "SELECT count(*) FROM refunds") == [(0,)]
    assert _rows(services, "SELECT count(*) FROM alarms") == [(1,)]
    assert _rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    assert _rows(
        services, "SELECT sum(amount_paise) FROM ledger_entries WHERE account = 'owed_to_buyers'"
    ) == [(-49900,)]
    _check_invariants(services)


def test_paying_both_orders_of_one_checkout_gives_one_period_and_one_refund(
    services, user, gateway, order
) -> None:
    annual = start_checkout(services, user, "annual")
    gateway.pay(order.id)
    gateway.pay(annual.id)

    first, second = sync_order(services, order.id), sync_order(services, annual.id)
    sync_order(services, annual.id)

    assert (first.status, second.status) == (OrderStatus.PAID, OrderStatus.SURPLUS)
    assert entitlement(services, user).plan_id == "monthly"
    assert _rows(services, "SELECT amount_paise, status, reason FROM refunds") == [
        (499000, "intended", "paid twice in one checkout")
    ]
    assert _rows(
        services, "SELECT args->>'refund_key' FROM procrastinate_jobs WHERE task_name = 'execute_refund'"
    ) == _rows(services, "SELECT refund_key FROM refunds")
    _check_invariants(services)


def test_both_orders_of_one_checkout_settled_at_once_give_one_period(services, user, gateway, order) -> None:
    annual = start_checkout(services, user, "annual")
    gateway.pay(order.id)
    gateway.pay(annual.id)
    barrier = threading.Barrier(4)
    ends: list[object] = []

    def work(order_id: str) -> None:
        barrier.wait(10)
        try:
            ends.append(sync_order(services, order_id).status)
        except Exception as exc:  # shown by the assertion below
            ends.append(exc)

    _together(*[lambda i=i: work(i) for i in (order.id, annual.id) * 2])

    assert sorted(map(str, ends)) == ["paid", "paid", "surplus", "surplus"]
    assert _rows(services, "SELECT count(*) FROM subscription_periods") == [(1,)]
    _check_invariants(services)


def test_separate_purchases_settled_at_once_stack_without_overlap_and_without_deadlock(
    services, user, gateway, clock
) -> None:
    ids = []
    for _ in range(4):
        ids.append(start_checkout(services, user, "monthly").id)
        gateway.pay(ids[-1])
        with services.engine.begin() as conn:
            conn.execute(text("UPDATE checkouts SET closed_at = now()"))
    barrier = threading.Barrier(8)
    ends: list[object] = []

    def work(order_id: str) -> None:
        barrier.wait(10)
        try:
            ends.append(sync_order(services, order_id).status)
        except Exception as exc:  # shown by the assertion below
            ends.append(exc)

    _together(*[lambda i=i: work(i) for i in ids * 2])

    periods = _rows(services, "SELECT starts_at, ends_at FROM subscription_periods ORDER BY starts_at")
    assert ends == [OrderStatus.PAID] * 8
    assert len(periods) == 4
    assert periods[0][0] == clock.moment
    assert all(before[1] == after[0] for before, after in pairwise(periods))
    _check_invariants(services)


@pytest.mark.parametrize("end", ["deleted_at = now()", "status = 'disabled'"])
def test_money_for_a_closed_account_goes_back_and_opens_nothing(services, gateway, order, end) -> None:
    gateway.pay(order.id)
    with services.engine.begin() as conn:
        conn.execute(text(f"UPDATE users SET {end}"))

    assert sync_order(services, order.id).status is OrderStatus.SURPLUS
    assert _rows(services, "SELECT count(*) FROM emails") == [(0,)]
    assert _rows(services, "SELECT count(*) FROM ledger_entries") == [(2,)]
    assert _rows(services, "SELECT count(*) FROM subscription_periods") == [(0,)]
    assert _rows(services, "SELECT amount_paise, status FROM refunds") == [(49900, "intended")]


def test_only_the_owner_can_confirm_a_return(services, gateway, order, stranger) -> None:
    gateway.pay(order.id)
    gateway.calls.clear()

    for order_id in (order.id, "ORDER00000000000000X", "", "x" * 10_000, "\x00", "' OR 1=1 --"):
        with pytest.raises(OrderNotFound):
            confirm_return(services, stranger, order_id)

    assert gateway.calls == []
    assert _rows(services, "SELECT status FROM orders") == [("created",)]


def test_a_return_asks_the_gateway_at_most_every_five_seconds(services, user, gateway, clock, order) -> None:
    confirm_return(services, user, order.id)
    gateway.pay(order.id)
    gateway.calls.clear()

    clock.advance(timedelta(seconds=4.9))
    shared = confirm_return(services, user, order.id)
    asked_early = list(gateway.calls)
    clock.advance(timedelta(seconds=0.1))
    fresh = confirm_return(services, user, order.id)

    assert (shared.status, asked_early) == (OrderStatus.CREATED, [])
    assert fresh.status is OrderStatus.PAID


@pytest.mark.parametrize("error", [GatewayTimeout(), GatewayReplyInvalid(), GatewayCredentialsRejected()])
def test_a_return_while_the_gateway_is_down_shows_what_we_know(services, user, gateway, order, error) -> None:
    gateway.pay(order.id)
    gateway.fail_next = error

    shown = confirm_return(services, user, order.id)

    assert (shown.id, shown.status) == (order.id, OrderStatus.CREATED)


def test_a_return_to_a_paid_order_asks_nobody(services, user, gateway, order) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    gateway.calls.clear()

    assert confirm_return(services, user, order.id).status is OrderStatus.PAID
    assert gateway.calls == []


def test_a_webhook_is_kept_to_the_byte_once_and_queues_one_look(services, gateway, order) -> None:
    body = f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()

    first = receive_webhook(services, services.settings.payment_gateway, GOOD, body)
    second = receive_webhook(services, services.settings.payment_gateway, GOOD, body)

    assert (first, second) == (True, False)
    ((stored, status, event_id),) = _rows(services, "SELECT body, status, id FROM gateway_events")
    assert (bytes(stored), status) == (body, "new")
    assert _rows(services, "SELECT lock, args FROM procrastinate_jobs WHERE task_name = 'process_event'") == [
        (None, {"event_id": event_id})
    ]
    assert "fetch_order" not in gateway.calls


def test_eight_copies_of_a_webhook_at_once_are_one_event_and_one_job(services, order) -> None:
    barrier = threading.Barrier(8)
    ends: list[bool] = []

    def work() -> None:
        barrier.wait(10)
        ends.append(
            receive_webhook(
                services,
                services.settings.payment_gateway,
                GOOD,
                f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode(),
            )
        )

    _together(*[work] * 8)

    assert sorted(ends) == [False] * 7 + [True]
    assert _rows(services, "SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'process_event'") == [
        (1,)
    ]


def test_a_repeat_of_an_event_that_led_to_nothing_is_looked_at_again(live_services, gateway, order) -> None:
    body = f"PAYMENT_SUCCESS_WEBHOOK:{order.id}".encode()
    receive_webhook(live_services, live_services.settings.payment_gateway, GOOD, body)
    with live_services.engine.begin() as conn:
        conn.execute(text("DELETE FROM procrastinate_jobs"))
        conn.execute(text("UPDATE gateway_events SET received_at = now() - interval '2 minutes'"))

    again = receive_webhook(live_services, live_services.settings.payment_gateway, GOOD, body)

    assert again is False
    assert _rows(live_services, "SELECT task_name FROM procrastinate_jobs") == [("process_event",)]


def test_a_webhook_that_is_not_signed_leaves_no_row(services) -> None:
    with pytest.raises(WebhookRefused):
        receive_webhook(
            services,
            services.settings.payment_gateway,
            {"x-webhook-signature": "bad"},
            b"PAYMENT_SUCCESS_WEBHOOK:ORDER1",
        )

    assert _rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]


def test_a_webhook_whose_job_cannot_be_queued_is_not_kept_either(services, monkeypatch) -> None:
    monkeypatch.setattr(type(services.queue), "defer", lambda *_, **__: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        receive_webhook(services, services.settings.payment_gateway, GOOD, b"PAYMENT_SUCCESS_WEBHOOK:ORDER1")

    assert _rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]


def test_an_event_makes_us_look_and_believes_nothing_in_the_body(services, gateway, order) -> None:
    event_id = _event(services, f"{gateway.paid_event}:{order.id}")

    with pytest.raises(GatewayReplyInvalid):
        process_event(services, event_id)

    assert _rows(services, "SELECT status FROM orders") == [("created",)]
    assert _rows(services, "SELECT status FROM gateway_events") == [("new",)]


def test_an_event_about_a_payment_pays_and_is_processed_once(services, gateway, order) -> None:
    event_id = _event(services, f"{gateway.paid_event}:{order.id}")
    gateway.pay(order.id)

    process_event(services, event_id)
    gateway.calls.clear()
    process_event(services, event_id)

    assert _rows(services, "SELECT status FROM orders") == [("paid",)]
    assert gateway.calls == []


def test_an_event_stays_new_while_the_gateway_does_not_answer(services, gateway, order) -> None:
    event_id = _event(services, f"{gateway.paid_event}:{order.id}")
    gateway.fail_next = GatewayTimeout()

    with pytest.raises(GatewayTimeout):
        process_event(services, event_id)

    assert _rows(services, "SELECT status FROM gateway_events") == [("new",)]


@pytest.mark.parametrize(
    ("body", "alarms"),
    [
        ("{paid}:ORDER00000000000000X", 1),
        ("PAYMENT_FAILED_WEBHOOK:ORDER00000000000000X", 0),
        ("WEBHOOK:", 0),
    ],
)
def test_an_event_about_no_order_of_ours_is_ignored_and_money_calls_a_person(
    services, gateway, body, alarms
) -> None:
    process_event(services, _event(services, body.format(paid=gateway.paid_event)))

    assert _rows(services, "SELECT status FROM gateway_events") == [("ignored",)]
    assert _rows(services, "SELECT count(*) FROM alarms") == [(alarms,)]


def test_an_event_that_does_not_exist_is_no_accident(services) -> None:
    process_event(services, 4711)


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
    assert _rows(services, "SELECT count(*) FROM emails WHERE kind = 'receipt'") == [(1,)]


def test_a_receipt_that_was_sent_is_not_sent_again(services, gateway, order, as_the_process) -> None:
    gateway.pay(order.id)
    sync_order(services, order.id)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE emails SET status = 'sent', sent_at = now()"))
        conn.execute(text("DELETE FROM procrastinate_jobs"))

    assert send_payment_receipt("asha@example.com", order.id, 499) is True
    assert _rows(services, "SELECT count(*) FROM procrastinate_jobs") == [(0,)]


def test_the_guides_save_tells_whether_the_order_is_paid(services, gateway, order, as_the_process) -> None:
    unpaid = save_payment_record(order.id)
    gateway.fail_next = GatewayTimeout()
    unanswered = save_payment_record(order.id)
    gateway.pay(order.id)

    assert (unpaid, unanswered, save_payment_record(order.id)) == (False, False, True)


def test_a_script_that_did_not_load_calls_a_person_once_an_hour_and_only_for_owners(
    services, user, clock, order, stranger
) -> None:
    report_script_failure(services, user, order.id)
    report_script_failure(services, user, order.id)
    clock.advance(timedelta(hours=1))
    report_script_failure(services, user, order.id)
    with pytest.raises(OrderNotFound):
        report_script_failure(services, stranger, order.id)

    assert _rows(services, "SELECT count(*) FROM alarms") == [(2,)]


def test_a_buyer_sees_their_own_orders_with_their_attempts_and_nobody_elses(
    services, user, gateway, order, stranger
) -> None:
    gateway.pay(order.id, status=GatewayPaymentStatus.FAILED)
    gateway.pay(order.id)
    sync_order(services, order.id)

    (line,) = list_orders(services, user)

    assert (line.order.id, line.plan_name) == (order.id, "Monthly")
    assert {p.status for p in line.payments} == {PaymentStatus.FAILED, PaymentStatus.CAPTURED}
    assert list_orders(services, stranger) == []
    with pytest.raises(OrderNotFound):
        find_order(services, stranger, order.id)
    with pytest.raises(OrderNotFound):
        last_failure(services, stranger, order.id)


def test_an_order_that_expired_at_the_gateway_expires_here(services, gateway, order) -> None:
    gateway.orders[order.id] = replace(gateway.orders[order.id], status=GatewayOrderStatus.EXPIRED)

    assert sync_order(services, order.id).status is OrderStatus.EXPIRED


def _event(services, body: str) -> int:
    receive_webhook(services, services.settings.payment_gateway, GOOD, body.encode())
    return _rows(services, "SELECT max(id) FROM gateway_events")[0][0]


def _together(*works) -> None:
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _rows(services, statement: str) -> list[tuple]:
    with services.engine.connect() as conn:
        return [tuple(row) for row in conn.execute(text(statement))]


def _everything(services) -> dict[str, list[tuple]]:
    tables = "orders checkouts payments refunds subscriptions subscription_periods "
    tables += "ledger_entries emails alarms audit_log"
    return {
        **{table: _rows(services, f"SELECT * FROM {table} ORDER BY 1") for table in tables.split()},
        "jobs": _rows(services, "SELECT id, task_name, args FROM procrastinate_jobs ORDER BY id"),
    }


def _check_invariants(services) -> None:
    """The books agree with themselves, however many looks there were."""
    findings = run_checks(services)
    assert [finding for finding in findings if finding.state not in {State.OK, State.NOT_BUILT}] == []


def test_a_payment_recorded_under_another_order_quarantines_and_gives_no_second_access(
    services, user, gateway
) -> None:
    first = start_checkout(services, user, "monthly")
    paid = gateway.pay(first.id)
    sync_order(services, first.id)
    second = start_checkout(services, user, "monthly")
    gateway.pay(second.id, payment_id=paid.gateway_payment_id)

    synced = sync_order(services, second.id)

    assert synced.status is OrderStatus.QUARANTINED
    with services.engine.connect() as conn:
        assert conn.execute(text("SELECT count(*) FROM subscription_periods")).scalar_one() == 1


def test_a_payment_record_of_an_unknown_order_is_refused_without_an_error(services, monkeypatch) -> None:
    monkeypatch.setattr("payment_handler.get_services", lambda: services)

    assert payment_handler.save_payment_record("ORDERNOBODY00000001") is False


def test_an_order_that_was_paid_unheard_is_found_before_another_one_is_opened(
    services, user, gateway, clock, order
) -> None:
    gateway.pay(order.id)
    clock.advance(timedelta(minutes=31))

    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "monthly")

    assert _rows(services, "SELECT status FROM orders") == [("paid",)]
    assert entitlement(services, user).is_active


def test_an_order_that_was_paid_unheard_is_found_before_the_plan_changes(
    services, user, gateway, order
) -> None:
    gateway.pay(order.id)

    with pytest.raises(CheckoutClosed):
        start_checkout(services, user, "annual")

    assert _rows(services, "SELECT plan_id, status FROM orders") == [("monthly", "paid")]


def test_two_successes_on_an_order_that_was_not_needed_are_one_refund_of_ours(
    services, user, gateway
) -> None:
    monthly = start_checkout(services, user, "monthly")
    annual = start_checkout(services, user, "annual")
    gateway.pay(annual.id)
    sync_order(services, annual.id)
    gateway.pay(monthly.id, payment_id="ONE")
    gateway.pay(monthly.id, payment_id="TWO")

    sync_order(services, monthly.id)

    assert _rows(services, "SELECT count(*) FROM payments WHERE role = 'duplicate'") == [(2,)]
    assert _rows(services, "SELECT count(*) FROM refunds") == [(1,)]


def test_an_alarm_reaches_the_admin_by_mail_once(services, user, gateway, order) -> None:
    told = replace(
        services, settings=services.settings.model_copy(update={"admin_email": "owner@example.com"})
    )
    gateway.pay(order.id)
    gateway.orders[order.id] = replace(gateway.orders[order.id], amount_paise=1)

    sync_order(told, order.id)
    sync_order(told, order.id)

    mails = _rows(
        services,
        "SELECT kind, to_address, text_body LIKE '%' || :order || '%' FROM emails".replace(
            ":order", f"'{order.id}'"
        ),
    )
    assert mails == [("alarm", "owner@example.com", True)]
