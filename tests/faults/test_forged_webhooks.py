"""Rows F34 and F35: what was not signed gets nowhere, and what was signed gets nowhere it should not."""

from __future__ import annotations

import base64
import gzip
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from config import ConfigError, load_settings
from domain.accounts import User
from domain.orders import OrderStatus
from gateways import cashfree_webhooks
from gateways.cashfree_account import Account
from gateways.cashfree_webhooks import sign
from payment_handler import process_event, start_checkout, sync_order
from tests.faults.front_door import answers_of, build_app
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from tests.faults.signed_gateway import OLD_SECRET, SECRET, STAMP, Headers, SignedGateway, message, signed
from tests.faults.sql import rows
from wiring import Services

PATH = "/webhooks/cashfree"
ORDER_ID = "ORDER00000000000001A"
BODY = message(ORDER_ID, payment={"payment_amount": 499.0, "note": "₹"})
GENUINE = sign(STAMP, BODY, SECRET)

Forgery = tuple[Headers, bytes]


@pytest.fixture
def gateway(clock: Any) -> SignedGateway:
    return SignedGateway(lambda: clock.moment)


class Untouchable:
    """A database that must not even be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a forged message reached the database: {name}")


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


@pytest.mark.parametrize("forger", FORGERS)
def test_f34_a_forged_message_is_401_without_a_row_and_costs_what_a_genuine_one_costs(
    services: Services,
    gateway: SignedGateway,
    monkeypatch: pytest.MonkeyPatch,
    forger: Callable[[random.Random], Forgery],
    scale: Any,
    exercised: Any,
) -> None:
    tries = scale.pick(2_000, 100_000) // len(FORGERS)
    rng = random.Random(forger.__name__)
    closed = replace(services, engine=Untouchable(), queue=Untouchable())
    computed: list[int] = []
    honest_sign = cashfree_webhooks.sign

    def counted(stamp: str, body: bytes, secret: str) -> str:
        computed.append(1)
        return honest_sign(stamp, body, secret)

    app = build_app(closed, monkeypatch)
    monkeypatch.setattr(cashfree_webhooks, "sign", counted)
    forgeries = [forger(rng) for _ in range(tries)]

    statuses = [a.status for a in answers_of(app, [("POST", PATH, *forgery) for forgery in forgeries])]

    assert [f for f, status in zip(forgeries, statuses, strict=True) if status != 401][:1] == []
    # One signature for each secret, whatever was wrong: how long it takes tells nothing.
    assert len(computed) == tries * len(gateway.secrets)
    exercised("F34", tries)


def test_f34_the_genuine_message_is_stored_so_that_refusing_everything_would_be_seen(
    services: Services, gateway: SignedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build_app(services, monkeypatch)

    answers = answers_of(app, [("POST", PATH, headers(GENUINE), BODY)])

    assert [a.status for a in answers] == [200]
    assert rows(services, "SELECT count(*) FROM gateway_events") == [(1,)]


def test_f34_a_secret_is_good_while_it_is_listed_and_not_afterwards(
    services: Services, gateway: SignedGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = build_app(services, monkeypatch)
    by_old = [("POST", PATH, signed(BODY, secret=OLD_SECRET), BODY)]

    during = [a.status for a in answers_of(app, by_old)]
    gateway.secrets = (SECRET,)
    afterwards = [a.status for a in answers_of(app, by_old)]

    assert (during, afterwards) == ([200], [401])


def test_f34_no_process_starts_with_a_secret_that_everybody_knows(tmp_path: Any) -> None:
    for secrets in ({"client_secret": ""}, {"client_secret": "s", "webhook_secrets": ("",)}):
        with pytest.raises(ValueError, match="not empty"):
            Account("id", **secrets)  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match="CASHFREE_CLIENT_SECRET"):
        load_settings({"APP_ENV": "test", "CASHFREE_CLIENT_ID": "TEST1"}, root=tmp_path)
    listed = load_settings({"APP_ENV": "test", "CASHFREE_WEBHOOK_SECRETS": "a,, b ,"}, root=tmp_path)
    assert all(secret.get_secret_value() for secret in listed.cashfree_webhook_secrets)


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


def test_f35_hostile_content_under_a_genuine_signature_is_stored_or_400_and_never_our_failure(
    services: Services,
    user: User,
    gateway: SignedGateway,
    monkeypatch: pytest.MonkeyPatch,
    scale: Any,
    exercised: Any,
) -> None:
    order = start_checkout(services, user, "monthly")
    gateway.pay(order.id)
    assert sync_order(services, order.id).status is OrderStatus.PAID
    before = money(services)
    tries = scale.pick(300, 20_000)
    rng = random.Random(35)
    app = build_app(services, monkeypatch)
    for _ in range(tries // 100):
        bodies = [hostile(rng, order.id) for _ in range(100)]
        statuses = [
            a.status for a in answers_of(app, [("POST", PATH, signed(body), body) for body in bodies])
        ]
        accepted = {
            hashlib.sha256(body).hexdigest()
            for body, status in zip(bodies, statuses, strict=True)
            if status == 200
        }

        assert set(statuses) <= {200, 400, 401, 413}
        # A body that begins with a digit could be the end of the time before it: it is refused like a forgery.
        assert all(b[:1].isdigit() for b, status in zip(bodies, statuses, strict=True) if status == 401)
        assert accepted <= {key for (key,) in rows(services, "SELECT dedupe_key FROM gateway_events")}
        # No job of it fails, so none is ever repeated.
        for (event_id,) in rows(services, "SELECT id FROM gateway_events WHERE status = 'new'"):
            process_event(services, event_id)

    assert rows(services, "SELECT 1 FROM gateway_events WHERE status = 'new'") == []
    assert money(services) == before
    exercised("F35", tries)


def money(services: Services) -> list[Any]:
    return [
        rows(services, f"SELECT * FROM {table} ORDER BY 1")
        for table in ("payments", "refunds", "subscription_periods", "ledger_entries")
    ]
