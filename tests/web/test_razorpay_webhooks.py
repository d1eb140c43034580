"""Razorpay's messages: signed with a secret of their own, kept once; what is not about our orders changes nothing."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from domain.errors import GatewayTimeout
from domain.orders import OrderStatus
from gateways.razorpay import RazorpayGateway
from gateways.razorpay_account import Account
from gateways.razorpay_signatures import sign
from payment_handler import find_order, process_event, start_checkout
from tests.books import rows
from tests.fakes import FakeRazorpay
from user_management import entitlement

SECRET = "webhook_secret_of_today"
PATH = "/webhooks/razorpay"


class Razorpay(FakeRazorpay):
    """Answers from memory, and reads messages as the real adapter does."""

    account = Account("rzp_test_1", "key_secret", "https://api.razorpay.com/v1", (SECRET, "of_yesterday"))

    def parse_webhook(self, headers, body):
        return RazorpayGateway(self.account).parse_webhook(headers, body)


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


def message(event: str, **entities: object) -> bytes:
    payload = {kind: {"entity": entity} for kind, entity in entities.items()}
    return json.dumps({"entity": "event", "event": event, "payload": payload}, separators=(",", ":")).encode()


def send(client, body: bytes, *, secret: str = SECRET, path: str = PATH, **headers: str):
    signed = {"x-razorpay-signature": sign(body, secret), "x-razorpay-event-id": "RB58MiP5SPFYyM", **headers}
    return client.post(path, content=body, headers=signed)


def work(services) -> list[tuple]:
    """Do what waits, and tell each event's type, order and status."""
    for (event_id,) in rows(services, "SELECT id FROM gateway_events WHERE status = 'new' ORDER BY id"):
        process_event(services, event_id)
    return rows(services, "SELECT event_type, order_id, status FROM gateway_events ORDER BY id")


@pytest.mark.parametrize("path", [PATH, PATH + "/"])
def test_a_payment_is_found_by_the_gateways_number_and_gives_access_once(
    shop, client, user, razorpay, path
) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    razorpay.pay(order.id)
    paid = message("payment.captured", payment={"order_id": order.gateway_order_id, "notes": []})

    first, again = send(client, paid, path=path), send(client, paid, path=path)
    told = work(shop)

    assert (first.json(), again.json()) == ({"status": "stored"}, {"status": "known"})
    assert told == [("payment.captured", order.id, "processed")]
    assert entitlement(shop, user).is_active


def test_captured_and_order_paid_tell_of_one_payment_and_give_one_period(
    shop, client, user, razorpay
) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    razorpay.pay(order.id)
    number = order.gateway_order_id
    for body in (
        message("order.paid", payment={"order_id": number}, order={"id": number, "receipt": order.id}),
        message("payment.captured", payment={"order_id": number}),
        message("payment.authorized", payment={"order_id": number, "status": "authorized"}),
        message("payment.failed", payment={"order_id": number, "status": "failed"}),
    ):
        assert send(client, body).status_code == 200
    told = work(shop)

    assert [status for _, _, status in told] == ["processed"] * 4
    assert len(rows(shop, "SELECT 1 FROM subscription_periods")) == 1
    assert find_order(shop, user, order.id).status is OrderStatus.PAID


def test_our_books_say_which_order_a_number_belongs_to_and_not_the_browsers_note(
    shop, client, user, razorpay
) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    noted = {"order_id": order.gateway_order_id, "notes": {"order_id": "ORDER00000000000000X"}}

    send(client, message("payment.failed", payment=noted))

    assert work(shop) == [("payment.failed", order.id, "processed")]


def test_an_event_that_came_before_the_orders_number_was_stored_is_found_by_its_receipt(
    shop, client, user, razorpay
) -> None:
    razorpay.lose_reply = GatewayTimeout()
    with pytest.raises(GatewayTimeout):
        start_checkout(shop, user, "monthly", gateway="razorpay")
    ((order_id, number),) = [
        (order_id, theirs.gateway_order_id) for order_id, theirs in razorpay.orders.items()
    ]
    razorpay.pay(order_id)

    send(
        client, message("order.paid", payment={"order_id": number}, order={"id": number, "receipt": order_id})
    )

    assert work(shop) == [("order.paid", order_id, "processed")]
    assert find_order(shop, user, order_id).gateway_order_id == number


@pytest.mark.parametrize("event", ["refund.created", "refund.processed", "refund.failed"])
def test_a_refund_of_the_dashboard_is_learnt_from_its_event(shop, client, user, razorpay, event) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    paid = razorpay.pay(order.id)
    process = message("payment.captured", payment={"order_id": order.gateway_order_id})
    send(client, process)
    work(shop)
    refund = razorpay.refund_in_dashboard(order.id, 49900)

    send(
        client,
        message(
            event,
            refund={"id": refund.gateway_refund_id, "payment_id": paid.gateway_payment_id},
            payment={"order_id": order.gateway_order_id},
        ),
    )
    work(shop)

    assert rows(shop, "SELECT status, origin FROM refunds") == [("processed", "gateway")]
    assert not entitlement(shop, user).is_active


@pytest.mark.parametrize(
    "event", ["subscription.activated", "subscription.cancelled", "subscription.charged", "x.tomorrow"]
)
def test_what_is_not_about_an_order_is_kept_shown_and_answered_200_and_grants_or_ends_nothing(
    shop, client, user, razorpay, event
) -> None:
    order = start_checkout(shop, user, "monthly", gateway="razorpay")
    razorpay.pay(order.id)
    send(client, message("payment.captured", payment={"order_id": order.gateway_order_id}))
    work(shop)
    other = start_checkout(shop, user, "annual", gateway="razorpay")
    before, calls = entitlement(shop, user), list(razorpay.calls)

    answer = send(
        client,
        message(
            event,
            subscription={"id": "sub_1"},
            payment={"order_id": other.gateway_order_id, "amount": 499000},
        ),
    )

    assert answer.status_code == 200
    assert work(shop)[-1] == (event, None, "ignored")
    assert entitlement(shop, user) == before
    assert razorpay.calls == calls


def test_an_order_of_another_shop_on_the_same_account_is_ignored_without_asking(
    shop, client, razorpay
) -> None:
    foreign = {"id": "order_Foreign0000001", "receipt": "invoice #7"}
    body = message("order.paid", order=foreign, payment={"order_id": "order_Foreign0000001", "notes": []})

    assert send(client, body).status_code == 200
    assert work(shop) == [("order.paid", None, "ignored")]
    assert razorpay.calls == []
    assert rows(shop, "SELECT 1 FROM alarms") == []


def test_repetitions_of_old_events_keep_the_old_secret(client) -> None:
    assert send(client, message("payment.failed"), secret="of_yesterday").status_code == 200


@pytest.mark.parametrize("secret", ["key_secret", "", "another"])
def test_s15_no_other_secret_signs_and_nothing_is_kept(shop, client, secret) -> None:
    assert send(client, message("payment.captured"), secret=secret).status_code == 401
    assert rows(shop, "SELECT 1 FROM gateway_events") == []


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-razorpay-signature": ""},
        {"x-razorpay-signature": b"\xc3\xa9" * 32},
        {"x-razorpay-signature": b"\xff" * 64},
        {"x-webhook-signature": "good", "x-webhook-timestamp": "1746427759"},
    ],
)
def test_s15_a_signature_that_is_none_is_401_and_never_an_accident(client, headers) -> None:
    assert client.post(PATH, content=message("payment.captured"), headers=headers).status_code == 401


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a":1,"a":2}', b"\xff{}", b'{"a":' * 60000])
def test_signed_nonsense_is_400(client, body) -> None:
    answer = send(client, body)

    assert answer.status_code == (413 if len(body) > 256 * 1024 else 400)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [PATH, PATH + "/"])
def test_every_other_method_is_405_in_json(client, method, path) -> None:
    answer = client.request(method, path)

    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert answer.headers["content-type"] == "application/json"


def test_while_razorpay_is_not_configured_its_routes_are_404(services, open_client) -> None:
    with open_client(services) as client:
        assert send(client, message("payment.captured")).status_code == 404
        assert client.post("/checkout/razorpay/callback").status_code == 404
