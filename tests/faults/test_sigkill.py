"""A real SIGKILL at every statement and commit of each flow of money: whatever dies, the survivors make it whole.

Boundaries are enumerated, not sampled, and each is tried on a buyer of its own. After each kill the survivors
do what they would do anyway: the buyer clicks again, the gateway repeats its message, the worker runs what is
queued.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

import payment_handler
from database.embedded import EmbeddedServer
from domain.identifiers import new_refund_key
from tests.books import shown_payment
from tests.faults.enumeration import Case, Enumeration
from tests.faults.shop import METHODS, Shop, open_shop
from tests.faults.victim import Zygote, zygote
from tests.simulator.running_simulator import until


def _shops_last(fixture_name: str, config: pytest.Config) -> Any:
    """A long run makes thousands of buyers: each test has a shop of its own, lest all be compared for ever."""
    return "function" if config.getoption("--faults") == "large" else "module"


@pytest.fixture(scope=_shops_last)
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(server, tmp_path_factory.mktemp("sigkill"), "sigkill") as shop:
        yield shop


@pytest.fixture(scope=_shops_last)
def victims(shop: Shop) -> Iterator[Zygote]:
    with zygote(shop.environment) as victims:
        yield victims


def a_buyer(shop: Shop, seed: int) -> Case:
    """Somebody with a past that the seed chooses."""
    rng = random.Random(seed)
    case = Case(shop.buyer(), rng.choice(["monthly", "annual"]), rng.choice(METHODS))
    if rng.random() < 0.5:
        shop.paid_period(case.user, rng.choice(["monthly", "annual"]))
    return case


def with_order(shop: Shop, seed: int, *, paid: bool = True) -> Case:
    """The same with an order, perhaps after a failed attempt, and paid unless told otherwise."""
    case = a_buyer(shop, seed)
    case.order = shop.order(case.user, case.plan)
    if random.Random(~seed).random() < 0.5:
        shop.pay(case.order, case.method, "FAILED")
    if paid:
        shop.pay(case.order, case.method)
    return case


@pytest.fixture
def enumeration(shop: Shop, victims: Zygote, scale: Any, measured: Any) -> Enumeration:
    return Enumeration(shop, victims, scale.large, measured)


def commits(passed: list[str]) -> int:
    return passed.count("before COMMIT")


def test_checkout_killed_anywhere_opens_one_order(shop: Shop, enumeration: Enumeration) -> None:
    def prepare(seed: int) -> Case:
        case = a_buyer(shop, seed)
        if seed % 3 == 1:
            # Somebody who had chosen the other plan first: its order is to be given up.
            shop.order(case.user, "annual" if case.plan == "monthly" else "monthly")
        case.arguments = {"user_id": str(case.user.id), "plan": case.plan}
        return case

    def click_again(case: Case) -> None:
        case.order = shop.order(case.user, case.plan)
        shop.pay(case.order, case.method)
        shop.receive(*shop.webhook(case.order_id))

    def one_order(case: Case) -> None:
        theirs = [o for o in shop.truth()["orders"] if o["tags"].get("user_id") == str(case.user.id)]
        ours = shop.rows("SELECT id, status FROM orders WHERE user_id = :id", id=case.user.id)
        assert {o["order_id"]: o["status"].lower() for o in theirs} == {o["id"]: o["status"] for o in ours}
        checkouts = [o["tags"]["checkout_id"] for o in theirs if o["status"] != "TERMINATED"]
        assert len(checkouts) == len(set(checkouts))

    passed = enumeration.run("checkout", prepare=prepare, survive=click_again, check=one_order)

    assert commits(passed) == 2
    assert any("INSERT INTO orders" in label for label in passed)


def test_f30_a_webhook_killed_anywhere_is_stored_once_when_it_comes_again(
    shop: Shop, enumeration: Enumeration
) -> None:
    def prepare(seed: int) -> Case:
        case = with_order(shop, seed)
        headers, body = shop.webhook(case.order_id)
        case.arguments = {"headers": headers, "body": body.decode()}
        return case

    def send_again(case: Case) -> None:
        shop.receive(*shop.webhook(case.order_id))

    def one_event(case: Case) -> None:
        events = shop.rows("SELECT status FROM gateway_events WHERE order_id = :id", id=case.order_id)
        assert events == [{"status": "processed"}]
        assert_paid(shop, case)

    passed = enumeration.run("webhook", prepare=prepare, survive=send_again, check=one_event)

    assert commits(passed) == 1
    assert any("procrastinate_defer_jobs" in label for label in passed)


def test_a_sync_killed_anywhere_is_made_good_by_the_webhook(shop: Shop, enumeration: Enumeration) -> None:
    def prepare(seed: int) -> Case:
        case = with_order(shop, seed)
        case.arguments = {"order_id": case.order_id}
        return case

    def hear_of_it(case: Case) -> None:
        shop.receive(*shop.webhook(case.order_id))

    passed = enumeration.run(
        "sync", prepare=prepare, survive=hear_of_it, check=lambda case: assert_paid(shop, case)
    )

    assert commits(passed) == 1
    for table in ("payments", "ledger_entries", "subscription_periods", "emails", "audit_log"):
        assert any(f"INSERT INTO {table}" in label for label in passed), table


def test_a_sync_with_a_capture_killed_anywhere_takes_the_money_once(
    shop: Shop, enumeration: Enumeration
) -> None:
    listener = {"gateway": "razorpay", "url": "http://localhost:9/webhooks/razorpay"}
    shop.simulator.control("POST", "/endpoints", listener)

    def prepare(seed: int) -> Case:
        case = a_buyer(shop, seed)
        case.order = payment_handler.start_checkout(shop.services, case.user, case.plan, gateway="razorpay")
        if random.Random(~seed).random() < 0.5:
            shop.simulator.pay(str(case.order.gateway_order_id), method=case.method, outcome="FAILED")
        # The bank holds the money, and nobody takes it but us.
        shop.simulator.pay(str(case.order.gateway_order_id), method=case.method, outcome="AUTHORIZED")
        case.arguments = {"order_id": case.order_id}
        return case

    def hear_of_it(case: Case) -> None:
        assert case.order is not None
        shop.receive_from_razorpay(case.order)

    def taken_once(case: Case) -> None:
        taken = [p for p in shop.truth()["payments"] if p["order_id"] == case.order_id]
        assert [p["status"] for p in taken if p["status"] != "FAILED"] == ["SUCCESS"]
        assert_paid(shop, case)

    passed = enumeration.run("sync", prepare=prepare, survive=hear_of_it, check=taken_once)

    assert commits(passed) == 1
    assert any("INSERT INTO payments" in label for label in passed)


def test_f30_a_job_killed_anywhere_is_made_good_by_its_next_try(shop: Shop, enumeration: Enumeration) -> None:
    def prepare(seed: int) -> Case:
        case = with_order(shop, seed)
        shop.receive(*shop.webhook(case.order_id))
        (event,) = shop.rows("SELECT id FROM gateway_events WHERE order_id = :id", id=case.order_id)
        case.arguments = {"event_id": event["id"]}
        return case

    passed = enumeration.run(
        "process_event",
        prepare=prepare,
        survive=lambda case: None,
        check=lambda case: assert_paid(shop, case),
        is_around_sync=True,
    )

    assert commits(passed) == 2


def test_a_refund_killed_anywhere_is_made_once(shop: Shop, enumeration: Enumeration) -> None:
    admin = shop.admin()

    def prepare(seed: int) -> Case:
        case = with_order(shop, seed)
        order = payment_handler.sync_order(shop.services, case.order_id)
        case.arguments = {
            "admin_id": str(admin.id),
            "order_id": order.id,
            "payment_id": shown_payment(shop.services, order.id),
            "amount_paise": order.amount_paise if seed % 2 == 0 else 10_000,
            "refund_key": new_refund_key(),
        }
        return case

    def send_the_form_again(case: Case) -> None:
        asked = {name: value for name, value in case.arguments.items() if name != "admin_id"}
        payment_handler.request_refund(shop.services, admin, reason="asked for it", **asked)
        shop.run_jobs()
        shop.simulator.control("POST", f"/refunds/{asked['refund_key']}/settle", {"outcome": "SUCCESS"})
        shop.receive(*shop.webhook(case.order_id))

    def one_refund(case: Case) -> None:
        theirs = [r for r in shop.truth()["refunds"] if r["order_id"] == case.order_id]
        assert [(r["refund_id"], r["amount_paise"], r["status"]) for r in theirs] == [
            (case.arguments["refund_key"], case.arguments["amount_paise"], "SUCCESS")
        ]

    passed = enumeration.run("refund", prepare=prepare, survive=send_the_form_again, check=one_refund)

    assert commits(passed) == 2
    assert any("INSERT INTO refunds" in label for label in passed)


def test_a_sweep_killed_anywhere_is_finished_by_the_next(shop: Shop, enumeration: Enumeration) -> None:
    def prepare(seed: int) -> Case:
        case = with_order(shop, seed)
        shop.let_pass(minutes=5)
        return case

    def sweep_again(case: Case) -> None:
        shop.let_pass(minutes=5)
        # The server lets go of a dead process's lock when it notices.
        until(lambda: not payment_handler.sweep(shop.services).is_cut_short)

    passed = enumeration.run(
        "sweep",
        prepare=prepare,
        survive=sweep_again,
        check=lambda case: assert_paid(shop, case),
        is_around_sync=True,
    )

    assert commits(passed) >= 3
    assert any("pg_try_advisory_lock" in label for label in passed)


def test_a_reconciliation_killed_anywhere_rebuilds_a_lost_order_once(
    shop: Shop, enumeration: Enumeration
) -> None:
    def prepare(seed: int) -> Case:
        # Each comparison sees its own payment alone: with those of all cases before, it would need one page more
        # of the gateway's account from the hundredth on, and the boundaries would be others.
        since = datetime.now(UTC)
        case = with_order(shop, seed)
        payment_handler.sync_order(shop.services, case.order_id)
        shop.run_jobs()
        shop.forget(case.order_id)
        case.arguments = {"since": since.isoformat()}
        return case

    def reconcile_again(case: Case) -> None:
        payment_handler.reconcile(shop.services, since=datetime.fromisoformat(case.arguments["since"]))

    passed = enumeration.run(
        "reconcile",
        prepare=prepare,
        survive=reconcile_again,
        check=lambda case: assert_paid(shop, case),
        is_around_sync=True,
    )

    assert commits(passed) >= 4
    assert any("INSERT INTO orders" in label for label in passed)


def assert_paid(shop: Shop, case: Case) -> None:
    (order,) = shop.rows("SELECT status FROM orders WHERE id = :id", id=case.order_id)
    assert order["status"] == "paid"
