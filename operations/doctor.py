"""Examine an installation from the inside: what works, and what to do about what does not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from config import Settings, find_warnings
from database.engine import database_now
from database.queue import worker_is_alive
from domain.errors import GatewayError, GatewayObjectNotFound, GatewayUnavailable
from domain.gateway import OrderRef, PaymentGateway
from market_data.nse_folder import NseFolder
from market_data.providers import ProviderFailed
from market_data.yahoo import INSTALL, TERMS, Yahoo, is_installed
from operations.simulator_process import start_simulator, stop_simulator
from wiring import build_gateways, build_market_provider, build_services

# The gateways and our tokens are judged by time: a minute of difference is a broken clock.
_CLOCK_SECONDS = 60
# What to check when a gateway does not do: its address, its credentials.
_VARIABLES = {
    "cashfree": ("API_BASE", "CASHFREE_CLIENT_ID and _SECRET"),
    "razorpay": ("RAZORPAY_API_BASE", "RAZORPAY_KEY_ID and _SECRET"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was examined."""

    subject: str
    is_good: bool
    sentence: str


def examine(settings: Settings) -> list[Finding]:
    """Examine configuration, database, clock, worker, gateway, mail and prices. Only missing migrations are run."""
    return [
        Finding("configuration", True, f"{settings.app_env} at {settings.app_base_url}"),
        *(Finding("configuration", True, f"warning: {sentence}") for sentence in find_warnings(settings)),
        *_database(settings),
        *_gateways(settings),
        _mail(settings),
        examine_market_data(settings),
    ]


def examine_market_data(settings: Settings) -> Finding:
    """The source of prices: whether it can be used, how far its files reach, and what its use is bound to."""
    match build_market_provider(settings):
        case NseFolder() as folder:
            return _folder(folder)
        case Yahoo():
            found = "yfinance is installed" if is_installed() else f"yfinance is not installed: {INSTALL}"
            return Finding("market data", is_installed(), f"{found}. {TERMS}")
        case _:
            return Finding("market data", True, "no MARKET_DATA_PROVIDER: prices come as files of an admin")


def _database(settings: Settings) -> list[Finding]:
    try:
        services = build_services(settings)
    except SQLAlchemyError as exc:
        return [Finding("database", False, f"cannot be used ({type(exc).__name__}): check DATABASE_URL")]
    try:
        with services.engine.connect() as conn:
            kind = "embedded PostgreSQL" if services.embedded else "PostgreSQL"
            return [Finding("database", True, f"{kind}, newest schema"), _clock(conn), _worker(conn)]
    finally:
        services.close()


def _clock(conn: Connection) -> Finding:
    skew = abs((datetime.now(UTC) - database_now(conn)).total_seconds())
    sentence = f"differs from the database's by {skew:.1f} s"
    return Finding("clock", skew < _CLOCK_SECONDS, sentence)


def _worker(conn: Connection) -> Finding:
    if worker_is_alive(conn):
        return Finding("worker", True, "gave a sign of life")
    return Finding("worker", True, "none is running now; `make run` starts one with the application")


def _gateways(settings: Settings) -> list[Finding]:
    simulator = start_simulator(settings) if settings.needs_simulator else None
    try:
        return [_gateway(settings, name, gateway) for name, gateway in build_gateways(settings).items()]
    finally:
        stop_simulator(simulator)


def _gateway(settings: Settings, name: str, gateway: PaymentGateway) -> Finding:
    base, keys = _VARIABLES[name]
    try:
        gateway.fetch_order(OrderRef("ORDERDOCTOR00000000"))
        sentence, good = "answers", True
    except GatewayObjectNotFound:
        sentence, good = "answers and accepts our credentials", True
    except GatewayUnavailable:
        sentence, good = f"does not answer: check the network and {base}", False
    except GatewayError as exc:
        sentence, good = f"refuses us ({type(exc).__name__}): check {keys}", False
    return Finding(f"{name.title()} {getattr(settings, f'{name}_env')}", good, sentence)


def _mail(settings: Settings) -> Finding:
    if not settings.smtp_server:
        return Finding("mail", True, "no SMTP_SERVER: mails are kept and readable in the admin panel")
    return Finding(
        "mail", True, f"goes through {settings.smtp_server}; prove it with `manage.py send-test-mail`"
    )


def _folder(folder: NseFolder) -> Finding:
    try:
        days = folder.days()
    except ProviderFailed as exc:
        return Finding("market data", False, str(exc))
    if not days:
        sentence = f"{folder.folder} can be read and holds no file of the exchange yet"
    else:
        sentence = f"{folder.folder} holds files of {len(days)} days, the newest of {days[-1]:%d.%m.%Y}"
    return Finding("market data", True, sentence)
