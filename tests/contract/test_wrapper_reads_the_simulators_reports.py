"""The wrapper's account of money, read from a running simulator, equals the simulator's truth."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from cashfree_integration import CashfreePaymentGateway
from domain.errors import GatewayRateLimited
from domain.gateway import Movement, MovementKind, OrderRef
from gateways import cashfree_movements
from gateways.http import GatewayHttp
from tests.simulator.running_simulator import SECRET, RunningSimulator, running_simulator

A_DAY = 25 * 3600


@pytest.fixture(scope="module")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    shared_simulator.control("POST", "/reset")
    return shared_simulator


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def gateway(simulator: RunningSimulator, pauses: list[float]) -> CashfreePaymentGateway:
    http = GatewayHttp("cashfree", sleep=pauses.append)
    return CashfreePaymentGateway("TESTSIMULATOR", SECRET, api_base=f"{simulator.origin}/pg", http=http)


def of_last_days(gateway: CashfreePaymentGateway, simulator: RunningSimulator, days: int) -> list[Movement]:
    now = datetime.fromisoformat(simulator.control("GET", "/clock")["now"])
    return list(gateway.list_movements(now - timedelta(days=days), now + timedelta(seconds=1)))


def told(movements: list[Movement]) -> list[tuple[str, str, int]]:
    return sorted(
        (
            movement.kind.value,
            movement.gateway_refund_id or movement.gateway_payment_id,
            movement.amount_paise,
        )
        for movement in movements
    )


def truth(simulator: RunningSimulator) -> list[tuple[str, str, int]]:
    facts = simulator.control("GET", "/truth")
    orders = {order["order_id"]: order["amount_paise"] for order in facts["orders"]}
    payments = [
        ("payment", payment["cf_payment_id"], orders[payment["order_id"]])
        for payment in facts["payments"]
        if payment["status"] == "SUCCESS"
    ]
    refunds = [
        ("refund", refund["cf_refund_id"], refund["amount_paise"])
        for refund in facts["refunds"]
        if refund["status"] == "SUCCESS"
    ]
    return sorted(payments + refunds)


def test_the_money_of_the_last_hour_is_told_before_it_is_paid_out_and_once_afterwards(
    simulator: RunningSimulator, gateway: CashfreePaymentGateway
) -> None:
    simulator.fault("surcharge", count=1)
    simulator.fault("double_success", count=1)
    paid = [simulator.paid_order()["order_id"] for _ in range(3)]
    simulator.pay(simulator.new_order()["order_id"], outcome="FAILED")
    simulator.control("POST", f"/orders/{paid[2]}/refund", {"amount_paise": 1250})
    simulator.control("POST", f"/orders/{paid[1]}/refund", {"amount_paise": 10, "note": "FAILED"})
    simulator.advance(3)

    at_once = of_last_days(gateway, simulator, 1)
    simulator.advance(A_DAY)
    later = of_last_days(gateway, simulator, 3)

    assert told(at_once) == told(later) == truth(simulator)
    assert len(at_once) == 6
    assert {movement.order_id for movement in at_once} == set(paid)


def test_refunds_carry_the_ids_under_which_the_order_shows_them(
    simulator: RunningSimulator, gateway: CashfreePaymentGateway
) -> None:
    order_id = simulator.paid_order()["order_id"]
    ours = gateway.create_refund(OrderRef(order_id), refund_id="REFUND-1", amount_paise=1250, note="SUCCESS")
    simulator.control("POST", f"/orders/{order_id}/refund", {"amount_paise": 10, "note": "SUCCESS"})

    found = [m for m in of_last_days(gateway, simulator, 1) if m.kind is MovementKind.REFUND]

    listed = {
        (refund.refund_id, refund.gateway_refund_id) for refund in gateway.fetch_refunds(OrderRef(order_id))
    }
    assert {(movement.refund_id, movement.gateway_refund_id) for movement in found} == listed
    assert ("REFUND-1", ours.gateway_refund_id) in listed


def test_many_pages_lose_and_double_nothing(
    simulator: RunningSimulator, gateway: CashfreePaymentGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cashfree_movements, "PAGE_ROWS", 10)
    for _ in range(25):
        simulator.paid_order()
    simulator.advance(A_DAY)

    assert told(of_last_days(gateway, simulator, 3)) == truth(simulator)


def test_a_report_is_asked_for_anew_and_never_from_memory(
    simulator: RunningSimulator, gateway: CashfreePaymentGateway
) -> None:
    now = datetime.fromisoformat(simulator.control("GET", "/clock")["now"])
    window = now - timedelta(hours=1), now + timedelta(hours=1)
    assert list(gateway.list_movements(*window)) == []

    simulator.paid_order()

    assert len(list(gateway.list_movements(*window))) == 1


def test_the_simulators_rate_limit_is_waited_for(
    simulator: RunningSimulator, gateway: CashfreePaymentGateway, pauses: list[float]
) -> None:
    simulator.control("POST", "/limits", {"enabled": True, "overrides": {"settlements": 1}})

    with pytest.raises(GatewayRateLimited):
        of_last_days(gateway, simulator, 1)

    assert len(pauses) >= 1
    assert all(1 <= pause <= 61 for pause in pauses)
