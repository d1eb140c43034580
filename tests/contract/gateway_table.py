"""The table of gateways that the contract is asked of. A further gateway is one more entry, and no test changes.

An entry says how an adapter is built for a simulator, how the simulator's control interface speaks of that gateway, and
the few facts in which gateways differ by nature. Everything else is the same for all, or it is a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from cashfree_integration import CashfreePaymentGateway
from domain.gateway import GatewayRefund, OrderRef, PaymentGateway
from gateways.http import GatewayHttp
from gateways.razorpay import RazorpayGateway
from gateways.razorpay_account import Account
from tests.simulator import razorpay_merchant
from tests.simulator.running_simulator import SECRET, RunningSimulator

WRONG_SECRET = "a_secret_of_somebody_else"


@dataclass(frozen=True)
class Entry:
    """One gateway. `connect(origin, http, key_secret)` builds its real adapter."""

    name: str
    connect: Callable[[str, GatewayHttp, str], PaymentGateway]
    key_secret: str
    # The id under which /control/orders/{id} knows an order, and /control/refunds/{id} a refund.
    order_handle: Callable[[OrderRef], str]
    refund_handle: Callable[[GatewayRefund], str]
    # Makes the next refund end this way ("FAILED", "PENDING"); returns the note to ask for it with.
    foresee_refund: Callable[[RunningSimulator, str], str]
    # What names the webhook's address to the simulator.
    listening: dict[str, Any]
    signature_header: str
    secrets: tuple[str, ...] = field(repr=False)
    # Facts by nature.
    closes_orders: bool
    holds_money: bool
    signs_returns: bool
    makes_upi_links: bool


def _cashfree(origin: str, http: GatewayHttp, key_secret: str) -> PaymentGateway:
    return CashfreePaymentGateway("TESTSIMULATOR", key_secret, api_base=f"{origin}/pg", http=http)


def _razorpay(origin: str, http: GatewayHttp, key_secret: str) -> PaymentGateway:
    key_id = razorpay_merchant.KEYS[0]
    account = Account(key_id, key_secret, f"{origin}/v1", (razorpay_merchant.WEBHOOK_SECRET,))
    return RazorpayGateway(account, http=http)


def _number(order: OrderRef) -> str:
    assert order.gateway_order_id is not None
    return order.gateway_order_id


def _switch_razorpay_refunds(simulator: RunningSimulator, ending: str) -> str:
    results = {"FAILED": "failed", "PENDING": "pending"}
    simulator.control("POST", f"/accounts/{razorpay_merchant.KEYS[0]}", {"refund_result": results[ending]})
    return "asked for by the buyer"


GATEWAYS = {
    "cashfree": Entry(
        name="cashfree",
        connect=_cashfree,
        key_secret=SECRET,
        order_handle=lambda order: order.order_id,
        refund_handle=lambda refund: refund.refund_id,
        foresee_refund=lambda _simulator, ending: ending,
        listening={"version": "2025-01-01"},
        signature_header="x-webhook-signature",
        secrets=(SECRET,),
        closes_orders=True,
        holds_money=False,
        signs_returns=False,
        makes_upi_links=False,
    ),
    "razorpay": Entry(
        name="razorpay",
        connect=_razorpay,
        key_secret=razorpay_merchant.KEYS[1],
        order_handle=_number,
        refund_handle=lambda refund: refund.gateway_refund_id,
        foresee_refund=_switch_razorpay_refunds,
        listening={"gateway": "razorpay"},
        signature_header="x-razorpay-signature",
        secrets=(razorpay_merchant.KEYS[1], razorpay_merchant.WEBHOOK_SECRET),
        closes_orders=False,
        holds_money=True,
        signs_returns=True,
        makes_upi_links=True,
    ),
}
