"""One simulator for the contract, wiped before each test, and a counter of the gateway that a test is asked about."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest

from domain.gateway import (
    Customer,
    GatewayOrder,
    GatewayPayment,
    GatewayRefund,
    OrderRef,
    OrderRequest,
    PaymentGateway,
)
from gateways.http import GatewayHttp
from tests.contract.gateway_table import GATEWAYS, Entry
from tests.simulator.running_simulator import (
    Merchant,
    RunningSimulator,
    running_merchant,
    running_simulator,
)

AMOUNT = 49_900
_numbers = count(1)


def http_of(name: str) -> GatewayHttp:
    """Real HTTP, repeated at once; its patience is shorter than a fault and longer than a slow machine."""
    return GatewayHttp(name, sleep=lambda _: None, read_timeout_seconds=2.0)


@dataclass
class Counter:
    """One gateway's adapter at work on a running simulator, and what the simulator knows to be true."""

    entry: Entry
    simulator: RunningSimulator
    adapter: PaymentGateway
    orders: dict[str, OrderRef] = field(default_factory=dict)

    def request(self, **changes: Any) -> OrderRequest:
        order_id = f"ORDER{next(_numbers):015d}"
        return OrderRequest(
            **{
                "order_id": order_id,
                "amount_paise": AMOUNT,
                "currency": "INR",
                "customer": Customer("CUST409128494ABC", "Asha Rao", "asha@example.in", "9876543210"),
                "return_url": "http://shop.example/?order_id={order_id}",
                "notify_url": "",
                "expires_at": datetime.now(UTC) + timedelta(hours=1),
                "tags": {"user_id": "00000000-0000-0000-0000-000000000001"},
                **changes,
            }
        )

    def open(self, **changes: Any) -> OrderRef:
        return ref(self.adapter.create_order(self.request(**changes)))

    def pay(self, order: OrderRef, **how: Any) -> dict[str, Any]:
        return self.simulator.pay(self.entry.order_handle(order), **how)

    def paid(self, **how: Any) -> tuple[OrderRef, GatewayPayment]:
        order = self.open()
        self.pay(order, **how)
        (payment,) = self.adapter.fetch_payments(order)
        return order, payment

    def refund(
        self,
        order: OrderRef,
        payment: GatewayPayment,
        amount_paise: int,
        *,
        refund_id: str = "REFUND0000000001",
        note: str = "asked for by the buyer",
    ) -> GatewayRefund:
        return self.adapter.create_refund(
            order,
            refund_id=refund_id,
            gateway_payment_id=payment.gateway_payment_id,
            amount_paise=amount_paise,
            note=note,
        )

    def control(self, order: OrderRef, verb: str, **body: Any) -> dict[str, Any]:
        return dict(self.simulator.control("POST", f"/orders/{self.entry.order_handle(order)}/{verb}", body))

    def truth(self, kind: str) -> list[dict[str, Any]]:
        return list(self.simulator.control("GET", f"/truth?gateway={self.entry.name}")[kind])

    def now(self) -> datetime:
        return datetime.fromisoformat(self.simulator.control("GET", "/clock")["now"])


def ref(order: GatewayOrder) -> OrderRef:
    return OrderRef(order.order_id, order.gateway_order_id)


@pytest.fixture(scope="session")
def contract_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture(params=sorted(GATEWAYS))
def entry(request: pytest.FixtureRequest) -> Entry:
    return GATEWAYS[request.param]


@pytest.fixture
def counter(contract_simulator: RunningSimulator, entry: Entry) -> Counter:
    contract_simulator.control("POST", "/reset")
    adapter = entry.connect(contract_simulator.origin, http_of(entry.name), entry.key_secret)
    return Counter(entry, contract_simulator, adapter)


@pytest.fixture
def receiver() -> Iterator[Merchant]:
    with running_merchant() as merchant:
        yield merchant
