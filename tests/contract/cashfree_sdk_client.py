"""Runs inside the official SDK's own environment: one step, its result as JSON.

Arguments: the simulator's origin and a step. The step "verify" reads a webhook from standard input:
{"signature", "timestamp", "body"}.
"""

import json
import sys

import cashfree_pg.api_client
from cashfree_pg.api_client import Cashfree
from cashfree_pg.models.create_order_request import CreateOrderRequest
from cashfree_pg.models.customer_details import CustomerDetails
from cashfree_pg.models.order_create_refund_request import OrderCreateRefundRequest
from cashfree_pg.models.order_meta import OrderMeta

ORDER_ID = "ORDER_of_the_sdk"


def client(origin: str) -> Cashfree:
    """The SDK's host is fixed by its environment, so its configuration class is replaced."""
    original = cashfree_pg.api_client.Configuration

    class LocalConfiguration(original):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs | {"host": f"{origin}/pg"})

    cashfree_pg.api_client.Configuration = LocalConfiguration
    return Cashfree(
        XEnvironment=Cashfree.SANDBOX,
        XClientId="TESTSIMULATOR",
        XClientSecret="cfsk_ma_test_simulator",
    )


def create(cashfree: Cashfree) -> dict:
    request = CreateOrderRequest(
        order_id=ORDER_ID,
        order_amount=4990.0,
        order_currency="INR",
        customer_details=CustomerDetails(customer_id="CUST_1", customer_phone="9876543210"),
        order_meta=OrderMeta(return_url="https://shop.example/?order_id={order_id}"),
    )
    created = cashfree.PGCreateOrder(request, None, None).data
    return {"session": created.payment_session_id, "status": created.order_status}


def refund(cashfree: Cashfree) -> dict:
    order = cashfree.PGFetchOrder(ORDER_ID, None, None).data
    payments = cashfree.PGOrderFetchPayments(ORDER_ID, None, None).data
    request = OrderCreateRefundRequest(refund_amount=10.5, refund_id="REFUND_1")
    made = cashfree.PGOrderCreateRefund(ORDER_ID, request, None, None).data
    every = cashfree.PGOrderFetchRefunds(ORDER_ID, None, None).data
    return {
        "order": order.order_status,
        "payments": [payment.payment_status for payment in payments],
        "refund": made.refund_status,
        "refunds": [one.refund_id for one in every],
    }


def verify(cashfree: Cashfree) -> dict:
    webhook = json.load(sys.stdin)
    event = cashfree.PGVerifyWebhookSignature(webhook["signature"], webhook["body"], webhook["timestamp"])
    return {"type": event.type}


if __name__ == "__main__":
    steps = {"create": create, "refund": refund, "verify": verify}
    print(json.dumps(steps[sys.argv[2]](client(sys.argv[1]))))
