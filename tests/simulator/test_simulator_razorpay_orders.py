"""Razorpay's orders over HTTP: credentials, validation, entities, lists."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.simulator.razorpay_merchant import KEYS, RazorpayMerchant
from tests.simulator.running_simulator import RunningSimulator


def error(reply: requests.Response) -> tuple[int, str]:
    return reply.status_code, reply.json()["error"]["description"]


@pytest.mark.parametrize("keys", [None, ("rzp_test_simulator", "wrong"), ("rzp_test_other", KEYS[1])])
@pytest.mark.parametrize("path", ["/orders", "/payments/pay_00000000000000", "/no/such/path"])
def test_every_path_asks_for_the_key_and_its_secret(razorpay: RazorpayMerchant, keys: Any, path: str) -> None:
    reply = razorpay.call("GET", path, auth=keys)

    assert error(reply) == (401, "Authentication failed")
    assert reply.json()["error"]["code"] == "BAD_REQUEST_ERROR"


def test_the_scheme_has_one_spelling(razorpay: RazorpayMerchant) -> None:
    prepared = requests.Request("GET", "http://x", auth=KEYS).prepare().headers["authorization"]

    statuses = [
        razorpay.call(
            "GET", "/orders", auth=lambda r: r, headers={"authorization": prepared.replace("Basic", scheme)}
        ).status_code
        for scheme in ("Basic", "BASIC", "basic")
    ]

    assert statuses == [200, 401, 401]


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/no/such"), ("DELETE", "/orders"), ("PUT", "/payments")]
)
def test_an_unknown_address_or_verb_is_a_bad_request(
    razorpay: RazorpayMerchant, method: str, path: str
) -> None:
    assert error(razorpay.call(method, path)) == (400, "The requested URL was not found on the server.")


def test_an_order_has_exactly_these_members(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order(receipt="receipt#1")

    assert order.pop("id").startswith("order_")
    assert isinstance(order.pop("created_at"), int)
    assert order == {
        "entity": "order",
        "amount": 499000,
        "amount_paid": 0,
        "amount_due": 499000,
        "currency": "INR",
        "receipt": "receipt#1",
        "offer_id": None,
        "status": "created",
        "attempts": 0,
        "notes": [],
    }


def test_notes_are_a_list_when_empty_and_a_map_otherwise(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order(notes={"plan": "annual"})
    edited = razorpay.call("PATCH", f"/orders/{order['id']}", json={"notes": {}})

    assert order["notes"] == {"plan": "annual"}
    assert edited.json()["notes"] == []


def test_a_form_nests_as_php_does(razorpay: RazorpayMerchant) -> None:
    form = {"amount": "499000", "currency": "INR", "notes[plan]": "annual", "payment[capture]": "manual"}

    reply = razorpay.call("POST", "/orders", data=form)

    assert (reply.json()["amount"], reply.json()["notes"]) == (499000, {"plan": "annual"})
    assert razorpay.pay(reply.json())["status"] == "authorized"


@pytest.mark.parametrize(
    ("changes", "description"),
    [
        ({"amount": None}, "amount: is required."),
        ({"amount": 99}, "Order amount less than minimum amount allowed"),
        ({"amount": -100}, "The amount must be at least INR 1.00"),
        ({"amount": 4990.5}, "The amount must be an integer."),
        ({"amount": True}, "The amount must be an integer."),
        ({"amount": "49.90"}, "The amount must be an integer."),
        ({"amount": 50_000_001}, "Amount exceeds maximum amount allowed."),
        ({"currency": None}, "currency: is required."),
        ({"currency": 1}, "expected string but provided 1"),
        ({"currency": "RUPEES"}, "Currency is not supported"),
        ({"receipt": "r" * 41}, "receipt: the length must be no more than 40."),
        ({"surprise": 1}, "surprise is/are not required and should not be sent"),
        (
            {"notes": {str(n): "x" for n in range(16)}},
            "Number of fields in notes should be less than or equal to 15",
        ),
        ({"notes": {"k": "x" * 257}}, "A value in notes should be text of at most 256 characters"),
        ({"partial_payment": True}, "Partial payments are not enabled for this account"),
    ],
)
def test_a_wrong_order_is_refused_and_not_made(
    razorpay: RazorpayMerchant, changes: dict[str, Any], description: str
) -> None:
    body = {"amount": 499000, "currency": "INR"} | changes

    reply = razorpay.call("POST", "/orders", json={k: v for k, v in body.items() if v is not None})

    assert error(reply) == (400, description)
    assert razorpay.get("/orders")["count"] == 0


@pytest.mark.parametrize(
    ("changes", "step", "reason"),
    [
        ({"amount": 99}, "order_creation", "amount_less_than_minimum_amount"),
        ({"amount": 100.5}, "payment_initiation", "input_validation_failed"),
        ({"transfers": []}, "payment_initiation", "extra_field_sent"),
    ],
    ids=["too-small", "no-whole-number", "not-of-this-account"],
)
def test_a_refusal_names_its_step_and_reason(
    razorpay: RazorpayMerchant, changes: dict[str, Any], step: str, reason: str
) -> None:
    reply = razorpay.call("POST", "/orders", json={"amount": 100, "currency": "INR"} | changes)

    refused = reply.json()["error"]
    assert (refused["code"], refused["source"]) == ("BAD_REQUEST_ERROR", "business")
    assert (refused["step"], refused["reason"]) == (step, reason)


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"amount": NaN}'])
def test_a_body_that_is_no_object_is_refused(razorpay: RazorpayMerchant, body: bytes) -> None:
    assert razorpay.call("POST", "/orders", data=body).status_code == 400


def test_the_edges_of_what_is_allowed(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order(amount=100, receipt="r" * 40, notes={str(n): "x" * 256 for n in range(15)})

    assert (order["amount"], len(order["notes"])) == (100, 15)


def test_an_order_of_another_account_does_not_exist(
    simulator: RunningSimulator, razorpay: RazorpayMerchant
) -> None:
    other = {"key_id": "rzp_test_other", "key_secret": "other_secret"}
    simulator.control("POST", "/accounts", other)
    theirs = RazorpayMerchant(simulator, ("rzp_test_other", "other_secret"))
    order, payment = theirs.paid()

    assert error(razorpay.call("GET", f"/orders/{order['id']}")) == (400, "The id provided does not exist")
    assert error(razorpay.call("GET", f"/payments/{payment['id']}")) == (
        400,
        "The id provided does not exist",
    )
    assert razorpay.get("/payments")["items"] == []
    assert error(razorpay.call("GET", "/orders/order_1"))[1] == "order_1 is not a valid id"


def test_a_receipt_may_repeat_and_finds_every_order_it_was_given_to(razorpay: RazorpayMerchant) -> None:
    ids = [razorpay.order(receipt="ORDER7")["id"] for _ in range(2)]
    razorpay.order(receipt="ORDER8")

    found = razorpay.get("/orders", receipt="ORDER7")

    assert [order["id"] for order in found["items"]] == ids[::-1]
    assert found["count"] == 2


def test_an_account_may_enforce_unique_receipts(razorpay: RazorpayMerchant) -> None:
    razorpay.switch(unique_receipts=True)
    razorpay.order(receipt="ORDER7")

    reply = razorpay.call("POST", "/orders", json={"amount": 100, "currency": "INR", "receipt": "ORDER7"})

    assert error(reply) == (400, "Order receipt should be unique.")
    assert razorpay.get("/orders", receipt="ORDER7")["count"] == 1


def test_an_order_that_asks_for_a_unique_receipt_is_made_once(razorpay: RazorpayMerchant) -> None:
    first = razorpay.order(receipt="ORDER7", unique_receipt=True)

    again = razorpay.order(receipt="ORDER7", unique_receipt=True)
    other = razorpay.call(
        "POST",
        "/orders",
        json={"amount": 100, "currency": "INR", "receipt": "ORDER7", "unique_receipt": True},
    )

    assert again == first
    assert error(other) == (400, "Order receipt should be unique.")
    assert razorpay.get("/orders", receipt="ORDER7")["count"] == 1


def test_lists_are_paged_newest_first(simulator: RunningSimulator, razorpay: RazorpayMerchant) -> None:
    ids = []
    for _ in range(12):
        ids.append(razorpay.order()["id"])
        simulator.advance(10)
    first_created = razorpay.get(f"/orders/{ids[0]}")["created_at"]

    def listed(**query: Any) -> list[str]:
        return [order["id"] for order in razorpay.get("/orders", **query)["items"]]

    assert listed() == ids[:1:-1]
    assert listed(count=3, skip=2) == ids[9:6:-1]
    assert listed(to=first_created) == ids[:1]
    assert listed(**{"from": first_created + 115}) == []
    assert error(razorpay.call("GET", "/orders?count=101"))[0] == 400


def test_an_order_can_be_shown_with_its_payments_and_their_cards(razorpay: RazorpayMerchant) -> None:
    order, payment = razorpay.paid()

    shown = razorpay.get(f"/orders/{order['id']}", **{"expand[]": ["payments", "payments.card"]})

    (inside,) = shown["payments"]["items"]
    assert (inside["id"], inside["card"]["last4"]) == (payment["id"], "1111")


def test_a_server_gets_no_cross_origin_header(razorpay: RazorpayMerchant) -> None:
    reply = razorpay.call("GET", "/orders", headers={"origin": "http://shop.example"})

    assert not [name for name in reply.headers if name.lower().startswith("access-control-")]


def test_a_browser_reads_preferences_with_the_key_alone(razorpay: RazorpayMerchant) -> None:
    order = razorpay.order(amount=12300)

    public = razorpay.call("GET", "/preferences", auth=(KEYS[0], ""), params={"order_id": order["id"]})

    assert public.json()["order"]["amount"] == 12300
    assert razorpay.call("GET", "/methods", auth=(KEYS[0], "")).json()["upi"] is True
    assert razorpay.call("GET", f"/orders/{order['id']}", auth=(KEYS[0], "")).status_code == 401
