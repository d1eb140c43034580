"""The engine: psycopg2 under SQLAlchemy Core, with limits that make a sick database fail fast."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL, make_url

# A webhook must be answered within 4 seconds even when the database is stuck; the gateway then retries.
_CONNECT_SECONDS = 2
_STATEMENT_MS = 5_000
_LOCK_MS = 3_000


def connect_engine(url: str | URL, *, pool_size: int = 10) -> Engine:
    """An engine whose connections are checked before use, waited for briefly, and bounded in time.

    No connection is opened here. Session time zone is UTC.
    """
    target = make_url(url).set(drivername="postgresql+psycopg2")
    options = (
        f"-c statement_timeout={_STATEMENT_MS} -c lock_timeout={_LOCK_MS} "
        "-c idle_in_transaction_session_timeout=15000 -c timezone=UTC"
    )
    return create_engine(
        target,
        pool_size=pool_size,
        max_overflow=5,
        pool_timeout=3,
        pool_pre_ping=True,
        pool_recycle=1800,
        # An error's text would carry names, addresses and hashes into the log.
        hide_parameters=True,
        connect_args={
            "connect_timeout": _CONNECT_SECONDS,
            "options": options,
            "application_name": "sector-rs",
            # A network that swallows everything must not keep a thread for ever: limits above are the server's.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
        },
    )


def conninfo(url: str | URL) -> str:
    """The same address for psycopg, which the job worker uses."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def database_now(conn: Connection) -> datetime:
    """The database's clock: the only authority for business time. Constant within a transaction."""
    moment: datetime = conn.execute(text("SELECT now()")).scalar_one()
    return moment
