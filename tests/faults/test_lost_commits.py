"""A COMMIT that happened and whose reply was lost: the outcome is unknown, is looked up, and nothing is doubled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from sqlalchemy.exc import DBAPIError

import payment_handler
from database.embedded import EmbeddedServer
from database.engine import connect_engine
from database.queue import JobQueue
from domain.accounts import User
from tests.faults.agreement import disagreements
from tests.faults.commit_proxy import CommitProxy, commit_proxy
from tests.faults.http_front import deliver, http_front
from tests.faults.shop import Shop, open_shop
from wiring import Services

# What a caller does who hears of a failure: a page's visitor, a job's next try, the gateway's next delivery.
TRIES = 3


@pytest.fixture(scope="module")
def shop(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with open_shop(server, tmp_path_factory.mktemp("commits"), "lost_commits") as shop:
        yield shop


@pytest.fixture
def proxy(shop: Shop) -> Iterator[CommitProxy]:
    with commit_proxy(shop.engine.url) as proxy:
        yield proxy


@pytest.fixture
def behind(shop: Shop, proxy: CommitProxy) -> Iterator[Services]:
    """The same services, with the database behind the proxy."""
    engine = connect_engine(proxy.url)
    yield replace(shop.services, engine=engine, queue=JobQueue(engine))
    engine.dispose()


def lose_each_commit(
    proxy: CommitProxy, prepare: Callable[[], Callable[[], object]], check: Callable[[], None]
) -> int:
    """Run a flow anew for each of its commits, whose reply is lost, with the tries that follow. The commits."""
    lost = 0
    while True:
        flow = prepare()
        proxy.swallow_commit(after=lost)
        failures = _try(flow)
        assert failures == proxy.swallowed
        check()
        if not proxy.swallowed:
            return lost
        lost += 1


def _try(flow: Callable[[], object]) -> int:
    for failures in range(TRIES):
        try:
            flow()
        except DBAPIError as exc:
            assert exc.connection_invalidated, exc
        else:
            return failures
    raise AssertionError("every try failed")


def test_f43_a_checkout_whose_commit_went_unheard_goes_on_with_the_same_order(
    shop: Shop, proxy: CommitProxy, behind: Services
) -> None:
    buyers: list[User] = []

    def prepare() -> Callable[[], object]:
        user = shop.buyer()
        buyers.append(user)
        return lambda: payment_handler.start_checkout(behind, user, "monthly")

    def one_order() -> None:
        theirs = [o for o in shop.truth()["orders"] if o["tags"]["user_id"] == str(buyers[-1].id)]
        ours = shop.rows("SELECT id, status FROM orders WHERE user_id = :id", id=buyers[-1].id)
        assert [{"id": o["order_id"], "status": "created"} for o in theirs] == ours
        assert len(ours) == 1

    assert lose_each_commit(proxy, prepare, one_order) == 2


def test_f43_a_sync_whose_commit_went_unheard_books_the_payment_once(
    shop: Shop, proxy: CommitProxy, behind: Services
) -> None:
    def prepare() -> Callable[[], object]:
        order = shop.order(shop.buyer())
        shop.pay(order)
        return lambda: payment_handler.sync_order(behind, order.id)

    assert lose_each_commit(proxy, prepare, lambda: in_order(shop)) == 1


def test_f43_a_webhook_whose_commit_went_unheard_is_answered_503_and_known_when_it_comes_again(
    shop: Shop, proxy: CommitProxy, behind: Services
) -> None:
    order = shop.order(shop.buyer())
    shop.pay(order)
    message = shop.webhook(order.id)
    with http_front(behind) as url:
        proxy.swallow_commit()

        statuses = [deliver(url, *message) for _ in range(2)]

    assert statuses == [503, 200]
    assert proxy.swallowed == 1
    assert len(shop.rows("SELECT id FROM gateway_events WHERE order_id = :id", id=order.id)) == 1
    in_order(shop)


def test_f43_a_job_whose_commit_went_unheard_does_nothing_twice(
    shop: Shop, proxy: CommitProxy, behind: Services
) -> None:
    def prepare() -> Callable[[], object]:
        order = shop.order(shop.buyer())
        shop.pay(order)
        shop.receive(*shop.webhook(order.id))
        (event,) = shop.rows("SELECT id FROM gateway_events WHERE order_id = :id", id=order.id)
        return lambda: payment_handler.process_event(behind, event["id"])

    assert lose_each_commit(proxy, prepare, lambda: in_order(shop)) == 2


def in_order(shop: Shop) -> None:
    shop.run_jobs()
    assert disagreements(shop) == []
