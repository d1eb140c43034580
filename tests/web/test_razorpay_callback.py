"""The form with which Razorpay sends a browser back: no cookie, a signature at most, and always a clean way on."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from sqlalchemy import text

from database.engine import connect_engine
from domain.errors import GatewayTimeout
from domain.gateway import GatewayPaymentStatus
from domain.orders import OrderStatus
from gateways.razorpay import RazorpayGateway
from gateways.razorpay_account import Account
from gateways.razorpay_signatures import payment_message, sign
from payment_handler import find_order, start_checkout
from tests.fakes import FakeRazorpay
from user_management import entitlement

PATH = "/checkout/razorpay/callback"
PAYMENT = "pay_TheOneThatPaid"
CROSS_SITE = {"origin": "https://api.razorpay.com", "sec-fetch-site": "cross-site"}


class Razorpay(FakeRazorpay):
    """Answers from memory, and checks forms as the real adapter does."""

    account = Account("rzp_test_1", "key_secret", "https://api.razorpay.com/v1", ("webhook_secret",))

    def claimed_payment(self, order, form):
        return RazorpayGateway(self.account).claimed_payment(order, form)

    def named_order(self, form):
        return RazorpayGateway(self.account).named_order(form)


@pytest.fixture
def razorpay(clock) -> Razorpay:
    return Razorpay(lambda: clock.moment)


@pytest.fixture
def shop(services, gateway, razorpay):
    return replace(services, gateways={"cashfree": gateway, "razorpay": razorpay})


@pytest.fixture
def client(shop, open_client):
    with open_client(shop) as client:
        yield client


@pytest.fixture
def order(shop, user):
    return start_checkout(shop, user, "monthly", gateway="razorpay")


def form(order, **changes: str) -> dict[str, str]:
    return {
        "razorpay_payment_id": PAYMENT,
        "razorpay_order_id": order.gateway_order_id,
        "razorpay_signature": sign(payment_message(order.gateway_order_id, PAYMENT), "key_secret"),
        **changes,
    }


def post(client, fields, order_id: str = "", **headers: str):
    path = f"{PATH}?{urlencode({'order_id': order_id})}" if order_id else PATH
    return client.post(path, data=fields, headers={**CROSS_SITE, **headers})


def looks(razorpay) -> int:
    return razorpay.calls.count("fetch_order")


@pytest.mark.parametrize("is_named", [True, False])
def test_a_signed_return_looks_at_the_order_and_leads_to_its_page(
    shop, client, user, razorpay, order, is_named
) -> None:
    razorpay.pay(order.id, payment_id=PAYMENT)

    answer = post(client, form(order), order.id if is_named else "")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/?order_id={order.id}")
    assert "session" not in answer.headers.get("set-cookie", "")
    assert find_order(shop, user, order.id).status is OrderStatus.PAID


def test_a_signature_is_a_claim_and_never_money(shop, client, user, razorpay, order) -> None:
    answer = post(client, form(order), order.id)

    assert answer.status_code == 303
    assert looks(razorpay) == 1
    assert find_order(shop, user, order.id).status is OrderStatus.CREATED
    assert not entitlement(shop, user).is_active


def test_a_return_whose_money_is_only_held_is_captured(shop, client, user, razorpay, order) -> None:
    razorpay.pay(order.id, payment_id=PAYMENT, status=GatewayPaymentStatus.AUTHORIZED)

    post(client, form(order), order.id)

    assert "capture_payment" in razorpay.calls
    assert find_order(shop, user, order.id).status is OrderStatus.PAID


@pytest.mark.parametrize(
    "changes",
    [
        {"razorpay_signature": "0" * 64},
        {"razorpay_signature": "é" * 64},
        {"razorpay_signature": ""},
        {"razorpay_payment_id": "pay_Another0000001"},
        {"razorpay_payment_id": "pay_1|x"},
        {"razorpay_order_id": "order_Another0000001"},
        {"razorpay_order_id": "\x00"},
    ],
)
def test_what_proves_nothing_looks_at_nothing(client, razorpay, order, changes) -> None:
    answer = post(client, form(order, **changes), order.id)

    assert (answer.status_code, answer.headers["location"]) == (303, f"/?order_id={order.id}")
    assert looks(razorpay) == 0


def test_the_signature_of_another_paid_order_is_not_taken_for_this_one(
    shop, client, user, razorpay, order
) -> None:
    razorpay.pay(order.id, payment_id=PAYMENT)
    with shop.engine.begin() as conn:
        conn.execute(text("UPDATE checkouts SET closed_at = now()"))
    mine = start_checkout(shop, user, "annual", gateway="razorpay")

    answer = post(client, form(order), mine.id)

    assert answer.headers["location"] == f"/?order_id={mine.id}"
    assert looks(razorpay) == 0


def test_an_order_of_the_other_gateway_is_none_of_this_routes(shop, client, user) -> None:
    order = start_checkout(shop, user, "monthly", gateway="cashfree")

    assert post(client, form(order), order.id).headers["location"] == "/"


@pytest.mark.parametrize("is_named", [True, False])
def test_the_failure_form_leads_to_the_order_and_changes_nothing(
    shop, client, razorpay, order, is_named
) -> None:
    fields = {
        "error[code]": "BAD_REQUEST_ERROR",
        "error[description]": "<script>alert(1)</script>",
        "error[source]": "customer",
        "error[step]": "payment_authentication",
        "error[reason]": "payment_cancelled",
        "error[metadata]": f'{{"payment_id":"{PAYMENT}","order_id":"{order.gateway_order_id}"}}',
    }

    answer = post(client, fields, order.id if is_named else "")

    assert (answer.status_code, answer.headers["location"]) == (303, f"/?order_id={order.id}")
    assert "alert" not in answer.text
    assert looks(razorpay) == 0


@pytest.mark.parametrize(
    "metadata",
    ["", "{", "[]", "null", '{"order_id":7}', '{"order_id":"\\u0000"}', '{"a":' * 2000, '{"order_id":"x"}'],
)
def test_hostile_metadata_leads_to_the_front_page(client, metadata) -> None:
    answer = post(client, {"error[code]": "SERVER_ERROR", "error[metadata]": metadata})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    "order_id",
    [
        "ORDER0000000000NEVER",
        "//evil.example",
        "ORDER\r\nX: y",
        "' OR 1=1 --",
        "\x00",
        "ORDER000000000000001\n",
    ],
)
def test_an_order_that_is_not_there_leads_to_the_front_page_and_nowhere_else(client, order_id) -> None:
    answer = post(client, {"razorpay_payment_id": PAYMENT}, order_id)

    assert (answer.status_code, answer.headers["location"]) == (303, "/")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 303),
        (b"\xff\xfe\x00", 303),
        (b"%ff%00=%zz&&&===", 303),
        (b"--x\r\nContent-Disposition: form-data\r\n", 303),
        (b'{"razorpay_payment_id":"pay_1"}', 303),
        (b"a=1&" * 60, 400),
        (b"x" * (64 * 1024 + 1), 413),
    ],
)
@pytest.mark.parametrize(
    "kind", ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain", ""]
)
def test_no_body_is_an_accident(client, body, status, kind) -> None:
    answer = client.post(PATH, content=body, headers={**CROSS_SITE, "content-type": kind})

    assert answer.status_code == status


def test_of_two_values_of_one_field_none_counts(client, razorpay, order) -> None:
    twice = urlencode([*form(order).items(), ("razorpay_signature", "0" * 64)])

    answer = client.post(
        f"{PATH}?order_id={order.id}",
        content=twice,
        headers={**CROSS_SITE, "content-type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 303
    assert looks(razorpay) == 0


def test_a_gateway_that_does_not_answer_leads_to_the_page_all_the_same(client, razorpay, order) -> None:
    razorpay.fail_next = GatewayTimeout()

    assert post(client, form(order), order.id).headers["location"] == f"/?order_id={order.id}"


def test_a_form_that_is_repeated_does_not_make_us_ask_for_ever(client, razorpay, order) -> None:
    for _ in range(9):
        assert post(client, form(order), order.id).status_code == 303

    assert looks(razorpay) == 5


def test_a_settled_order_is_not_asked_about_again(client, razorpay, order) -> None:
    razorpay.pay(order.id, payment_id=PAYMENT)
    for _ in range(3):
        post(client, form(order), order.id)

    assert looks(razorpay) == 1


@pytest.mark.parametrize(
    ("order_id", "place"),
    [("ORDER00000000000001A", "/?order_id=ORDER00000000000001A"), ("//evil.example", "/")],
)
def test_a_database_that_is_away_leads_the_buyer_to_their_page(shop, open_client, order_id, place) -> None:
    away = connect_engine("postgresql://nobody@127.0.0.1:1/none")
    with open_client(replace(shop, engine=away)) as client:
        answer = post(client, {}, order_id)

    assert (answer.status_code, answer.headers["location"]) == (303, place)
    away.dispose()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE"])
def test_every_other_method_is_405_in_json(client, method) -> None:
    headers = {"origin": "http://localhost:8501", "sec-fetch-site": "same-origin"}
    answer = client.request(method, PATH, headers=headers)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
