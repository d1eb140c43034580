"""Only Razorpay can make us look: the published vectors, and everything that is nearly one of them."""

from __future__ import annotations

import hashlib
import json

import pytest

from domain.errors import WebhookRefused, WebhookUnreadable
from domain.gateway import OrderRef
from gateways.razorpay import RazorpayGateway
from gateways.razorpay_account import Account
from gateways.razorpay_signatures import is_signed, payment_message, sign
from gateways.razorpay_webhooks import read_webhook
from tests.gateways.razorpay_account import FIXTURES, NUMBER, ORDER_ID, REF, TAKEN, gateway

SDK_BODY = (FIXTURES / "fake_payment_authorized_webhook.json").read_bytes()
SDK_SIGNATURE = (  # pragma: allowlist secret - published's tests
    "d60e67fd884556c045e9be7dad57903e33efc7172c17c6e3ef77db42d2b366e9"  # pragma: allowlist secret - published
)
PAID = (FIXTURES / "webhook_order_paid.json").read_bytes()
SECRET = "webhook_secret"

# Published with the tests of Razorpay's Python SDK: secret, what is signed, signature.
VECTORS = {
    "a payment that returns": (
        "key_secret",
        payment_message("fake_order_id", "fake_payment_id"),
        "b2335e3b0801106b84a7faff035df56ecffde06918c9ddd1f0fafbb37a51cc89",  # pragma: allowlist secret - published
    ),
    "a subscription, its parts the other way round": (
        "EnLs21M47BllR3X8PSFtjtbd",  # pragma: allowlist secret - published
        b"pay_IDZNwZZFtnjyym|sub_ID6MOhgkcoHj9I",
        "601f383334975c714c91a7d97dd723eb56520318355863dcf3821c0d07a17693",  # pragma: allowlist secret - published
    ),
    "a payment link": (
        "EnLs21M47BllR3X8PSFtjtbd",  # pragma: allowlist secret - published
        b"plink_IH3cNucfVEgV68|TSsd1989|paid|pay_IH3d0ara9bSsjQ",
        "07ae18789e35093e51d0a491eb9922646f3f82773547e5b0f67ee3f2d3bf7d5b",  # pragma: allowlist secret - published
    ),
    "a webhook with its last newline": ("key_secret", SDK_BODY, SDK_SIGNATURE),
}


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_the_published_vectors_are_signed(vector) -> None:
    secret, message, signature = vector

    assert sign(message, secret) == signature
    assert is_signed(message, signature, (secret,))


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda secret, message, signature: (message + b" ", signature, secret),
        lambda secret, message, signature: (message[:-1], signature, secret),
        lambda secret, message, signature: (message, signature[:-1], secret),
        lambda secret, message, signature: (message, signature.upper(), secret),
        lambda secret, message, signature: (message, "", secret),
        lambda secret, message, signature: (message, "é" * 64, secret),
        lambda secret, message, signature: (message, "\ud800", secret),
        lambda secret, message, signature: (message, signature, secret + "x"),
        lambda secret, message, signature: (message, sign(message, ""), ""),
    ],
    ids=[
        "longer",
        "shorter",
        "cut",
        "upper case",
        "none",
        "non-ASCII",
        "surrogate",
        "secret",
        "empty secret",
    ],
)
def test_what_was_tampered_with_is_refused_and_never_an_accident(vector, spoil) -> None:
    message, signature, secret = spoil(*vector)

    assert not is_signed(message, signature, (secret,))


def form(**changes: str) -> dict[str, str]:
    return {
        "razorpay_payment_id": TAKEN,
        "razorpay_order_id": NUMBER,
        "razorpay_signature": sign(f"{NUMBER}|{TAKEN}".encode(), "key_secret"),
        **changes,
    }


def test_a_signed_return_claims_its_payment_for_the_stored_order() -> None:
    assert gateway().claimed_payment(REF, form()) == TAKEN


OTHER = "order_Another0000001"


@pytest.mark.parametrize(
    ("ref", "given"),
    [
        (OrderRef(ORDER_ID, OTHER), form()),
        (OrderRef(ORDER_ID, OTHER), {k: v for k, v in form().items() if k != "razorpay_order_id"}),
        # Somebody else's order, correctly signed, handed in for this one.
        (
            REF,
            form(razorpay_order_id=OTHER, razorpay_signature=sign(f"{OTHER}|{TAKEN}".encode(), "key_secret")),
        ),
        (REF, form(razorpay_order_id=OTHER)),
        (OrderRef(ORDER_ID), form()),
        (REF, form(razorpay_payment_id="pay_Another0000001")),
        (REF, form(razorpay_signature=sign(f"{TAKEN}|{NUMBER}".encode(), "key_secret"))),
        (REF, form(razorpay_signature=sign(f"{NUMBER}|{TAKEN}".encode(), "new_webhook_secret"))),
        (REF, form(razorpay_signature="ü" * 64)),
        (REF, form(razorpay_payment_id="")),
        (REF, {}),
    ],
)
def test_a_return_that_proves_nothing_for_this_order_claims_nothing(ref, given) -> None:
    assert gateway().claimed_payment(ref, given) is None


def receive(body: bytes, signature: str | None = None, secrets: tuple[str, ...] = (SECRET,)):
    given = sign(body, SECRET) if signature is None else signature
    return read_webhook({"X-Razorpay-Signature": given}, body, secrets)


def test_a_paid_order_is_named_by_its_receipt_and_by_its_number() -> None:
    event = receive(PAID)

    assert (event.gateway, event.event_type) == ("razorpay", "order.paid")
    assert (event.order_id, event.gateway_order_id) == (ORDER_ID, NUMBER)
    assert event.body == PAID


def test_a_message_is_known_by_its_bytes_and_not_by_what_nobody_signed() -> None:
    signature = sign(PAID, SECRET)
    first = read_webhook({"x-razorpay-signature": signature, "x-razorpay-event-id": "A"}, PAID, (SECRET,))
    again = read_webhook({"x-razorpay-signature": signature, "x-razorpay-event-id": "B"}, PAID, (SECRET,))

    assert first.dedupe_key == again.dedupe_key == hashlib.sha256(PAID).hexdigest()


def test_a_repetition_under_the_secret_before_the_rotation_is_accepted() -> None:
    assert receive(PAID, sign(PAID, "old"), ("new", "old")).order_id == ORDER_ID


@pytest.mark.parametrize("secrets", [(), ("",), ("another",), ("key_secret",)])
def test_without_the_webhooks_own_secret_nothing_is_believed(secrets) -> None:
    with pytest.raises(WebhookRefused):
        receive(PAID, secrets=secrets)


@pytest.mark.parametrize(
    "signature", ["", "é", "x" * 64, sign(PAID + b"\n", SECRET), sign(PAID, SECRET).upper()]
)
def test_a_message_with_another_signature_is_refused_with_401(signature) -> None:
    with pytest.raises(WebhookRefused) as caught:
        receive(PAID, signature)

    assert caught.value.http_status == 401


def test_two_signatures_are_none() -> None:
    signature = sign(PAID, SECRET)

    with pytest.raises(WebhookRefused):
        read_webhook({"x-razorpay-signature": signature, "X-Razorpay-Signature": signature}, PAID, (SECRET,))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'{"a":1,"a":2}', b'{"a":NaN}', b"{" * 5000, b"\xff"]
)
def test_signed_nonsense_is_unreadable_and_no_accident(body) -> None:
    with pytest.raises(WebhookUnreadable) as caught:
        receive(body)

    assert caught.value.http_status == 400


def event(name: str, **entities: object) -> bytes:
    payload = {kind: {"entity": entity} for kind, entity in entities.items()}
    return json.dumps({"event": name, "payload": payload}).encode()


@pytest.mark.parametrize(
    "name",
    [
        "payment.authorized",
        "payment.captured",
        "payment.failed",
        "order.paid",
        "refund.created",
        "refund.processed",
        "refund.failed",
    ],
)
def test_events_about_an_order_name_it(name) -> None:
    found = receive(event(name, payment={"order_id": NUMBER, "notes": {"order_id": ORDER_ID}}))

    assert (found.event_type, found.order_id, found.gateway_order_id) == (name, ORDER_ID, NUMBER)


@pytest.mark.parametrize(
    "name",
    [
        "subscription.activated",
        "subscription.cancelled",
        "subscription.charged",
        "settlement.processed",
        "x.y",
    ],
)
def test_other_events_are_read_and_name_no_order_of_ours(name) -> None:
    found = receive(
        event(
            name, payment={"order_id": NUMBER, "notes": {"order_id": ORDER_ID}}, subscription={"id": "sub_1"}
        )
    )

    assert (found.event_type, found.order_id, found.gateway_order_id) == (name, None, None)


@pytest.mark.parametrize(
    "payload",
    [
        None,
        [],
        {"payment": None},
        {"payment": {"entity": []}},
        {"payment": {"entity": {"order_id": 7, "notes": []}}},
        {"payment": {"entity": {"order_id": "order_/../x", "notes": {"order_id": "order 1"}}}},
        {"order": {"entity": {"id": None, "receipt": {"a": 1}}}},
    ],
)
def test_hostile_content_names_no_order(payload) -> None:
    found = receive(json.dumps({"event": "payment.captured", "payload": payload}).encode())

    assert (found.order_id, found.gateway_order_id) == (None, None)


@pytest.mark.parametrize("name", [None, 7, "", "a b", "x" * 101, "é", "<script>"])
def test_an_event_of_an_unspeakable_name_is_unknown(name) -> None:
    assert receive(json.dumps({"event": name}).encode()).event_type == "UNKNOWN"


@pytest.mark.parametrize("secret", ["", "with space", "new\nline", "é"])
def test_a_secret_that_is_empty_or_cannot_be_sent_makes_no_account(secret) -> None:
    with pytest.raises(ValueError):
        RazorpayGateway(Account("rzp_test_1", secret, "https://api.razorpay.com/v1"))
