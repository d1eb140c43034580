from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from database import instruments, prices
from database.instruments import InstrumentRow
from database.prices import PriceRow, RejectedRow

DAY = date(2026, 7, 3)


@pytest.fixture
def fund_id(conn) -> int:
    instruments.insert_missing(conn, [InstrumentRow("fund", "ITBEES", "INF204KB15V2", "IT")])
    return next(row.id for row in instruments.list_all(conn) if row.symbol == "ITBEES")


def test_a_close_is_stored_once_and_replaced_when_it_differs(conn, fund_id) -> None:
    row = PriceRow(fund_id, DAY, 40.0, 1e6)

    changes = [prices.upsert(conn, [row], source="a") for _ in range(2)]
    corrected = prices.upsert(conn, [PriceRow(fund_id, DAY, 41.0, None)], source="b")

    assert changes == [1, 0]
    assert corrected == 1
    table = prices.read_all(conn)
    assert table[["close", "turnover"]].to_numpy().tolist() == [[41.0, 1e6]]
    assert conn.execute(
        text("SELECT old_close, new_close, old_source, new_source FROM px_corrections")
    ).all() == [(40.0, 41.0, "a", "b")]


@pytest.mark.parametrize("close", [0.0, -1.0, float("inf"), float("nan")])
def test_the_table_itself_refuses_what_is_no_price(conn, fund_id, close) -> None:
    with pytest.raises(IntegrityError):
        prices.upsert(conn, [PriceRow(fund_id, DAY, close, None)], source="a")


def test_a_renamed_fund_keeps_its_prices(conn, fund_id) -> None:
    renamed = [InstrumentRow("fund", "ITETF", "INF204KB15V2", "IT")]
    instruments.rename_by_isin(conn, renamed)
    instruments.insert_missing(conn, renamed)

    found = [row for row in instruments.list_all(conn) if row.isin == "INF204KB15V2"]

    assert [(row.id, row.symbol) for row in found] == [(fund_id, "ITETF")]


def held_back(instrument_id: int | None, key: str = "key") -> RejectedRow:
    return RejectedRow(key, "2026-07-03,ITBEES,400", 3, instrument_id, DAY, 400.0, None, "spike", "Too high.")


def test_a_row_waits_once_and_is_decided_once(conn, fund_id) -> None:
    kept = [prices.quarantine(conn, [held_back(fund_id)], source="a") for _ in range(2)]
    [waiting] = prices.list_waiting(conn, limit=5)
    now = datetime(2026, 7, 4, tzinfo=UTC)

    first = prices.decide(conn, waiting.id, "dismissed", now=now, actor_id=None)
    second = prices.decide(conn, waiting.id, "accepted", now=now, actor_id=None)

    assert kept == [1, 0]
    assert (first, second) == (True, False)
    assert prices.quarantine(conn, [held_back(fund_id)], source="a") == 0
    assert conn.execute(text("SELECT row_key, status FROM px_reject")).all() == [("key", "dismissed")]


def test_a_row_without_an_instrument_cannot_be_accepted(conn) -> None:
    prices.quarantine(conn, [held_back(None)], source="a")
    [waiting] = prices.list_waiting(conn, limit=5)

    assert not waiting.is_whole
    with pytest.raises(IntegrityError):
        prices.decide(conn, waiting.id, "accepted", now=datetime(2026, 7, 4, tzinfo=UTC), actor_id=None)
