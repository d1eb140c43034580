"""Figures for the monitoring system, read from the database when it asks."""

from __future__ import annotations

from prometheus_client import Gauge

from database import books
from wiring import Services

_OPEN_ALARMS = Gauge("open_alarms", "Alarms that nobody has resolved")


def refresh_gauges(services: Services) -> None:
    """Bring the gauges up to date."""
    with services.engine.connect() as conn:
        _OPEN_ALARMS.set(books.count_open_alarms(conn))
