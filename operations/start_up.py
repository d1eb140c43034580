"""What happens once when the application starts, and what a load balancer may ask about it."""

from __future__ import annotations

import time

import psutil
import structlog
from sqlalchemy.exc import SQLAlchemyError

from config import ConfigError, Settings, find_warnings
from database import queue
from database.migrate import is_current
from domain.errors import EmailTaken
from user_management import create_admin
from wiring import Services

log = structlog.get_logger()


def ensure_admin(services: Services) -> bool:
    """Create the admin named by ADMIN_EMAIL if no such account exists. Never promotes an existing account."""
    settings = services.settings
    if not settings.admin_email:
        return False
    try:
        create_admin(
            services, email=settings.admin_email, password=settings.admin_password.get_secret_value()
        )
    except EmailTaken:
        return False
    log.info("admin_created")
    return True


def readiness(services: Services) -> dict[str, bool]:
    """Which parts are ready to serve: database, migrations, and a worker here or elsewhere that gave a sign of life."""
    try:
        with services.engine.connect() as conn:
            worker = queue.worker_is_alive(conn)
        return {"database": True, "migrations": is_current(services.engine), "worker": worker}
    except SQLAlchemyError:
        return {"database": False, "migrations": False, "worker": False}


def seconds_since_start() -> float:
    """Seconds since this process began, for the line that says how long a start took."""
    return round(time.time() - psutil.Process().create_time(), 1)


def tell_warnings(settings: Settings) -> None:
    """Write what an operator should know of this configuration into the log, once at start."""
    for sentence in find_warnings(settings):
        log.warning("configuration_warning", sentence=sentence)


def refuse_weak_server(settings: Settings) -> None:
    """Refuse production, and warn elsewhere, when `.streamlit/config.toml` is gone or was weakened.

    STREAMLIT_* variables work only through its command line, so the file decides, and deleting it must not
    weaken us.
    """
    from streamlit import config

    expected = {
        "client.showErrorDetails": "none",
        "server.enableXsrfProtection": True,
        "browser.gatherUsageStats": False,
        "server.fileWatcherType": "none",
    }
    wrong = sorted(name for name, value in expected.items() if config.get_option(name) != value)
    if wrong and settings.is_production:
        raise ConfigError(
            f"the server's flags are weakened ({', '.join(wrong)}): restore .streamlit/config.toml"
        )
    if wrong:
        log.warning("server_flags_differ", flags=wrong)
