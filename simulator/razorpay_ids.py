"""Ids as Razorpay writes them: a prefix, ten characters that grow with time, four random ones."""

from __future__ import annotations

import re
import secrets
import string
import time

ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
# 1 January 2014, from which the real ids count their nanoseconds.
EPOCH_NANOSECONDS = 1_388_534_400 * 10**9
ID = re.compile(r"[a-z]+_[0-9A-Za-z]{14}")


def new_id(prefix: str = "") -> str:
    """Return an id never given out before; event ids have no prefix.

    It follows the wall clock, not the simulator's, so that a reset repeats nothing.
    """
    number, letters = time.time_ns() - EPOCH_NANOSECONDS, ""
    while len(letters) < 10:
        number, rest = divmod(number, len(ALPHABET))
        letters = ALPHABET[rest] + letters
    ending = "".join(secrets.choice(ALPHABET) for _ in range(4))
    return f"{prefix}_{letters}{ending}" if prefix else letters + ending
