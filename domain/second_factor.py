"""One-time codes of a second factor (RFC 6238: SHA-1, six digits, 30 seconds), and recovery codes for when it is lost.

Nothing that opens an account is stored. The secret is made of a stored nonce and a key that is not in the
database; of a recovery code only the SHA-256 is kept, which 80 random bits cannot be guessed from.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pyotp

STEP = timedelta(seconds=30)
# A phone's clock may be off by one step, and a code is typed while it changes (RFC 6238, section 5.2).
WINDOW = 1
NONCE_BYTES = 32
RECOVERY_CODES = 10
RECOVERY_BYTES = 10

_SECRET_BYTES = 20  # What RFC 4226 recommends, and what every authenticator app reads.
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Crockford's base 32: no I, L, O or U (where the pieces meet), so that nothing looks like something else.
_LETTERS = "0123456789" + "abcdefgh" + "jkmn" + "pqrst" + "vwxyz"
_LOOK_ALIKE = str.maketrans("ilo", "110")
_SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]+")
_CODE = re.compile(r"[0-9]{6}")
_RECOVERY = re.compile(rf"[{_LETTERS}]{{16}}")


@dataclass(frozen=True, slots=True)
class FactorState:
    """How an account stands with its second factor."""

    is_on: bool
    codes_left: int
    is_required: bool


def secret_of(key: str, nonce: bytes) -> str:
    """The secret of one second factor, in base 32: a keyed hash of its nonce.

    The key is SECRET_KEY. Under another key every secret is another one, so no app's codes are right any more:
    each second factor has to be set up anew. Recovery codes do not depend on the key and still open the account.
    """
    digest = hmac.digest(key.encode(), b"totp:" + nonce, hashlib.sha256)
    return base64.b32encode(digest[:_SECRET_BYTES]).decode("ascii")


def in_groups(secret: str) -> str:
    """A secret as somebody types it into an app: four letters at a time."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def setup_uri(secret: str, *, account: str, issuer: str) -> str:
    """What the QR code says to an authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer)


def step_at(now: datetime) -> int:
    """The number of the step that `now` lies in, counted from 1970."""
    return (now - _EPOCH) // STEP


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The step near `now` whose code this is, the latest of several. Takes the same time whichever it is.

    The caller sees to it that a step is used once.
    """
    typed = normal_code(code).encode()
    totp = pyotp.TOTP(secret)
    found = None
    for step in range(step_at(now) - WINDOW, step_at(now) + WINDOW + 1):
        if hmac.compare_digest(totp.at(step * int(STEP.total_seconds())).encode(), typed):
            found = step
    return found


def normal_code(text: str) -> str:
    """What was typed, as a six-digit code, or an empty text when it is none."""
    code = _SEPARATORS.sub("", text)
    return code if _CODE.fullmatch(code) else ""


def recovery_code(random: bytes) -> str:
    """`xxxx-xxxx-xxxx-xxxx` of ten random bytes."""
    if len(random) != RECOVERY_BYTES:
        raise ValueError("a recovery code holds 80 bits")
    number = int.from_bytes(random)
    letters = "".join(_LETTERS[number >> shift & 31] for shift in range(75, -1, -5))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def recovery_hash(text: str) -> bytes | None:
    """What is stored of a recovery code, however it was typed. None when it is no recovery code."""
    letters = _SEPARATORS.sub("", text).lower().translate(_LOOK_ALIKE)
    return hashlib.sha256(letters.encode()).digest() if _RECOVERY.fullmatch(letters) else None
