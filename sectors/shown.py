"""Which market pages show: the stored prices, packed, or the demo."""

from __future__ import annotations

from sqlalchemy import Connection

from accounts.authority import require_admin
from analyzer.market import Market
from database import books, instruments, panels, prices
from domain.accounts import User
from domain.errors import InvalidInput
from market_data.assembly import NotEnough, build_market
from market_data.packing import pack
from wiring import Services

DEFAULT_SOURCE = "Uploaded prices"
_LONGEST_LABEL = 80


def repack(services: Services, conn: Connection) -> tuple[str | None, str | None]:
    """Pack the stored closes as the newest panel. Its version, or why they are no market yet."""
    shown = panels.find_shown(conn)
    label = (shown.source_label if shown.kind == "prices" else None) or DEFAULT_SOURCE
    try:
        packed = pack(_market(conn, label))
    except NotEnough as exc:
        return None, str(exc)
    if packed.version != shown.prices_version:
        panels.insert(conn, packed.version, "prices", packed.as_of, packed.meta, packed.payload)
    return packed.version, None


def pack_now(services: Services) -> tuple[str | None, str | None]:
    """The same for the command line, in a transaction of its own."""
    with services.engine.begin() as conn:
        prices.lock_for_writing(conn)
        return repack(services, conn)


def show_prices(services: Services, actor: User, source_label: str) -> None:
    """Show the stored prices instead of the demo, under this source's name.

    Raises Forbidden, and InvalidInput while they are no market, or without a name for the source.
    """
    label = " ".join(source_label.split())
    if not 1 <= len(label) <= _LONGEST_LABEL:
        why = f"Name the source of the prices in 1 to {_LONGEST_LABEL} characters: every page prints it."
        raise InvalidInput({"source": why}, why)
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        prices.lock_for_writing(conn)
        try:
            packed = pack(_market(conn, label))
        except NotEnough as exc:
            raise InvalidInput({"market": str(exc)}, f"The demo stays: {exc}") from exc
        panels.insert(conn, packed.version, "prices", packed.as_of, packed.meta, packed.payload)
        _show(services, conn, actor, "prices", label)


def show_demo(services: Services, actor: User) -> None:
    """Show the demo again; stored prices stay. Raises Forbidden."""
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        _show(services, conn, actor, "demo", "Demo data")


def _show(services: Services, conn: Connection, actor: User, kind: str, label: str) -> None:
    before = panels.find_shown(conn)
    panels.show(conn, kind, label, now=services.now(conn), actor_id=actor.id)
    books.audit(
        conn,
        "market_shown",
        "market",
        actor_id=actor.id,
        detail={"old": before.kind, "new": kind, "source": label},
    )


def _market(conn: Connection, label: str) -> Market:
    keys = {row.id: (row.kind, row.symbol) for row in instruments.list_all(conn)}
    table = prices.read_all(conn)
    parts = {
        keys[int(str(id_))]: part.set_index("d")
        for id_, part in table.groupby("instrument_id", sort=False)
        if int(str(id_)) in keys
    }
    return build_market(
        {key: part["close"] for key, part in parts.items()},
        {key: part["turnover"] for key, part in parts.items()},
        source=label,
    )
