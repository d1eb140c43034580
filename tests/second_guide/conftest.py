"""A shop that sells through Razorpay's simulator over HTTP, with its webhooks coming in as bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from sqlalchemy import text

from domain.accounts import User
from domain.orders import Order
from gateways.http import GatewayHttp
from gateways.razorpay import RazorpayGateway
from gateways.razorpay_account import Account
from payment_handler import process_event, receive_webhook, start_checkout
from tests.simulator.razorpay_merchant import KEYS, WEBHOOK_SECRET, RazorpayMerchant, RazorpayPayer
from tests.simulator.running_simulator import (
    Merchant,
    RunningSimulator,
    running_merchant,
    running_simulator,
)
from user_management import Entitlement, entitlement
from wiring import Services


@dataclass
class Shop:
    """Our use-cases on one side, the simulator with its payer on the other."""

    services: Services
    user: User
    razorpay: RazorpayMerchant
    inbox: Merchant

    @property
    def adapter(self) -> RazorpayGateway:
        gateway = self.services.gateways["razorpay"]
        assert isinstance(gateway, RazorpayGateway)
        return gateway

    def with_unique_receipts(self) -> Shop:
        """The same shop with an account that knows the option."""
        adapter = _adapter(self.razorpay.simulator, unique_receipt=True)
        return replace(self, services=replace(self.services, gateways={"razorpay": adapter}))

    def order(self, plan: str = "monthly") -> Order:
        return start_checkout(self.services, self.user, plan)

    def pay(self, order: Order, **how: Any) -> dict[str, Any]:
        return self.razorpay.pay({"id": order.gateway_order_id}, **how)

    def payer(self, order: Order) -> RazorpayPayer:
        """The buyer in an opened checkout."""
        return RazorpayPayer(self.razorpay, {"id": order.gateway_order_id})

    def hear(self, event: str) -> str:
        """Take in this event's message as it came, and work it off. What became of it."""
        self.razorpay.simulator.flush()
        (message,) = [got for got in self.inbox.received if json.loads(got.body)["event"] == event]
        receive_webhook(self.services, "razorpay", message.headers, message.body)
        ((event_id, kind),) = self.rows("SELECT id, event_type FROM gateway_events WHERE status = 'new'")
        assert kind == event
        process_event(self.services, event_id)
        return str(self.rows(f"SELECT status FROM gateway_events WHERE id = {int(event_id)}")[0][0])

    def access(self) -> Entitlement:
        return entitlement(self.services, self.user)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self.services.engine.connect() as conn:
            return [tuple(row) for row in conn.execute(text(statement))]


def _adapter(simulator: RunningSimulator, *, unique_receipt: bool = False) -> RazorpayGateway:
    account = Account(*KEYS, f"{simulator.origin}/v1", (WEBHOOK_SECRET,), unique_receipt)
    return RazorpayGateway(account, http=GatewayHttp("razorpay", sleep=lambda _: None))


@pytest.fixture(scope="session")
def guide_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def shop(guide_simulator: RunningSimulator, live_services: Services, user: User) -> Iterator[Shop]:
    guide_simulator.control("POST", "/reset")
    razorpay = RazorpayMerchant(guide_simulator)
    settings = live_services.settings.model_copy(update={"payment_gateway": "razorpay"})
    services = replace(live_services, settings=settings, gateways={"razorpay": _adapter(guide_simulator)})
    with running_merchant() as inbox:
        razorpay.listen(inbox.url)
        yield Shop(services, user, razorpay, inbox)
