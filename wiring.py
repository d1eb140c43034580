"""Build the services once per process. The only choice of real or fake parts, and the registry of gateways.

Streamlit reruns its script in many threads; `get_services` is safe to call from all of them.
Tests build their own `Services`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, Engine

from cashfree_integration import CashfreePaymentGateway
from config import Settings, load_settings
from database.embedded import EmbeddedServer, start_embedded_server
from database.engine import connect_engine, database_now
from database.migrate import migrate
from database.queue import JobQueue
from domain.deployment import MarketDataProvider
from domain.errors import GatewayUnavailable
from domain.gateway import PaymentGateway
from domain.gateway_names import gateway_name
from gateways.razorpay import RazorpayGateway
from mail.sender import SmtpSender, sender_from_settings
from market_data.nse_folder import NseFolder
from market_data.providers import Provider
from market_data.yahoo import Yahoo


@dataclass(frozen=True)
class Services:
    """Everything a use-case needs from the world."""

    settings: Settings
    engine: Engine
    gateways: Mapping[str, PaymentGateway]
    queue: JobQueue
    mail_sender: SmtpSender | None = None
    now: Callable[[Connection], datetime] = database_now
    # None: prices come only as files that an admin sends.
    market_provider: Provider | None = None
    embedded: EmbeddedServer | None = field(default=None, repr=False)

    def gateway(self, name: str) -> PaymentGateway:
        """The gateway of this name. Raises GatewayUnavailable when it is not configured (any more)."""
        if name not in self.gateways:
            raise GatewayUnavailable(detail=f"gateway {name} is not configured").naming(gateway_name(name))
        return self.gateways[name]

    def close(self) -> None:
        """Let go of the database."""
        self.engine.dispose()
        if self.embedded is not None:
            self.embedded.stop()


def build_services(settings: Settings) -> Services:
    """Connect to the database (the embedded one when none is named), migrate it, and wire the parts."""
    embedded = None
    if settings.database_url is None:
        embedded = start_embedded_server(settings.data_dir / "postgres")
        engine = connect_engine(embedded.url)
    else:
        engine = connect_engine(settings.database_url.get_secret_value())
    migrate(engine)
    return Services(
        settings=settings,
        engine=engine,
        gateways=build_gateways(settings),
        queue=JobQueue(engine),
        mail_sender=sender_from_settings(settings),
        market_provider=build_market_provider(settings),
        embedded=embedded,
    )


def build_gateways(settings: Settings) -> dict[str, PaymentGateway]:
    """The gateways that are configured, by name."""
    gateways: dict[str, PaymentGateway] = {"cashfree": CashfreePaymentGateway.from_settings(settings)}
    if settings.has_razorpay:
        gateways["razorpay"] = RazorpayGateway.from_settings(settings)
    return gateways


def build_market_provider(settings: Settings) -> Provider | None:
    """Where prices come from each evening, if from anywhere."""
    match settings.market_data_provider:
        case MarketDataProvider.NSE_FOLDER:
            return NseFolder(Path(settings.market_data_folder))
        case MarketDataProvider.YFINANCE:
            return Yahoo()
        case MarketDataProvider.NONE:
            return None


_lock = threading.Lock()
_services: Services | None = None


def get_services() -> Services:
    """The services of this process, built by the first caller."""
    global _services
    with _lock:
        if _services is None:
            _services = build_services(load_settings())
        return _services


def close_services() -> None:
    """Let go of the services, if they were built. The next call of `get_services` builds them anew."""
    global _services
    with _lock:
        if _services is not None:
            _services.close()
            _services = None
