"""Row S10: what a gateway says when it refuses is foreign text; no word of it reaches a reader or an alarm."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import responses

from cashfree_integration import CashfreePaymentGateway
from domain.errors import GatewayError
from domain.gateway import Customer, OrderRequest
from gateways.http import GatewayHttp
from tests.security.conftest import Scale
from tests.security.payloads import Payload, corpus

API = "https://sandbox.cashfree.com/pg"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"
STATUSES = (400, 401, 404, 409, 422, 429, 500, 502, 503, 504)


def refusal_of(payload: Payload, status: int) -> GatewayError:
    """The error that our adapter makes of a refusal with this text in every place of it."""
    gateway = CashfreePaymentGateway(
        "TEST1", "cfsk_ma_test_0", api_base=API, http=GatewayHttp("cashfree", sleep=lambda _: None)
    )
    words: dict[str, Any] = dict.fromkeys(("message", "code", "type", "help"), payload.text)
    request = OrderRequest(
        order_id=ORDER_ID,
        amount_paise=49_900,
        currency="INR",
        customer=Customer("CUST409128494ABC", "John Doe", "john@example.in", "9876543210"),
        return_url="https://shop.example/?order_id={order_id}",
        notify_url="https://shop.example/webhooks/cashfree",
        expires_at=datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
        tags={},
    )
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("POST", "GET"):
            mock.add(method, f"{API}/orders", json=words, status=status)
            mock.add(method, f"{API}/orders/{ORDER_ID}", json=words, status=status)
        with pytest.raises(GatewayError) as caught:
            gateway.create_order(request)
    return caught.value


def test_s10_no_word_of_a_refusal_is_in_what_we_say_log_or_alarm(scale: Scale) -> None:
    for payload in corpus(scale.pick(10, 200)):
        for status in STATUSES:
            error = refusal_of(payload, status)

            said = f"{error.user_message} {error} {error!r}"
            assert payload.text not in said
            assert "fired" not in said
            assert "evil.test" not in said
