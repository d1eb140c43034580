"""What the books say, read straight from the tables, for tests that assert on what was written and not on answers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from sqlalchemy import text

from database import refunds
from domain.refunds import payment_to_return
from operations.check import State, run_checks
from wiring import Services


def rows(services: Services, statement: str, **values: object) -> list[tuple[Any, ...]]:
    """The rows of a statement, read in a transaction of its own."""
    with services.engine.connect() as conn:
        return [tuple(map(_plain, row)) for row in conn.execute(text(statement), values)]


def execute(services: Services, statement: str, **values: object) -> None:
    """What an operator could do to the tables with psql."""
    with services.engine.begin() as conn:
        conn.execute(text(statement), values)


def everything(services: Services) -> dict[str, list[tuple[Any, ...]]]:
    """All that a look at an order can write, to compare before with after."""
    tables = "orders checkouts payments refunds subscriptions subscription_periods "
    tables += "ledger_entries emails alarms audit_log"
    return {
        **{table: rows(services, f"SELECT * FROM {table} ORDER BY 1") for table in tables.split()},
        "jobs": rows(services, "SELECT id, task_name, args FROM procrastinate_jobs ORDER BY id"),
    }


def balances(services: Services) -> dict[str, int]:
    """What stands in each account of the ledger, in paise."""
    sums = rows(services, "SELECT account, sum(amount_paise) FROM ledger_entries GROUP BY account")
    return {account: int(total) for account, total in sums}


def shown_payment(services: Services, order_id: str) -> int:
    """The payment that an admin's form for this order is about; 0 where there is no form."""
    with services.engine.connect() as conn:
        payment = payment_to_return(refunds.refundable(conn, order_id))
    return 0 if payment is None else payment.id


def check_invariants(services: Services) -> None:
    """The books agree with themselves, however many looks there were."""
    findings = run_checks(services)
    assert [finding for finding in findings if finding.state not in {State.OK, State.NOT_BUILT}] == []


def together(*works: Callable[[], None]) -> None:
    """Do all of it at the same time, and wait for the last."""
    threads = [threading.Thread(target=work) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _plain(value: object) -> object:
    return bytes(value) if isinstance(value, memoryview) else value
