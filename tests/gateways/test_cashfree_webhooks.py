"""Only Cashfree can make us look; hostile content it signed is refused without a server error."""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import hmac
import json
from pathlib import Path

import pytest

pytest.importorskip("hypothesis", reason="needs requirements-dev.txt")

from hypothesis import given
from hypothesis import strategies as st

from domain.errors import WebhookRefused, WebhookUnreadable
from domain.gateway import WebhookEvent
from gateways.cashfree_webhooks import read_webhook

FIXTURES = Path(__file__).parents[1] / "fixtures/cashfree"
SECRET = "cfsk_ma_test_0123456789abcdef0123456789abcdef_01234567"
STAMP = "1746427759733"
BODY = (FIXTURES / "webhook_vector.json").read_bytes()
SIGNATURE = "ExJJqbl43wF+Lu957rGyiuknGx8rK/idxUCp6jsuue8="  # pragma: allowlist secret - of an invented body


def signature(body: bytes, stamp: str = STAMP, secret: str = SECRET) -> str:
    return base64.b64encode(
        hmac.new(secret.encode(), stamp.encode() + body, hashlib.sha256).digest()
    ).decode()


def receive(body: bytes, given_signature: str | None = None, stamp: str = STAMP) -> WebhookEvent:
    given_signature = signature(body, stamp) if given_signature is None else given_signature
    headers = {"x-webhook-signature": given_signature, "x-webhook-timestamp": stamp}
    return read_webhook(headers, body, (SECRET,))


def refusal(headers: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SECRET,)) -> int:
    with pytest.raises(WebhookRefused) as caught:
        read_webhook(headers, body, secrets)
    return caught.value.http_status


def test_the_published_vector_is_accepted() -> None:
    event = receive(BODY, SIGNATURE)

    assert len(BODY) == 178
    assert (event.gateway, event.event_type, event.order_id) == (
        "cashfree",
        "PAYMENT_SUCCESS_WEBHOOK",
        "order_1",
    )
    assert event.body == BODY
    assert event.dedupe_key == hashlib.sha256(BODY).hexdigest()


def test_a_retry_with_a_new_timestamp_is_the_same_event() -> None:
    assert receive(BODY).dedupe_key == receive(BODY, stamp="1746429999999").dedupe_key


def test_header_names_may_have_any_case_and_seconds_are_accepted() -> None:
    headers = {"X-Webhook-Signature": signature(BODY, "1746427759"), "X-WEBHOOK-TIMESTAMP": "1746427759"}

    assert read_webhook(headers, BODY, (SECRET,)).order_id == "order_1"


@pytest.mark.parametrize("secrets", [("new", SECRET), (SECRET, "new"), ("", SECRET)])
def test_any_secret_of_the_rotation_is_accepted(secrets) -> None:
    headers = {"x-webhook-signature": SIGNATURE, "x-webhook-timestamp": STAMP}

    assert read_webhook(headers, BODY, secrets).order_id == "order_1"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        SIGNATURE[:-1],
        SIGNATURE + "=",
        SIGNATURE + "A" * 100_000,
        SIGNATURE.lower(),
        f" {SIGNATURE}",
        f"{SIGNATURE}\n",
        SIGNATURE.replace("E", "É", 1),
        "ÿ" * 44,
        "\ud800",
        base64.b64decode(SIGNATURE).hex(),
        signature(BODY, secret="another gateway's secret"),
        signature(BODY, secret=""),
        signature(b""),
    ],
)
def test_a_forged_signature_is_refused(forged) -> None:
    assert refusal({"x-webhook-signature": forged, "x-webhook-timestamp": STAMP}) == 401


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-webhook-signature": SIGNATURE},
        {"x-webhook-timestamp": STAMP},
        {"x-webhook-signature": SIGNATURE, "X-Webhook-Signature": SIGNATURE, "x-webhook-timestamp": STAMP},
        {"x-webhook-signature": SIGNATURE, "x-webhook-timestamp": STAMP, "X-Webhook-Timestamp": STAMP},
    ],
)
def test_a_missing_or_doubled_header_is_refused(headers) -> None:
    assert refusal(headers) == 401


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        f"+{STAMP}",
        f" {STAMP}",
        f"{STAMP} ",
        f"{STAMP}\n",
        "-746427759733",
        "174642775",
        "17464277597330",
        "1e12",
        "١٧٤٦٤٢٧٧٥٩٧٣٣",
        "1746427759.73",
    ],
)
def test_a_timestamp_that_is_not_ten_to_thirteen_digits_is_refused_though_signed(stamp) -> None:
    headers = {"x-webhook-signature": signature(BODY, stamp), "x-webhook-timestamp": stamp}

    assert refusal(headers) == 401


@pytest.mark.parametrize("cut", range(1, 14))
def test_digits_moved_from_the_timestamp_into_the_body_are_refused(cut) -> None:
    headers = {"x-webhook-signature": SIGNATURE, "x-webhook-timestamp": STAMP[:-cut]}

    assert refusal(headers, STAMP[-cut:].encode() + BODY) == 401


def test_the_begin_of_the_body_moved_into_the_timestamp_is_refused() -> None:
    headers = {"x-webhook-signature": SIGNATURE, "x-webhook-timestamp": STAMP + "{"}

    assert refusal(headers, BODY[1:]) == 401


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(json.loads(BODY)).encode(),
        b"\xef\xbb\xbf" + BODY,
        BODY + b"\n",
        BODY.replace(b"170.00", b"170.0"),
        gzip.compress(BODY),
        b"",
    ],
)
def test_a_body_other_than_the_signed_bytes_is_refused(body) -> None:
    assert refusal({"x-webhook-signature": SIGNATURE, "x-webhook-timestamp": STAMP}, body) == 401


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_without_a_secret_nothing_is_accepted(secrets) -> None:
    headers = {"x-webhook-signature": signature(BODY, secret=""), "x-webhook-timestamp": STAMP}

    assert refusal(headers, secrets=secrets) == 401


@given(st.text(max_size=60), st.text(max_size=20), st.binary(max_size=60))
def test_no_forgery_gets_in_and_none_is_a_server_error(forged, stamp, body) -> None:
    assert refusal({"x-webhook-signature": forged, "x-webhook-timestamp": stamp}, body) == 401


@given(st.integers(min_value=0, max_value=177), st.integers(min_value=1, max_value=255))
def test_one_changed_byte_is_refused(position, change) -> None:
    body = bytearray(BODY)
    body[position] ^= change

    assert refusal({"x-webhook-signature": SIGNATURE, "x-webhook-timestamp": STAMP}, bytes(body)) == 401


@pytest.mark.parametrize(
    "body",
    [
        b'{"type":"A","type":"B"}',
        b'{"data":{"order":{"order_amount":NaN}}}',
        b'{"data":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b'{"data":' + b"9" * 5000 + b"}",
        b'{"data":"' + b"x" * 2_000_000 + b'"}',
        b'{"data":',
        b'{"data":"\xff"}',
        b"[]",
        b"null",
        b" {}",
        b"\xef\xbb\xbf{}",
        b"",
    ],
    ids=lambda body: body[:20].decode("latin-1"),
)
def test_hostile_content_that_is_genuinely_signed_is_unreadable(body) -> None:
    with pytest.raises(WebhookUnreadable) as caught:
        receive(body)

    assert caught.value.http_status == 400


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b'{"data":null,"type":null}',
        b'{"data":[],"type":["PAYMENT_SUCCESS_WEBHOOK"]}',
        b'{"data":{"order":[]},"type":7}',
        b'{"data":{"order":{"order_id":null}},"type":"a b\\u0000"}',
        b'{"data":{"order":{"order_id":"a\\u0000b"}}}',
        b'{"data":{"order":{"order_id":"\\ud800abc"}}}',
        b'{"data":{"order":{"order_id":{"order_id":"x"}}}}',
        b'{"data":{"order":{"order_id":true}}}',
        b'{"data":{"order":{"id":"renamed"}}}',
    ],
)
def test_a_signed_message_without_type_or_order_is_kept_as_an_unknown_event(body) -> None:
    event = receive(body)

    assert (event.event_type, event.order_id, event.body) == ("UNKNOWN", None, body)


def test_an_event_type_invented_later_is_kept() -> None:
    body = b'{"data":{"order":{"order_id":"ORDER1"}},"type":"PAYMENT_TELEPORTED"}'

    assert (receive(body).event_type, receive(body).order_id) == ("PAYMENT_TELEPORTED", "ORDER1")


def test_the_endpoint_test_of_the_dashboard_is_accepted() -> None:
    event = receive((FIXTURES / "webhook_endpoint_test.json").read_bytes())

    assert (event.event_type, event.order_id) == ("WEBHOOK", None)


def test_a_refund_event_names_its_order() -> None:
    event = receive((FIXTURES / "webhook_refund.json").read_bytes())

    assert (event.event_type, event.order_id) == ("REFUND_STATUS_WEBHOOK", "sampleorder0413")


@pytest.mark.parametrize("holder", ["order", "refund", "auto_refund", "order_details"])
def test_an_order_id_that_is_a_number_is_read(holder) -> None:
    assert receive(json.dumps({"data": {holder: {"order_id": 12345}}}).encode()).order_id == "12345"


@pytest.mark.parametrize("sent", [SIGNATURE, SIGNATURE[:1] + "A" * 43, "A" * 44, "É", ""])
def test_s16_every_signature_is_compared_in_constant_time_with_each_secret(monkeypatch, sent) -> None:
    compared: list[tuple[object, object]] = []
    compare = hmac.compare_digest

    def note(one, other):
        compared.append((one, other))
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", note)
    headers = {"x-webhook-signature": sent, "x-webhook-timestamp": STAMP}

    with contextlib.suppress(WebhookRefused):
        read_webhook(headers, BODY, [SECRET, "an older secret", "one that comes"])

    # The first that matches ends nothing, and no text outside of ASCII is an error.
    assert len(compared) == 3
    assert {type(side) for pair in compared for side in pair} == {bytes}
