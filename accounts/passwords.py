"""Hash and check passwords: bcrypt over base64(HMAC-SHA384(pepper, password)), as OWASP describes.

The HMAC makes any length of any script fit bcrypt's 72 bytes without cutting, and ties a stolen table to a
pepper that is not in the database. The stored form carries a scheme prefix, so that it can change later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum

import bcrypt
from pydantic import SecretStr

from config import AppEnv, Settings
from domain.accounts import PASSWORD_MAX
from domain.errors import TooManyRequests

_SCHEME = "hmac-sha384-bcrypt"
_ROUNDS = 12
_ROUNDS_IN_TESTS = 4
# One hash keeps a core busy for a third of a second: half of them stay free for webhooks and pages.
_HASHING = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) // 2))
# Longer than a hash takes behind twenty others. Who waits longer is told so, and no thread waits for ever.
_LONGEST_WAIT_SECONDS = 8.0


class PasswordCheck(Enum):
    """What comparing a password with a stored form found."""

    WRONG = "wrong"
    RIGHT = "right"
    # Right, but stored at a lower cost or under the previous pepper: to be hashed anew.
    OUTDATED = "outdated"


def hash_password(settings: Settings, password: str) -> str:
    """The stored form of a password. Raises TooManyRequests when too many are being hashed."""
    with _turn():
        digest = bcrypt.hashpw(
            _peppered(settings.password_pepper, password), bcrypt.gensalt(_rounds(settings))
        )
    return f"{_SCHEME}${digest.decode('ascii')}"


def check_stored(settings: Settings, password: str, stored: str | None) -> PasswordCheck:
    """Compare a password with a stored form, under the present and the previous pepper.

    Without a stored form, or with one that nothing opens, a form that no password has is compared instead, so
    that time does not tell which accounts exist. Raises TooManyRequests when too many are being hashed.
    """
    scheme, _, digest = (stored or "").partition("$")
    is_readable = scheme == _SCHEME
    if not is_readable:
        digest = _form_of_nobody(_rounds(settings))
    # Cut, not skipped: an over-long password takes as long as any other.
    typed = password[: PASSWORD_MAX + 1]
    with _turn():
        found = _first_match(settings, typed, digest.encode("ascii"))
    if found is None or not is_readable or len(password) > PASSWORD_MAX:
        return PasswordCheck.WRONG
    is_current = found == 0 and int(digest.split("$")[2]) >= _rounds(settings)
    return PasswordCheck.RIGHT if is_current else PasswordCheck.OUTDATED


def _first_match(settings: Settings, password: str, digest: bytes) -> int | None:
    peppers = [settings.password_pepper, settings.password_pepper_previous]
    for number, pepper in enumerate(p for p in peppers if p.get_secret_value()):
        if bcrypt.checkpw(_peppered(pepper, password), digest):
            return number
    return None


@contextmanager
def _turn() -> Iterator[None]:
    if not _HASHING.acquire(timeout=_LONGEST_WAIT_SECONDS):
        raise TooManyRequests("Many people are logging in just now. Please try again in a minute.")
    try:
        yield
    finally:
        _HASHING.release()


def _form_of_nobody(rounds: int) -> str:
    """A stored form that costs what a real one costs and that no password made."""
    return f"$2b${rounds:02}${'.' * 53}"


def _rounds(settings: Settings) -> int:
    return _ROUNDS_IN_TESTS if settings.app_env is AppEnv.TEST else _ROUNDS


def _peppered(pepper: SecretStr, password: str) -> bytes:
    key = pepper.get_secret_value().encode("utf-8")
    return base64.b64encode(hmac.digest(key, password.encode("utf-8", "surrogatepass"), hashlib.sha384))
