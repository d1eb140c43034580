"""Hash and check passwords: bcrypt over base64(HMAC-SHA384(pepper, password)), as OWASP describes.

The HMAC makes any length of any script fit bcrypt's 72 bytes without cutting, and ties a stolen table to a
pepper that is not in the database. The stored form carries a scheme prefix, so that it can change later.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import threading

import bcrypt
from pydantic import SecretStr

from config import AppEnv, Settings

_SCHEME = "hmac-sha384-bcrypt"
_ROUNDS = 12
_ROUNDS_IN_TESTS = 4
# One hash costs about a third of a second of a core: more at once would starve webhooks on a small machine.
_HASHING = threading.BoundedSemaphore(2)


def hash_password(settings: Settings, password: str) -> str:
    """The stored form of a password."""
    with _HASHING:
        digest = bcrypt.hashpw(
            _peppered(settings.password_pepper, password), bcrypt.gensalt(_rounds(settings))
        )
    return f"{_SCHEME}${digest.decode('ascii')}"


def verify_password(settings: Settings, password: str, stored: str | None) -> bool:
    """True when `password` made the stored form, under the present or the previous pepper.

    None stands for an account that does not exist: never true, and the same work.
    """
    scheme, _, digest = (stored or _nobodys(settings)).partition("$")
    if scheme != _SCHEME:
        return False
    peppers = [settings.password_pepper, settings.password_pepper_previous]
    with _HASHING:
        # A list: under every pepper also when the first is right, so that the work is always the same.
        found = [
            bcrypt.checkpw(_peppered(pepper, password), digest.encode("ascii"))
            for pepper in peppers
            if pepper.get_secret_value()
        ]
    return stored is not None and any(found)


def _nobodys(settings: Settings) -> str:
    """A stored form that costs what a real one costs and that no password made."""
    return f"{_SCHEME}$$2b${_rounds(settings):02}${'.' * 53}"


def _rounds(settings: Settings) -> int:
    return _ROUNDS_IN_TESTS if settings.app_env is AppEnv.TEST else _ROUNDS


def _peppered(pepper: SecretStr, password: str) -> bytes:
    key = pepper.get_secret_value().encode("utf-8")
    return base64.b64encode(hmac.digest(key, password.encode("utf-8", "surrogatepass"), hashlib.sha384))
