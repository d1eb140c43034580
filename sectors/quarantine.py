"""What an admin decides about rows that a gate held back."""

from __future__ import annotations

import pandas as pd
from sqlalchemy import Connection

from accounts.authority import require_admin
from database import books, prices
from database.prices import PriceRow
from domain.accounts import User
from domain.errors import InvalidInput
from domain.subscriptions import INDIA
from market_data.assembly import FUND
from market_data.gates import find_suspects
from sectors.market_update import HELD_ALARM
from sectors.price_series import index_of, known_instruments, merged_with, stored_series
from sectors.shown import repack
from wiring import Services


def accept_row(services: Services, actor: User, reject_id: int) -> int:
    """Believe a row of the quarantine: store it, with the rows after it that only waited for it. How many in all.

    Raises Forbidden, and InvalidInput when the row was decided already or is no price.
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        prices.lock_for_writing(conn)
        row = prices.lock_waiting(conn, reject_id)
        if row is None:
            raise InvalidInput({"row": "This row was decided already."}, "This row was decided already.")
        today = services.now(conn).astimezone(INDIA).date()
        if (
            row.instrument_id is None
            or row.day is None
            or row.close is None
            or row.close <= 0
            or row.day > today
        ):
            why = "This row is no price: it can only be dismissed. Send a corrected file instead."
            raise InvalidInput({"row": why}, why)
        old = prices.find_close(conn, row.instrument_id, row.day)
        _accept(services, conn, actor, row)
        accepted = 1 + _accept_followers(services, conn, actor, row.instrument_id)
        books.audit(
            conn,
            "price_row_accepted",
            f"px_reject:{reject_id}",
            actor_id=actor.id,
            detail={
                "symbol": row.symbol, "day": f"{row.day}", "old": old, "new": row.close, "with_followers": accepted
            },
        )  # fmt: skip
        repack(services, conn)
        _end_alarm(services, conn)
    return accepted


def dismiss_row(services: Services, actor: User, reject_id: int) -> bool:
    """Leave a row out for good. True when this call decided it. Raises Forbidden."""
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        row = prices.lock_waiting(conn, reject_id)
        if row is None:
            return False
        prices.decide(conn, reject_id, "dismissed", now=services.now(conn), actor_id=actor.id)
        books.audit(
            conn,
            "price_row_dismissed",
            f"px_reject:{reject_id}",
            actor_id=actor.id,
            detail={"symbol": row.symbol, "day": f"{row.day}", "close": row.close, "rule": row.rule},
        )
        _end_alarm(services, conn)
    return True


def _end_alarm(services: Services, conn: Connection) -> None:
    """What called a person has been decided. Where old rows wait, the next update looks which are recent."""
    if prices.count_waiting(conn) == 0:
        books.resolve_alarm(conn, HELD_ALARM, now=services.now(conn))


def _accept(services: Services, conn: Connection, actor: User, row: prices.WaitingRow) -> None:
    if row.instrument_id is None or row.day is None or row.close is None:
        raise ValueError("the row is not whole")
    turnover = row.turnover if row.turnover is not None and row.turnover >= 0 else None
    stored = PriceRow(row.instrument_id, row.day, row.close, turnover)
    prices.upsert(conn, [stored], source=row.source)
    prices.decide(conn, row.id, "accepted", now=services.now(conn), actor_id=actor.id)


def _accept_followers(services: Services, conn: Connection, actor: User, instrument_id: int) -> int:
    """Rows that were held back because of a level that is believed now."""
    known = known_instruments(conn)
    instrument = next(row for row in known if row.id == instrument_id)
    index = index_of(instrument, known)
    stored = stored_series(conn, {instrument_id} | ({index} if index is not None else set()))
    waiting = [
        row
        for row in prices.list_waiting(conn, limit=100_000, instrument_id=instrument_id)
        if row.rule in {"spike", "jump"} and row.day is not None and row.close is not None
    ]
    fresh = pd.Series(
        {pd.Timestamp(row.day): row.close for row in waiting if row.day and row.close}, dtype="float64"
    )
    merged = merged_with(stored.get(instrument_id), fresh)
    believed = [day for day, _ in prices.list_accepted(conn, [instrument_id]).get(instrument_id, ())]
    follows = None if index is None else stored.get(index)
    suspects = {
        suspect.day
        for suspect in find_suspects(
            merged, is_fund=instrument.kind == FUND, index=follows, accepted=believed
        )
    }
    followers = [row for row in waiting if row.day not in suspects]
    for row in followers:
        _accept(services, conn, actor, row)
    return len(followers)
