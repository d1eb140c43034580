"""Statements on what has prices: indices, by total return and by price, and funds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class InstrumentRow:
    """What an instrument is, before it has a number. `kind` is index_tri, index_price or fund."""

    kind: str
    symbol: str
    isin: str | None
    sector: str | None


@dataclass(frozen=True, slots=True)
class StoredInstrument:
    id: int
    kind: str
    symbol: str
    isin: str | None
    sector: str | None


def rename_by_isin(conn: Connection, instruments: Sequence[InstrumentRow]) -> None:
    """Give instruments that are known by their ISIN the symbol that they have now."""
    known = [asdict(row) for row in instruments if row.isin is not None]
    if known:
        conn.execute(
            text("UPDATE instruments SET symbol = :symbol WHERE isin = :isin AND symbol <> :symbol"), known
        )


def insert_missing(conn: Connection, instruments: Sequence[InstrumentRow]) -> None:
    """Store instruments that are not stored, and bring sector and ISIN of the others up to date."""
    conn.execute(
        text("""
        INSERT INTO instruments (kind, symbol, isin, sector)
        VALUES (:kind, :symbol, :isin, :sector)
        ON CONFLICT (kind, symbol) WHERE valid_to IS NULL DO UPDATE
        SET sector = EXCLUDED.sector, isin = coalesce(EXCLUDED.isin, instruments.isin)
        WHERE (instruments.sector, instruments.isin)
            IS DISTINCT FROM (EXCLUDED.sector, coalesce(EXCLUDED.isin, instruments.isin))
        """),
        [asdict(row) for row in instruments],
    )


def list_all(conn: Connection) -> list[StoredInstrument]:
    """Every instrument that is in use, by kind and symbol."""
    rows = conn.execute(
        text("""
        SELECT id, kind, symbol, isin, sector
        FROM instruments
        WHERE valid_to IS NULL
        ORDER BY kind, symbol
        """)
    )
    return [StoredInstrument(**row) for row in rows.mappings()]
