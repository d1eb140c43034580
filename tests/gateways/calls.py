"""Calls and a session towards a gateway at an address of nobody's, for the tests of that session."""

from __future__ import annotations

from typing import Any

from gateways.http import Call, GatewayHttp
from tests.gateways.conftest import FakeTime

URL = "https://gateway.example/pg/orders"


def http_at(fake_time: FakeTime, **options: Any) -> GatewayHttp:
    return GatewayHttp(
        "cashfree", clock=fake_time.clock, sleep=fake_time.sleep, jitter=lambda low, high: high, **options
    )


def read(url: str = URL) -> Call:
    return Call("fetch_order", "GET", url, {}, repeatable=True, reference="ORDER1")


def write(url: str = URL, *, key: str = "") -> Call:
    headers = {"x-idempotency-key": key} if key else {}
    return Call("create_order", "POST", url, headers, b"{}", repeatable=bool(key), reference="ORDER1")
