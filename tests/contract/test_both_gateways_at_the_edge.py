"""What comes in from outside, and what goes wrong on the way, asked of every gateway's adapter over HTTP."""

from __future__ import annotations

import ast
import inspect
import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from domain import errors
from domain.gateway import CheckoutPage, Customer, OrderRef, PaymentGateway
from tests.contract.conftest import AMOUNT, Counter, http_of
from tests.contract.gateway_table import WRONG_SECRET
from tests.simulator.running_simulator import Merchant, Received

Ask = Callable[[Counter, OrderRef, Any], object]
VERBS: dict[str, Ask] = {
    "create_order": lambda counter, _order, _payment: counter.open(),
    "fetch_order": lambda counter, order, _payment: counter.adapter.fetch_order(order),
    "fetch_payments": lambda counter, order, _payment: counter.adapter.fetch_payments(order),
    "terminate_order": lambda counter, order, _payment: counter.adapter.terminate_order(order),
    "create_refund": lambda counter, order, payment: counter.refund(order, payment, 1_000),
    "fetch_refund": lambda counter, order, _payment: counter.adapter.fetch_refund(order, "REFUND0000000001"),
    "fetch_refunds": lambda counter, order, _payment: counter.adapter.fetch_refunds(order),
}
TROUBLE = {
    "http_429": errors.GatewayRateLimited,
    "http_500": errors.GatewayUnavailable,
    "http_502": errors.GatewayUnavailable,
    "http_503": errors.GatewayUnavailable,
    "outage": errors.GatewayUnavailable,
    "drop_connection": errors.GatewayTimeout,
    "html_error_page": errors.GatewayReplyInvalid,
    "redirect_302": errors.GatewayReplyInvalid,
}


# Trouble


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("fault", TROUBLE)
def test_each_trouble_is_the_same_error_behind_every_verb(counter: Counter, fault: str, verb: str) -> None:
    order, payment = counter.paid()
    counter.simulator.fault(fault, gateway=counter.entry.name)

    with pytest.raises(errors.GatewayError) as caught:
        VERBS[verb](counter, order, payment)

    assert type(caught.value) is TROUBLE[fault]
    assert caught.value.retryable
    assert not any(secret in f"{caught.value!r} {caught.value.detail}" for secret in counter.entry.secrets)


@pytest.fixture
def front() -> Iterator[str]:
    """A proxy whose backend is away: 502 and a page of HTML, whatever is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            page = b"<html><h1>502 Bad Gateway</h1></html>"
            self.send_response(502)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(page)))
            self.end_headers()
            self.wfile.write(page)

        do_POST = do_PATCH = do_GET

        def log_message(self, *_: Any) -> None:
            """Stay silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("verb", VERBS)
def test_a_proxys_page_of_html_is_no_accident(counter: Counter, front: str, verb: str) -> None:
    order, payment = counter.paid()
    entry = counter.entry
    behind = Counter(entry, counter.simulator, entry.connect(front, http_of(entry.name), entry.key_secret))

    with pytest.raises(errors.GatewayUnavailable) as caught:
        VERBS[verb](behind, order, payment)

    assert caught.value.user_message.startswith(f"{entry.name.title()} temporarily unavailable")


def test_after_an_outage_nothing_is_sent_and_nobody_waits(counter: Counter) -> None:
    order = counter.open()
    counter.simulator.fault("outage")

    # More failures in a row than any breaker bears.
    for _ in range(20):
        with pytest.raises(errors.GatewayUnavailable):
            counter.adapter.fetch_order(order)

    assert not counter.adapter.is_reachable()
    with pytest.raises(errors.CircuitOpen):
        counter.open()
    assert len(counter.truth("orders")) == 1


@pytest.mark.parametrize("verb", VERBS)
def test_credentials_that_are_refused_are_that_error_and_open_nothing(counter: Counter, verb: str) -> None:
    order, payment = counter.paid()
    entry = counter.entry
    stranger = entry.connect(counter.simulator.origin, http_of(entry.name), WRONG_SECRET)

    with pytest.raises(errors.GatewayCredentialsRejected) as caught:
        VERBS[verb](Counter(entry, counter.simulator, stranger), order, payment)

    assert WRONG_SECRET not in f"{caught.value!r} {caught.value.detail}"
    assert (len(counter.truth("orders")), counter.truth("refunds")) == (1, [])


# The buyer's browser


def test_the_checkouts_options_are_json_and_hold_no_secret(counter: Counter) -> None:
    opened = counter.adapter.create_order(counter.request())
    page = CheckoutPage(
        order=OrderRef(opened.order_id, opened.gateway_order_id),
        payment_session_id=opened.payment_session_id or "",
        amount_paise=AMOUNT,
        currency="INR",
        customer=Customer("CUST409128494ABC", "Asha Rao", "asha@example.in", "9876543210"),
        business_name="Sector RS",
        description="Monthly Plan",
        callback_url="http://shop.example/callback",
        seconds_left=600,
    )

    options = json.dumps(counter.adapter.checkout_options(page))

    assert opened.payment_session_id and opened.payment_session_id in options
    assert not any(secret in options for secret in counter.entry.secrets)
    assert not any(secret in repr(counter.adapter) for secret in counter.entry.secrets)


def test_a_return_claims_its_own_payment_at_most_and_only_with_a_signature(counter: Counter) -> None:
    order = counter.open()
    carried = counter.pay(order)
    form = {name: value for name, value in carried.items() if name.startswith("razorpay_")}
    (payment,) = counter.adapter.fetch_payments(order)

    claimed = counter.adapter.claimed_payment(order, form)

    assert claimed == (payment.gateway_payment_id if counter.entry.signs_returns else None)
    other = counter.open()
    for forged in ({}, dict.fromkeys(form, "x"), form | {"razorpay_signature": "0" * 64}):
        assert counter.adapter.claimed_payment(order, forged) is None
    assert counter.adapter.claimed_payment(other, form) is None
    assert counter.adapter.claimed_payment(OrderRef(order.order_id), form) is None


def test_a_return_names_its_order_by_the_gateways_number_or_not_at_all(counter: Counter) -> None:
    order = counter.open()
    carried = counter.pay(order)
    form = {name: value for name, value in carried.items() if name.startswith("razorpay_")}

    assert counter.adapter.named_order(form) == (
        order.gateway_order_id if counter.entry.signs_returns else None
    )
    assert counter.adapter.named_order({}) is None
    assert counter.adapter.named_order(dict.fromkeys(form, "../orders")) is None


# Webhooks


def _first_message(counter: Counter, receiver: Merchant) -> tuple[OrderRef, Received]:
    counter.simulator.control("POST", "/endpoints", {**counter.entry.listening, "url": receiver.url})
    order, _ = counter.paid()
    counter.simulator.flush()
    return order, receiver.received[0]


def test_the_bytes_of_a_message_are_read_and_name_the_order(counter: Counter, receiver: Merchant) -> None:
    order, _ = _first_message(counter, receiver)

    events = [counter.adapter.parse_webhook(got.headers, got.body) for got in receiver.received]

    assert events
    assert {event.gateway for event in events} == {counter.entry.name}
    for event in events:
        assert event.order_id == order.order_id or event.gateway_order_id == order.gateway_order_id
        assert event.event_type != "UNKNOWN"
    assert [event.body for event in events] == [got.body for got in receiver.received]
    assert len({event.dedupe_key for event in events}) == len(events)


def test_of_the_messages_those_that_tell_of_money_are_known_and_no_others(
    counter: Counter, receiver: Merchant
) -> None:
    counter.simulator.control("POST", "/endpoints", {**counter.entry.listening, "url": receiver.url})
    read, reports = counter.adapter.parse_webhook, counter.adapter.reports_payment
    counter.paid(outcome="FAILED")
    counter.simulator.flush()
    of_failure = [read(got.headers, got.body).event_type for got in receiver.received]
    counter.paid()
    counter.simulator.flush()
    all_types = [read(got.headers, got.body).event_type for got in receiver.received]

    assert of_failure and not any(reports(event_type) for event_type in of_failure)
    assert any(reports(event_type) for event_type in all_types)
    assert not reports("UNKNOWN")


def test_a_message_that_comes_twice_is_known_again(counter: Counter, receiver: Merchant) -> None:
    counter.simulator.fault("duplicate_webhooks")

    _first_message(counter, receiver)

    keys = [counter.adapter.parse_webhook(got.headers, got.body).dedupe_key for got in receiver.received]
    assert all(keys.count(key) == 2 for key in keys)


def test_forged_messages_are_refused(counter: Counter, receiver: Merchant) -> None:
    _, got = _first_message(counter, receiver)
    name = counter.entry.signature_header
    unsigned = {key: value for key, value in got.headers.items() if key != name}
    forged: list[tuple[dict[str, str], bytes]] = [
        (unsigned, got.body),
        ({**got.headers, name: ""}, got.body),
        ({**got.headers, name: got.headers[name][:-2] + "00"}, got.body),
        ({**got.headers, name.upper(): got.headers[name]}, got.body),
        ({**got.headers, name: "₹" * 64}, got.body),
        (got.headers, got.body + b" "),
        (got.headers, got.body.replace(b"INR", b"USD")),
        # The same JSON, written by somebody who parsed it.
        (got.headers, json.dumps(json.loads(got.body), indent=1).encode()),
    ]

    for headers, body in forged:
        with pytest.raises(errors.WebhookRefused) as caught:
            counter.adapter.parse_webhook(headers, body)
        assert caught.value.http_status == 401


def test_a_message_that_another_secret_signed_is_refused(counter: Counter, receiver: Merchant) -> None:
    counter.simulator.fault("wrong_signature")
    _, got = _first_message(counter, receiver)

    with pytest.raises(errors.WebhookRefused):
        counter.adapter.parse_webhook(got.headers, got.body)


# The contract itself


def test_every_verb_of_the_protocol_is_asked_of_every_gateway() -> None:
    verbs = {name for name, _ in inspect.getmembers(PaymentGateway, inspect.isfunction) if name[0] != "_"}
    asked = {
        node.attr
        for path in Path(__file__).parent.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("adapter")
    }

    assert verbs - asked == set()
