"""An account at Razorpay for the wrapper's tests, and Razorpay's documented bodies to answer with."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from domain.gateway import Customer, OrderRef, OrderRequest
from gateways.http import GatewayHttp
from gateways.razorpay import RazorpayGateway
from gateways.razorpay_account import Account

FIXTURES = Path(__file__).parents[1] / "fixtures/razorpay"
API = "https://api.razorpay.com/v1"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"
NUMBER = "order_RB58MiP5SPFYyM"
REF = OrderRef(ORDER_ID, NUMBER)
UNNUMBERED = OrderRef(ORDER_ID)
HELD = "pay_HeldHeldHeld01"
TAKEN = "pay_TakenTaken0001"


def gateway(*, unique_receipt: bool = False, **http: Any) -> RazorpayGateway:
    secrets = ("new webhook secret".replace(" ", "_"), "old_one")
    account = Account("rzp_test_1", "key_secret", API, secrets, unique_receipt)
    return RazorpayGateway(account, http=GatewayHttp("razorpay", sleep=lambda _: None, **http))


def body(name: str, **changes: Any) -> dict[str, Any]:
    return {**json.loads((FIXTURES / f"{name}.json").read_text()), **changes}


def payment(payment_id: str, **changes: Any) -> dict[str, Any]:
    row = next(row for row in body("payments")["items"] if row["id"] == payment_id)
    return {**row, **changes}


def collection(*rows: dict[str, Any]) -> dict[str, Any]:
    return {"entity": "collection", "count": len(rows), "items": list(rows)}


def refusal(description: str, code: str = "BAD_REQUEST_ERROR", **more: Any) -> dict[str, Any]:
    return {"error": {"code": code, "description": description, "metadata": {}, **more}}


def an_order(**changes: Any) -> OrderRequest:
    return OrderRequest(
        **{
            "order_id": ORDER_ID,
            "amount_paise": 49900,
            "currency": "INR",
            "customer": Customer("CUST409128494ABC", "John Doe", "john@example.in", "9876543210"),
            "return_url": "https://shop.example/?order_id={order_id}",
            "notify_url": "",
            "expires_at": datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
            "tags": {"user_id": "00000000-0000-0000-0000-000000000001"},
            **changes,
        }
    )
