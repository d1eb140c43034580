"""The simulator's replies against the gateway's published OpenAPI document of version 2025-01-01.

Null members are dropped first, because the document does not say which members may be null.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("openapi_schema_validator", reason="needs requirements-dev.txt")

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from tests.simulator.running_simulator import (
    RunningSimulator,
    order_body,
    running_simulator,
)

REPOSITORY = Path(__file__).parents[2]
DOCUMENT = "cashfree-openapi-2025-01-01.json"
ROOT = "urn:cashfree"

# Where the real gateway differs from its document; each line names the section of docs or capture.
ALLOWED = {
    "PaymentEntity/payment_method": "section 4.3: oneOf of schemas that all fit",
    "PaymentMethodUPIInPaymentsEntity": "section 4.3: required stands a level too high",
    "PaymentMethodNetBankingInPaymentsEntity": "section 4.3: required stands a level too high",
    "RefundEntity/refund_status=FAILED": "section 5: FAILED is described and missing from the enum",
    "OrderEntity/customer_details/customer_phone=+…": "section 3.1: + is accepted",
}

# Members of rows of reports that the schema forgets and the published examples have: section 7.
ONLY_IN_EXAMPLES = {"cutomer_details", "payment_group"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    folder = Path(os.environ.get("TEST_DATA_DIR", REPOSITORY.parent / "shared" / "data"))
    if not (folder / DOCUMENT).exists():
        pytest.skip(f"{DOCUMENT} is not in {folder}; set TEST_DATA_DIR")
    return dict(json.loads((folder / DOCUMENT).read_text()))


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


def deviations(document: dict[str, Any], schema: str, reply: Any) -> list[str]:
    """What a reply has that its schema refuses, without the allowed deviations."""
    resource = Resource(contents=document, specification=DRAFT202012)
    validator = OAS30Validator(
        {"$ref": f"{ROOT}#/components/{schema}"},
        registry=Registry().with_resource(ROOT, resource),
    )
    name = schema.rpartition("/")[2]
    found = []
    for error in validator.iter_errors(without_nulls(reply)):
        place = "/".join([name, *(str(part) for part in error.absolute_path)])
        value = error.instance if isinstance(error.instance, str) else None
        shown = "+…" if str(value).startswith("+") else value
        if place not in ALLOWED and f"{place}={shown}" not in ALLOWED:
            found.append(f"{place}: {error.message}")
    return found


def without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_nulls(v) for key, v in value.items() if v is not None}
    if isinstance(value, list):
        return [without_nulls(v) for v in value]
    return value


def test_orders_match(document: dict[str, Any], simulator: RunningSimulator) -> None:
    full = simulator.new_order(
        order_note="Annual plan",
        order_tags={"plan": "annual"},
        customer_details={
            "customer_id": "CUST_1",
            "customer_phone": "9876543210",
            "customer_name": "Asha Rao",
            "customer_email": "asha@shop.example",
        },
    )
    bare = simulator.new_order(order_meta=None)
    read = simulator.call("GET", f"/orders/{full['order_id']}").json()

    for reply in (full, bare, read):
        assert deviations(document, "schemas/OrderEntity", reply) == []


def test_an_order_with_an_international_phone_deviates_as_the_gateway_does(
    document: dict[str, Any], simulator: RunningSimulator
) -> None:
    order = simulator.new_order(customer_details={"customer_id": "CUST_1", "customer_phone": "+919876543210"})

    assert deviations(document, "schemas/OrderEntity", order) == []


@pytest.mark.parametrize("method", ["card", "upi", "netbanking", "wallet"])
@pytest.mark.parametrize("outcome", ["SUCCESS", "FAILED", "PENDING", "USER_DROPPED"])
def test_payments_match(
    document: dict[str, Any], simulator: RunningSimulator, method: str, outcome: str
) -> None:
    order_id = simulator.new_order()["order_id"]
    simulator.pay(order_id, method=method, outcome=outcome)

    (payment,) = simulator.call("GET", f"/orders/{order_id}/payments").json()

    assert deviations(document, "schemas/PaymentEntity", payment) == []
    block = "app" if method == "wallet" else method
    kinds = {
        "card": "Card",
        "upi": "UPI",
        "netbanking": "NetBanking",
        "app": "App",
    }
    schema = f"schemas/PaymentMethod{kinds[block]}InPaymentsEntity"
    assert deviations(document, schema, payment["payment_method"]) == []


@pytest.mark.parametrize("note", ["SUCCESS", "FAILED", "PENDING"])
def test_refunds_match(document: dict[str, Any], simulator: RunningSimulator, note: str) -> None:
    order_id = simulator.paid_order()["order_id"]
    body = {"refund_id": "R-1", "refund_amount": 10.5, "refund_note": note}
    made = simulator.call("POST", f"/orders/{order_id}/refunds", json=body).json()
    every = simulator.call("GET", f"/orders/{order_id}/refunds").json()

    for reply in (made, *every):
        assert deviations(document, "schemas/RefundEntity", reply) == []


def test_a_settlement_matches(document: dict[str, Any], simulator: RunningSimulator) -> None:
    order_id = simulator.paid_order()["order_id"]
    simulator.advance(25 * 3600)

    reply = simulator.call("GET", f"/orders/{order_id}/settlements").json()

    assert deviations(document, "schemas/SettlementEntity", reply) == []


@pytest.mark.parametrize(
    ("path", "schema"), [("/recon", "ReconEntity"), ("/settlement/recon", "SettlementReconEntity")]
)
def test_reports_match(document: dict[str, Any], simulator: RunningSimulator, path: str, schema: str) -> None:
    simulator.control("POST", "/reset")
    order_id = simulator.paid_order(order_tags={"plan": "annual"})["order_id"]
    refund = {"refund_id": "R-1", "refund_amount": 10.5, "refund_note": "SUCCESS"}
    simulator.call("POST", f"/orders/{order_id}/refunds", json=refund)
    simulator.advance(25 * 3600)
    filters = {"start_date": "2000-01-01T00:00:00Z", "end_date": "2999-01-01T00:00:00Z"}
    body = {"pagination": {"limit": 10}, "filters": filters}

    reply = simulator.call("POST", path, json=body).json()

    assert len(reply["data"]) >= 2
    assert deviations(document, f"schemas/{schema}", reply) == []
    published = document["components"]["schemas"][schema]
    for row in reply["data"]:
        assert unpublished(published["properties"]["data"]["items"], row) <= ONLY_IN_EXAMPLES


def unpublished(schema: dict[str, Any], row: dict[str, Any], place: str = "") -> set[str]:
    """The members of a row that its schema does not name."""
    found = set()
    for name, value in row.items():
        if name not in schema["properties"]:
            found.add(f"{place}{name}")
        elif isinstance(value, dict) and "properties" in schema["properties"][name]:
            found |= unpublished(schema["properties"][name], value, f"{name}/")
    return found


def test_errors_match(document: dict[str, Any], simulator: RunningSimulator) -> None:
    order_id = simulator.new_order()["order_id"]
    key = {"x-idempotency-key": "one-key"}
    simulator.call("POST", "/orders", json=order_body(), headers=key)
    replies = {
        "BadRequestError": simulator.call("POST", "/orders", json=order_body(order_amount=0)),
        "AuthenticationError": simulator.call("GET", "/orders/x", headers={"x-client-id": "y"}),
        "ApiError404": simulator.call("GET", "/orders/nobody"),
        "ApiError409": simulator.call("POST", "/orders", json=order_body(order_id=order_id)),
        "IdempotencyError": simulator.call("POST", "/orders", json=order_body(), headers=key),
    }
    simulator.fault("http_429", count=1)
    replies["RateLimitError"] = simulator.call("GET", f"/orders/{order_id}")
    simulator.fault("http_500", count=1)
    replies["ApiError"] = simulator.call("GET", f"/orders/{order_id}")

    statuses = [reply.status_code for reply in replies.values()]
    assert statuses == [400, 401, 404, 409, 422, 429, 500]
    for schema, reply in replies.items():
        assert deviations(document, f"schemas/{schema}", reply.json()) == [], schema


def test_a_wrong_reply_would_be_noticed(document: dict[str, Any], simulator: RunningSimulator) -> None:
    order = simulator.new_order() | {"order_amount": "4990"}

    assert deviations(document, "schemas/OrderEntity", order) != []
