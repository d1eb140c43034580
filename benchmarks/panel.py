"""`make bench`: reading ten years of 106 series from PostgreSQL, as one packed panel and as rows.

The one ratio that can fail: the panel takes at most a tenth of what reading the rows into a DataFrame takes. Both end
with the same table, in turns, in the same process and server.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy import Engine

from analyzer.market import Market, Sector
from benchmarks.timing import in_turns
from database import instruments, panels, prices
from database.embedded import start_embedded_server
from database.engine import connect_engine
from database.instruments import InstrumentRow
from database.migrate import migrate
from database.prices import PriceRow
from market_data.packing import pack, unpack

SERIES, SESSIONS = 106, 2474
_TURNS = 9
_LEAST_RATIO = 10.0


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        server = start_embedded_server(Path(name) / "postgres")
        engine = connect_engine(server.url)
        try:
            return _compare(engine)
        finally:
            engine.dispose()
            server.stop()


def _compare(engine: Engine) -> int:
    migrate(engine)
    market = _market()
    _store_rows(engine, market.total_return)
    packed = pack(market)
    with engine.begin() as conn:
        panels.insert(conn, packed.version, "prices", packed.as_of, packed.meta, packed.payload)
    by_rows, by_panel = _rows(engine), _panel(engine, packed.version)
    pd.testing.assert_frame_equal(
        by_rows, by_panel, check_names=False, check_index_type=False, check_freq=False
    )
    rows_ms, panel_ms = in_turns(lambda: _rows(engine), lambda: _panel(engine, packed.version), turns=_TURNS)
    print(
        f"{SERIES} series x {SESSIONS} sessions from PostgreSQL, one packed panel".ljust(64),
        f"{panel_ms:7.1f} ms",
    )
    print(f"the same as {SERIES * SESSIONS} rows into a DataFrame".ljust(64), f"{rows_ms:7.1f} ms")
    print(f"panel against rows: {rows_ms / panel_ms:.0f} times as fast")
    if rows_ms < panel_ms * _LEAST_RATIO:
        print(f"FAILED: less than {_LEAST_RATIO:.0f} times as fast")
        return 1
    return 0


def _market() -> Market:
    generator = np.random.Generator(np.random.PCG64(1))
    walk = 100 * np.exp(generator.normal(0.0004, 0.012, (SESSIONS, SERIES)).cumsum(axis=0))
    names = [f"series {number:03d}" for number in range(SERIES)]
    index = pd.bdate_range(end="2026-07-03", periods=SESSIONS)
    table = pd.DataFrame(walk, index=index, columns=names)
    nothing = pd.DataFrame(index=index)
    return Market(
        version="",
        source="benchmark",
        is_demo=True,
        sectors=tuple(Sector(name, name) for name in names[:-1]),
        benchmarks=(names[-1],),
        total_return=table,
        price=nothing,
        fund_closes=nothing,
        fund_turnover=nothing,
    )


def _store_rows(engine: Engine, table: pd.DataFrame) -> None:
    with engine.begin() as conn:
        instruments.insert_missing(conn, [InstrumentRow("index_tri", name, None, None) for name in table])
        ids = {row.symbol: row.id for row in instruments.list_all(conn)}
        days = [session.date() for session in table.index]
        for name in table:
            closes = zip(days, table[name], strict=True)
            rows = [PriceRow(ids[str(name)], day, float(close), None) for day, close in closes]
            prices.upsert(conn, rows, source="benchmark")


def _rows(engine: Engine) -> pd.DataFrame:
    with engine.connect() as conn:
        names = {row.id: row.symbol for row in instruments.list_all(conn)}
        table = prices.read_all(conn).pivot(index="d", columns="instrument_id", values="close")
    return table.rename(columns=names)


def _panel(engine: Engine, version: str) -> pd.DataFrame:
    with engine.connect() as conn:
        stored = panels.find(conn, version)
    if stored is None:
        raise LookupError(version)
    return unpack(version, stored.meta, stored.payload).total_return


if __name__ == "__main__":
    sys.exit(main())
