"""An adapter with invented keys of Cashfree's sandbox, and bodies as Cashfree documents them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cashfree_integration import CashfreePaymentGateway
from gateways.http import GatewayHttp

FIXTURES = Path(__file__).parent / "fixtures/cashfree"
API = "https://sandbox.cashfree.com/pg"
SECRET = "cfsk_ma_test_0123456789abcdef0123456789abcdef_01234567"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"
ORDER = f"{API}/orders/{ORDER_ID}"


def gateway(**options: Any) -> CashfreePaymentGateway:
    http = GatewayHttp("cashfree", sleep=lambda _: None)
    return CashfreePaymentGateway("TEST1", SECRET, api_base=API, http=http, **options)


def body_of(name: str, **changes: object) -> dict[str, Any]:
    """What stands in a file of the fixtures, with some members changed."""
    return {**json.loads((FIXTURES / f"{name}.json").read_text()), **changes}
