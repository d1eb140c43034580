"""How the tests of refunds ask for money back, and how their gateway answers."""

from __future__ import annotations

from dataclasses import replace

from domain.accounts import User
from domain.gateway import GatewayRefundStatus
from domain.orders import Order
from payment_handler import request_refund
from tests.books import shown_payment
from tests.fakes import FakeGateway
from wiring import Services

# What the monthly plan costs, in paise.
FULL = 49900
KEY = "REFUND00000000000001"


def ask(services: Services, actor: User, order: Order, amount_paise: int, *, key: str = KEY) -> None:
    request_refund(
        services,
        actor,
        order_id=order.id,
        payment_id=shown_payment(services, order.id),
        amount_paise=amount_paise,
        reason="asked by mail",
        refund_key=key,
    )


def answer(gateway: FakeGateway, refund_key: str, status: GatewayRefundStatus) -> None:
    gateway.refunds[refund_key] = replace(gateway.refunds[refund_key], status=status)
