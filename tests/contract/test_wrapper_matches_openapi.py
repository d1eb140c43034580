"""What the wrapper sends, held against Cashfree's own OpenAPI file of version 2025-01-01.

The file is found through TEST_DATA_DIR (default: ../shared/data beside the repository).
"""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import responses

pytest.importorskip("openapi_schema_validator", reason="needs requirements-dev.txt")

from openapi_schema_validator import OAS30Validator

from cashfree_integration import CashfreePaymentGateway
from domain.gateway import Customer, OrderRef, OrderRequest

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests/fixtures/cashfree"
DATA = Path(os.environ.get("TEST_DATA_DIR") or ROOT / "../shared/data")
SPECIFICATION = DATA / "cashfree-openapi-2025-01-01.json"
API = "https://sandbox.cashfree.com/pg"
ORDER_ID = "ORDERA1B2C3D4E5F6G7H"

# Where replies and the file differ: "schema field validator" -> section of our reference on Cashfree.
REPLY_DEVIATIONS = {
    "OrderEntity order_note type": "3.2 nulls are present, not omitted",
    "OrderEntity cart_details type": "3.2 nulls are present, not omitted",
    "OrderEntity customer_details.customer_uid type": "3.2 nulls are present, not omitted",
    "OrderEntity terminal_data type": "3.2 nulls are present, not omitted",
    "OrderEntity products type": "3.2 nulls are present, not omitted",
    "RefundEntity refund_arn type": "5 null until processed",
    "RefundEntity metadata type": "5 null without metadata",
    "RefundEntity processed_at type": "5 null until processed",
    "RefundEntity refund_speed.processed type": "5 null until processed",
    "RefundEntity refund_speed.message type": "5 null until processed",
}

pytestmark = pytest.mark.skipif(
    not SPECIFICATION.is_file(), reason=f"{SPECIFICATION.name} is not in TEST_DATA_DIR"
)


@pytest.fixture(scope="module")
def specification() -> dict[str, Any]:
    return json.loads(SPECIFICATION.read_text(encoding="utf-8"))


@pytest.fixture
def sent() -> list[Any]:
    """One request of each verb, in the order of the methods below."""
    order = json.loads((FIXTURES / "order_active.json").read_text())
    payments = json.loads((FIXTURES / "payments_several_attempts.json").read_text())
    refund = json.loads((FIXTURES / "refund_pending.json").read_text())
    gateway = CashfreePaymentGateway("TEST1", "cfsk_ma_test_1", api_base=API)
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        mock.post(f"{API}/orders", json=order)
        mock.get(f"{API}/orders/{ORDER_ID}", json=order)
        mock.get(f"{API}/orders/{ORDER_ID}/payments", json=payments)
        mock.get(f"{API}/orders/{ORDER_ID}/payments/12376121", json=payments[0])
        mock.patch(f"{API}/orders/{ORDER_ID}", json=order)
        mock.post(f"{API}/orders/{ORDER_ID}/refunds", json=refund)
        mock.get(f"{API}/orders/{ORDER_ID}/refunds/REFUND-1", json=refund)
        mock.get(f"{API}/orders/{ORDER_ID}/refunds", json=[refund])
        gateway.create_order(
            OrderRequest(
                order_id=ORDER_ID,
                amount_paise=49900,
                currency="INR",
                customer=Customer("CUST409128494ABC", "John Doe", "john@example.in", "9876543210"),
                return_url="https://shop.example/?order_id={order_id}",
                notify_url="https://shop.example/webhooks/cashfree",
                expires_at=datetime(2026, 11, 22, 7, 0, tzinfo=UTC),
                tags={f"key{number}": "value" for number in range(12)},
                note="Monthly plan",
            )
        )
        gateway.fetch_order(OrderRef(ORDER_ID))
        gateway.fetch_payments(OrderRef(ORDER_ID))
        gateway.fetch_payment(OrderRef(ORDER_ID), "12376121")
        gateway.terminate_order(OrderRef(ORDER_ID))
        gateway.create_refund(OrderRef(ORDER_ID), refund_id="REFUND-1", amount_paise=49900, note="Asked for")
        gateway.fetch_refund(OrderRef(ORDER_ID), "REFUND-1")
        gateway.fetch_refunds(OrderRef(ORDER_ID))
        return [call.request for call in mock.calls]


def resolve(specification: dict[str, Any], node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = specification
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node


def operation_of(specification: dict[str, Any], request: Any) -> dict[str, Any]:
    path = request.url.removeprefix(API)
    for template, methods in specification["paths"].items():
        pattern = re.sub(r"\{[^}]+\}", "[^/]+", template)
        if re.fullmatch(pattern, path) and request.method.lower() in methods:
            return methods[request.method.lower()]
    raise AssertionError(f"{request.method} {path} is not in the specification")


def problems(specification: dict[str, Any], schema: Any, document: Any) -> list[Any]:
    whole = {**schema, "components": specification["components"]}
    return list(OAS30Validator(whole).iter_errors(document))


def test_every_request_is_an_operation_of_the_specification(specification, sent) -> None:
    operations = [operation_of(specification, request)["operationId"] for request in sent]

    assert operations == [
        "PGCreateOrder",
        "PGFetchOrder",
        "PGOrderFetchPayments",
        "PGOrderFetchPayment",
        "PGTerminateOrder",
        "PGOrderCreateRefund",
        "PGOrderFetchRefund",
        "PGOrderFetchRefunds",
    ]


def test_every_body_is_valid_and_has_no_key_the_specification_does_not_know(specification, sent) -> None:
    checked = 0
    for request in sent:
        if request.body is None:
            continue
        body = json.loads(request.body)
        content = resolve(specification, operation_of(specification, request)["requestBody"])["content"]
        schema = content["application/json"]["schema"]
        known = resolve(specification, schema)["properties"]
        checked += 1

        assert [error.message for error in problems(specification, schema, body)] == []
        assert set(body) <= set(known)
        for key in ("customer_details", "order_meta"):
            nested = resolve(specification, known.get(key, {}).get("allOf", [{}])[0])
            assert set(body.get(key, {})) <= set(nested.get("properties", {}))

    assert checked == 3


def test_every_header_that_is_named_in_the_specification_fits_it(specification, sent) -> None:
    for request in sent:
        operation = operation_of(specification, request)
        parameters = [resolve(specification, item) for item in operation["parameters"]]
        named = {item["name"].lower(): item["schema"] for item in parameters if item["in"] == "header"}
        ours = {name.lower(): text for name, text in request.headers.items() if name.lower().startswith("x-")}

        assert set(ours) - set(named) == {"x-client-id", "x-client-secret"}
        assert ours["x-api-version"] == named["x-api-version"]["default"]
        for name in set(ours) & set(named):
            assert problems(specification, named[name], ours[name]) == []


def test_the_credentials_are_those_the_specification_asks_for(specification, sent) -> None:
    schemes = specification["components"]["securitySchemes"]
    names = {schemes[key]["name"] for key in ("XClientID", "XClientSecret")}

    assert names == {"x-client-id", "x-client-secret"}
    for request in sent:
        assert names <= {name.lower() for name in request.headers}


@pytest.mark.parametrize(
    ("path", "schema"),
    [("/recon", "FetchReconRequest"), ("/settlement/recon", "SettlementFetchReconRequest")],
)
def test_the_reports_are_asked_for_as_their_schemas_want(specification, path, schema) -> None:
    """Their paths are not in the file, only their bodies."""
    gateway = CashfreePaymentGateway("TEST1", "cfsk_ma_test_1", api_base=API)
    with responses.RequestsMock(assert_all_requests_are_fired=True) as mock:
        for report in ("/recon", "/settlement/recon"):
            mock.post(f"{API}{report}", json={"cursor": "next", "data": [{}]})
            mock.post(f"{API}{report}", json={"cursor": None, "data": []})
        list(gateway.list_movements(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 11, 23, tzinfo=UTC)))
        bodies = [json.loads(call.request.body) for call in mock.calls if call.request.url == f"{API}{path}"]

    assert [body["pagination"].get("cursor") for body in bodies] == [None, "next"]
    published = specification["components"]["schemas"][schema]
    for body in bodies:
        assert [error.message for error in problems(specification, published, body)] == []
        assert set(body) <= set(published["properties"])
        for part in body:
            assert set(body[part]) <= set(published["properties"][part]["properties"])
        assert 10 <= body["pagination"]["limit"] <= 1000


@pytest.mark.parametrize(
    ("schema", "fixture"),
    [("OrderEntity", "order_active.json"), ("RefundEntity", "refund_pending.json")],
)
def test_the_bodies_of_our_tests_fit_the_specification_but_for_known_deviations(
    specification, schema, fixture
) -> None:
    document = json.loads((FIXTURES / fixture).read_text())

    found = {
        f"{schema} {'.'.join(map(str, error.absolute_path))} {error.validator}"
        for error in problems(specification, {"$ref": f"#/components/schemas/{schema}"}, document)
    }

    assert found == {name for name in REPLY_DEVIATIONS if name.startswith(schema)}
