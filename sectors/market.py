"""The one loader of prices for pages, downloads, mails and jobs: packed panels, demo and real alike.

Who looks is asked for the subscription, and the data's lag is kept for everybody.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

import structlog
from sqlalchemy import Connection

import user_management
from analyzer.market import Market
from database import panels, prices
from database.panels import Shown
from domain.accounts import User
from domain.errors import NoActiveSubscription
from domain.subscriptions import INDIA
from domain.wording import format_date
from market_data.demo import load_demo_market
from market_data.packing import Packed, Unreadable, pack, unpack
from wiring import Services

log = structlog.get_logger()

# Longer than any run of holidays of the exchange: prices that are older are late, not at rest.
LATE_AFTER = timedelta(days=6)
# Rows held back on days before this stretch no longer touch the figures of the week.
RECENT = timedelta(days=10)
# The one that is shown, and the one before, which runs that began earlier still draw from.
_KEPT = 2

_lock = threading.Lock()
_opened: dict[str, Market] = {}


@dataclass(frozen=True, slots=True)
class MarketOfTheDay:
    """The market for whoever writes about it unasked. `gate` says why it should not be written about now."""

    market: Market
    gate: str | None


def open_market(services: Services, actor: User) -> Market:
    """The market as the actor may see it now. Raises NoActiveSubscription.

    The newest `DATA_LAG_SESSIONS` sessions are left out: nothing that shows prices can get at them.
    """
    if not user_management.entitlement(services, actor).is_active:
        raise NoActiveSubscription()
    return _read_shown(services)[0].lagging(services.settings.data_lag_sessions)


def shows_demo(services: Services) -> bool:
    """Whether subscribers see the demo market: whoever is about to pay is told. It names no price."""
    with services.engine.connect() as conn:
        return panels.find_shown(conn).kind == "demo"


def market_of_the_day(services: Services) -> MarketOfTheDay:
    """The market for jobs and mails, which ask for each reader's subscription themselves. The lag is kept.

    A gate fires when prices are late, or when recent rows wait for a decision: figures may change then.
    """
    market, shown = _read_shown(services)
    with services.engine.connect() as conn:
        gate = None if market.is_demo else find_gate(conn, market, now=services.now(conn))
    if shown.kind == "prices" and market.is_demo:
        gate = "Prices are to be shown, but none are packed."
    return MarketOfTheDay(market.lagging(services.settings.data_lag_sessions), gate)


def find_gate(conn: Connection, market: Market, *, now: datetime) -> str | None:
    """Why the figures of this market may be wrong today, as a sentence; None when nothing is known against them."""
    today = now.astimezone(INDIA).date()
    if today - market.as_of > LATE_AFTER:
        return f"The newest prices are of {format_date(market.as_of)}: they are late."
    waiting = prices.count_waiting(conn, since=market.as_of - RECENT)
    if waiting:
        rows = "row waits" if waiting == 1 else "rows wait"
        return f"{waiting} recent {rows} in the quarantine for a decision."
    return None


def _read_shown(services: Services) -> tuple[Market, Shown]:
    """The market that is shown: one cheap look at its version, and its prices once per version and process."""
    with services.engine.connect() as conn:
        shown = panels.find_shown(conn)
        if shown.kind == "prices" and shown.prices_version is not None:
            market = _open(conn, shown.prices_version)
            if market is not None:
                return market, shown
            log.error("panel_unreadable", version=shown.prices_version)
        market = _open(conn, _packed_demo().version)
    if market is None:
        _store_demo(services)
        market = _demo()
    return market, shown


def _open(conn: Connection, version: str) -> Market | None:
    market = _opened.get(version)
    if market is not None:
        return market
    with _lock:
        if version not in _opened:
            stored = panels.find(conn, version)
            if stored is None:
                return None
            try:
                market = unpack(version, stored.meta, stored.payload)
            except Unreadable:
                return None
            while len(_opened) >= _KEPT:
                del _opened[next(iter(_opened))]
            _opened[version] = market
        return _opened[version]


def _store_demo(services: Services) -> None:
    packed = _packed_demo()
    with services.engine.begin() as conn:
        panels.insert(conn, packed.version, "demo", packed.as_of, packed.meta, packed.payload)


@lru_cache(maxsize=1)
def _packed_demo() -> Packed:
    return pack(load_demo_market())


def _demo() -> Market:
    packed = _packed_demo()
    return unpack(packed.version, packed.meta, packed.payload)
