"""Row S15: a webhook that the gateway did not sign is 401 and leaves no row; one that it signed never breaks us."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gateways.cashfree_webhooks import sign
from tests.books import rows
from tests.faults.forgeries import BODY, FORGERS, GENUINE, PATH, Forgery, base64_of, digest, headers, hostile
from tests.faults.front_door import answers_of, build_app
from tests.faults.signed_gateway import SECRET, STAMP, SignedGateway, message, signed
from tests.security.conftest import Scale
from wiring import Services

ORDER_ID = "ORDER00000000000001A"
OTHER_BODY = message(ORDER_ID, "PAYMENT_FAILED_WEBHOOK")
BATCH = 500


@pytest.fixture
def gateway(clock: Any) -> SignedGateway:
    return SignedGateway(lambda: clock.moment)


def flipped_bit(rng: random.Random) -> Forgery:
    """One bit of body, signature or time."""
    body, signature, stamp = bytearray(BODY), bytearray(GENUINE.encode()), bytearray(STAMP.encode())
    part = rng.choice([body, signature, stamp])
    at = rng.randrange(len(part) - 1)
    part[at] ^= 1 << rng.randrange(8)
    return headers(bytes(signature), bytes(stamp)), bytes(body)


def replayed_signature(rng: random.Random) -> Forgery:
    """A genuine signature of another body, or of this body at another time."""
    if rng.random() < 0.5:
        return headers(sign(STAMP, OTHER_BODY, SECRET)), BODY
    return headers(GENUINE, str(int(STAMP) + rng.choice([-1, 1, 1_000, 300_000, 10**9]))), BODY


def other_base64(rng: random.Random) -> Forgery:
    """The right digest in letters that are not quite the right ones."""
    right = digest(BODY)
    spelled = [
        GENUINE.rstrip("="),
        GENUINE + "=",
        "=" + GENUINE,
        GENUINE[:20] + rng.choice([" ", "\t", "%", "-", "_"]) + GENUINE[20:],
        base64_of(right + b"\x00"),
        base64_of(right[: rng.randrange(32)]),
        base64_of(right[::-1]),
        base64_of(GENUINE.encode()),
        GENUINE.swapcase(),
    ]
    return headers(rng.choice(spelled)), BODY


def very_long(rng: random.Random) -> Forgery:
    return headers(rng.choice(["A", "=", "\xff", GENUINE]) * rng.randrange(1_000, 60_000)), BODY


def far_away_time(rng: random.Random) -> Forgery:
    """Honestly signed by somebody without the secret, at any time and over any body."""
    stamp = str(rng.choice([0, 1, 10**9, 10**13, 9_999_999_999_999]))
    body = rng.choice([BODY, OTHER_BODY, b"{}", b"", b"[" * 5_000])
    return headers(sign(stamp, body, "".join(rng.choices("abcdef", k=20))), stamp), body


ALL_FORGERS = [*FORGERS, flipped_bit, replayed_signature, other_base64, very_long, far_away_time]


def test_s15_every_forged_webhook_is_401_and_no_row_is_written(
    services: Services,
    gateway: SignedGateway,
    monkeypatch: pytest.MonkeyPatch,
    scale: Scale,
    measured: Callable[..., None],
) -> None:
    app = build_app(services, monkeypatch)
    rng = random.Random(15)
    tries = scale.pick(2_000, 100_000)
    paths = (PATH, f"{PATH}/")

    wrong: list[Forgery] = []
    for start in range(0, tries, BATCH):
        forgeries = [ALL_FORGERS[n % len(ALL_FORGERS)](rng) for n in range(start, start + BATCH)]
        answers = answers_of(app, [("POST", paths[n % 2], *forged) for n, forged in enumerate(forgeries)])
        wrong += [f for f, answer in zip(forgeries, answers, strict=True) if answer.status != 401]

    assert wrong[:1] == []
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(0,)]
    measured("forged webhooks, all 401 without a row", tries)


def test_s15_the_same_message_with_its_own_signature_is_taken_so_that_the_probe_can_fail(
    services: Services, gateway: SignedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build_app(services, monkeypatch)

    answers = answers_of(app, [("POST", PATH, headers(GENUINE), BODY)])

    assert [answer.status for answer in answers] == [200]
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(1,)]


# What the gateway sends in earnest: every member below is replaced by what does not belong there.
KNOWN = {
    "data": {
        "order": {
            "order_id": ORDER_ID,
            "order_amount": 499.0,
            "order_currency": "INR",
            "order_tags": {"a": "b"},
        },
        "payment": {
            "cf_payment_id": 975672265,
            "payment_status": "SUCCESS",
            "payment_amount": 499.0,
            "payment_currency": "INR",
            "payment_message": "ok",
            "payment_time": "2026-03-10T12:00:00+05:30",
            "payment_method": {"upi": {"channel": None, "upi_id": "a@b"}},
        },
        "customer_details": {"customer_id": "CUST1", "customer_phone": "9999999999"},
        "refund": {"cf_refund_id": 1, "refund_id": "r", "refund_amount": 1.0, "refund_status": "SUCCESS"},
    },
    "event_time": "2026-03-10T12:00:05+05:30",
    "type": "PAYMENT_SUCCESS_WEBHOOK",
}
STRANGE = [
    "null", "true", "-1", "0", '""', "[]", "{}", "[[]]", '{"":{}}', "NaN", "-Infinity", "1e400", "1e-400", "-0.0",
    "9" * 4_400, '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"' + "x" * 5_000 + '"', "[" * 900 + "]" * 900,
    '{"a":1,"a":2}', '"2026-13-45T99:99:99Z"', '"ORDER%"', "1.7976931348623159e308", "0.1" + "0" * 400,
]  # fmt: skip


def strange_member(rng: random.Random) -> bytes:
    """A genuine body of which one to three members are not what they should be."""
    text = json.dumps(KNOWN)
    for _ in range(rng.randrange(1, 4)):
        path = rng.choice(PATHS)
        kept = json.dumps(value_at(KNOWN, path))
        name = json.dumps(path[-1])
        found = f"{name}: {kept}"
        replaced = rng.choice(
            [f"{name}: {rng.choice(STRANGE)}", f"{name}: {kept}, {name}: {rng.choice(STRANGE)}"]
        )
        text = text.replace(found, replaced, 1)
    return text.encode("utf-8", "surrogatepass")


def broken_off(rng: random.Random) -> bytes:
    """A genuine body that ends too early, goes on too long, or is in other letters."""
    whole = json.dumps(KNOWN).encode()
    return rng.choice([
        whole[: rng.randrange(1, len(whole))],
        whole + whole,
        whole + b"\x00" * rng.randrange(1, 50),
        whole.replace(b'"', b"'"),
        whole.replace(b":", b"=", rng.randrange(1, 5)),
        json.dumps(KNOWN).encode("utf-16"),
        whole[:30] + bytes([rng.randrange(128, 256)]) + whole[30:],
        b"{" + b'"a":{' * rng.choice([10, 1_000, 100_000]),
    ])  # fmt: skip


def paths_of(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if path:
        yield path
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from paths_of(inner, (*path, name))


def value_at(value: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        value = value[name]
    return value


PATHS = list(paths_of(KNOWN))
MAKERS: list[Callable[[random.Random], bytes]] = [
    strange_member,
    strange_member,
    broken_off,
    lambda rng: hostile(rng, ORDER_ID),
]


def test_s15_no_signed_body_however_malformed_is_answered_with_5xx(
    services: Services,
    gateway: SignedGateway,
    monkeypatch: pytest.MonkeyPatch,
    scale: Scale,
    measured: Callable[..., None],
) -> None:
    app = build_app(services, monkeypatch)
    rng = random.Random(16)
    tries = scale.pick(500, 20_000)

    statuses: Counter[int] = Counter()
    for start in range(0, tries, BATCH):
        bodies = [MAKERS[n % len(MAKERS)](rng) for n in range(start, start + BATCH)]
        answers = answers_of(app, [("POST", PATH, signed(body), body) for body in bodies])
        statuses.update(answer.status for answer in answers)

    assert set(statuses) <= {200, 400, 401, 413}
    # Both kinds of answer, or the bodies were all of one sort.
    assert statuses[200] > tries / 10
    assert statuses[400] > tries / 10
    measured("signed malformed bodies, none 5xx", tries)
