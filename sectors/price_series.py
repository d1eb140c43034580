"""What is stored of which instrument, and what a file may call it: for those who let prices in."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from database import instruments, prices
from database.instruments import InstrumentRow, StoredInstrument
from market_data.assembly import FUND, INDEX_PRICE, INDEX_TRI, instruments_of_universe
from market_data.csv_upload import TOTAL_RETURN_SUFFIX


def known_instruments(conn: Connection) -> list[StoredInstrument]:
    universe = [
        InstrumentRow(kind, symbol, isin, sector) for kind, symbol, isin, sector in instruments_of_universe()
    ]
    stored = instruments.list_all(conn)
    if not {(row.kind, row.symbol, row.isin, row.sector) for row in universe} <= {
        (row.kind, row.symbol, row.isin, row.sector) for row in stored
    }:
        instruments.rename_by_isin(conn, universe)
        instruments.insert_missing(conn, universe)
        stored = instruments.list_all(conn)
    return stored


def names_of(row: StoredInstrument) -> list[str]:
    if row.kind == INDEX_TRI:
        return [row.symbol.upper() + TOTAL_RETURN_SUFFIX]
    return [row.symbol.upper(), *([row.isin] if row.isin else [])]


def index_of(instrument: StoredInstrument, known: list[StoredInstrument]) -> int | None:
    """The index that a fund follows, by total return where there is one."""
    if instrument.kind != FUND or instrument.sector is None:
        return None
    found = {row.kind: row.id for row in known if row.sector == instrument.sector and row.kind != FUND}
    return found.get(INDEX_PRICE, found.get(INDEX_TRI))


def stored_series(conn: Connection, ids: set[int]) -> dict[int, pd.Series]:
    table = prices.read_all(conn, sorted(ids)) if ids else pd.DataFrame()
    if table.empty:
        return {}
    return {
        int(str(id_)): part.set_index("d")["close"]
        for id_, part in table.groupby("instrument_id", sort=False)
    }


def merged_with(stored: pd.Series | None, fresh: pd.Series) -> pd.Series:
    if stored is None or stored.empty:
        return fresh.sort_index()
    both: pd.Series = pd.concat([stored[~stored.index.isin(fresh.index)], fresh]).sort_index()
    return both
