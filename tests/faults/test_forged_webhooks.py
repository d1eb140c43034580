"""Rows F34 and F35: what was not signed gets nowhere, and what was signed gets nowhere it should not."""

from __future__ import annotations

import hashlib
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
from payment_handler import process_event, start_checkout, sync_order
from tests.books import rows
from tests.faults.forgeries import BODY, FORGERS, GENUINE, PATH, Forgery, headers, hostile
from tests.faults.front_door import answers_of, build_app
from tests.faults.invariant_guard import the_books_hold as the_books_hold
from tests.faults.signed_gateway import OLD_SECRET, SECRET, SignedGateway, signed
from wiring import Services


@pytest.fixture
def gateway(clock: Any) -> SignedGateway:
    return SignedGateway(lambda: clock.moment)


class Untouchable:
    """A database that must not even be asked."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"a forged message reached the database: {name}")


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
