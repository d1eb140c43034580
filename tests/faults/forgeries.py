"""Forged webhooks, and genuine signatures over hostile content, made by chance from a seed."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from typing import Any

from gateways.cashfree_webhooks import sign
from tests.faults.signed_gateway import SECRET, STAMP, Headers, message

PATH = "/webhooks/cashfree"
ORDER_ID = "ORDER00000000000001A"
BODY = message(ORDER_ID, payment={"payment_amount": 499.0, "note": "₹"})
GENUINE = sign(STAMP, BODY, SECRET)

Forgery = tuple[Headers, bytes]


def headers(signature: bytes | str, stamp: bytes | str = STAMP) -> Headers:
    return [(b"x-webhook-timestamp", raw(stamp)), (b"x-webhook-signature", raw(signature))]


def raw(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def digest(body: bytes, stamp: str = STAMP, secret: str = SECRET, algorithm: str = "sha256") -> bytes:
    return hmac.new(secret.encode(), stamp.encode() + body, algorithm).digest()


def base64_of(value: bytes) -> str:
    return base64.b64encode(value).decode()


def absent(rng: random.Random) -> Forgery:
    return rng.sample(headers(GENUINE), k=rng.choice([0, 1])), BODY


def empty(rng: random.Random) -> Forgery:
    return headers(rng.choice(["", " ", "null", "=", "\t"])), BODY


def cut(rng: random.Random) -> Forgery:
    return headers(GENUINE[: rng.randrange(len(GENUINE))]), BODY


def longer(rng: random.Random) -> Forgery:
    return headers(GENUINE + rng.choice(["=", "A", "A" * rng.randrange(1, 6_000), ", " + GENUINE])), BODY


def one_character(rng: random.Random) -> Forgery:
    at = rng.randrange(len(GENUINE) - 1)
    other = rng.choice([c for c in "ABCXYZabcxyz0189+/" if c != GENUINE[at]])
    return headers(GENUINE[:at] + other + GENUINE[at + 1 :]), BODY


def not_ascii(rng: random.Random) -> Forgery:
    at = rng.randrange(len(GENUINE))
    return headers(GENUINE.encode()[:at] + bytes([rng.randrange(128, 256)]) + GENUINE.encode()[at:]), BODY


def other_spelling(rng: random.Random) -> Forgery:
    right = digest(BODY)
    spellings = [right.hex(), right.hex().upper(), GENUINE.lower(), base64.b85encode(right).decode()]
    spellings += [f'"{GENUINE}"', f"sha256={GENUINE}", f"v1,{GENUINE}", base64_of(right.hex().encode())]
    return headers(rng.choice(spellings)), BODY


def other_secret(rng: random.Random) -> Forgery:
    known = ["", "simulator_webhook_secret", "null", SECRET[:-1], SECRET + " ", SECRET.upper()]
    secret = rng.choice([*known, "".join(rng.choices("abcdef0123456789", k=40))])
    return headers(sign(STAMP, BODY, secret)), BODY


def other_algorithm(rng: random.Random) -> Forgery:
    wrong = [
        digest(BODY, algorithm="sha1"),
        digest(BODY, algorithm="sha512"),
        digest(BODY, stamp=""),
        digest(BODY, stamp=STAMP + "."),
        hashlib.sha256(SECRET.encode() + STAMP.encode() + BODY).digest(),
        digest(STAMP.encode(), stamp=BODY.decode()),
    ]
    return headers(base64_of(rng.choice(wrong))), BODY


def doubled(rng: random.Random) -> Forgery:
    """Two values of one header, whatever they are and in whatever order, are none."""
    name, honest = rng.choice([(b"x-webhook-signature", GENUINE), (b"x-webhook-timestamp", STAMP)])
    extra = (name, rng.choice([honest.encode(), b"", b"A" * 44, b"1773124299999"]))
    both = [*headers(GENUINE), extra]
    rng.shuffle(both)
    return both, BODY


def odd_stamp(rng: random.Random) -> Forgery:
    stamp = rng.choice(
        [f"+{STAMP}", f"-{STAMP}", f"{STAMP}.0", "1e12", STAMP[:9], STAMP + "0", f"0x{STAMP}", "", "now"]
    )
    return headers(sign(stamp, BODY, SECRET), stamp), BODY


def shifted(rng: random.Random) -> Forgery:
    """Nothing stands between time and body under the signature: digits may wander, and must not."""
    at = rng.randrange(1, len(STAMP))
    if rng.random() < 0.7:
        return headers(GENUINE, STAMP[:-at]), STAMP[-at:].encode() + BODY
    at = rng.randrange(1, 12)
    return headers(GENUINE, STAMP.encode() + BODY[:at]), BODY[at:]


def written_anew(rng: random.Random) -> Forgery:
    document = json.loads(BODY)
    bodies = [
        json.dumps(document).encode(),
        json.dumps(document, ensure_ascii=False).encode(),
        json.dumps(document, sort_keys=True, indent=1).encode(),
        b"\xef\xbb\xbf" + BODY,
        BODY + rng.choice([b"\n", b" ", b"\x00", b"{}"]),
        BODY[: rng.randrange(len(BODY))],
        gzip.compress(BODY),
        BODY.replace(b"499.0", b"4.99"),
        BODY.replace(b"1A", b"1B"),
        b"",
    ]
    return headers(GENUINE), rng.choice(bodies)


def one_byte(rng: random.Random) -> Forgery:
    at = rng.randrange(len(BODY))
    return headers(GENUINE), BODY[:at] + bytes([BODY[at] ^ rng.randrange(1, 256)]) + BODY[at + 1 :]


def compressed(rng: random.Random) -> Forgery:
    """The signature is of the bytes on the wire: a body that would have to be unpacked is not that body."""
    packed = gzip.compress(BODY)
    return [*headers(GENUINE), (b"content-encoding", b"gzip")], packed


FORGERS: list[Callable[[random.Random], Forgery]] = [
    absent, empty, cut, longer, one_character, not_ascii, other_spelling, other_secret, other_algorithm,
    doubled, odd_stamp, shifted, written_anew, one_byte, compressed,
]  # fmt: skip


def hostile(rng: random.Random, order_id: str) -> bytes:
    """A body as the gateway would sign it if it had lost its mind: grammar by chance, bytes by chance."""
    kind = rng.randrange(10)
    if kind == 0:
        return message(order_id).replace(b'"type"', rng.choice([b'"typ"', b'"type":"A","type"']))
    if kind == 1:
        return b'{"data":' + rng.choice([b"[", b'{"order":']) * rng.choice([200, 5_000, 60_000])
    if kind == 2:
        number = rng.choice(["NaN", "Infinity", "-Infinity", "1e400", "9" * 5_000, "-0", "1E-999999"])
        return f'{{"data":{{"order":{{"order_id":"{order_id}","order_amount":{number}}}}}}}'.encode()
    if kind == 3:
        return message(order_id)[: rng.randrange(60)]
    if kind == 4:
        return bytes(rng.choices(range(256), k=rng.randrange(200)))
    if kind == 5:
        return b'{"data":"' + b"x" * rng.choice([1_000, 250_000, 300_000, 2_000_000]) + b'"}'
    if kind == 6:
        return rng.choice([b"[]", b"null", b'"x"', b"7", b"{}", b" {}", b"\xef\xbb\xbf{}", b"{}{}"])
    return json.dumps(any_value(rng, order_id, 0) if kind == 7 else any_event(rng, order_id)).encode()


def any_event(rng: random.Random, order_id: str) -> dict[str, Any]:
    """Like an event, with members that are missing, renamed, null, of another type, or monstrous."""
    holder = rng.choice(["order", "refund", "auto_refund", "order_details", "Order", "orders"])
    named = rng.choice(["order_id", "order_id", "orderId", "id"])
    which = rng.choice([order_id, any_value(rng, order_id, 0)])
    return {
        "type": rng.choice(["PAYMENT_SUCCESS_WEBHOOK", any_value(rng, order_id, 0)]),
        "data": rng.choice([{holder: {named: which}}, {holder: which}, any_value(rng, order_id, 0)]),
        "event_time": any_value(rng, order_id, 1),
    }


def any_value(rng: random.Random, order_id: str, depth: int) -> Any:
    texts = [
        "",
        "\x00",
        "a\x00b",
        "\ud800",
        "\U0001f4b8",
        "ä" * 300,
        order_id,
        order_id.lower(),
        "'; DROP TABLE orders; --",
    ]
    simple = [None, True, 0, -1, 12345, 10**18, 1.5, *texts, "ORDER%", "x" * 46]
    if depth > 3 or rng.random() < 0.6:
        return rng.choice(simple)
    if rng.random() < 0.5:
        return [any_value(rng, order_id, depth + 1) for _ in range(rng.randrange(4))]
    return {str(rng.choice(simple)): any_value(rng, order_id, depth + 1) for _ in range(rng.randrange(4))}
