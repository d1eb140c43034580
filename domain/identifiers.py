"""Identifiers that we choose and that the gateway, the customer and support read.

Pure apart from the operating system's randomness for new ids.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import string
from uuid import UUID

_UPPER_ALNUM = string.ascii_uppercase + string.digits
ORDER_ID_CHARACTERS = 15
CUSTOMER_ID_CHARACTERS = 12
ORDER_ID_PATTERN = re.compile(rf"ORDER[A-Z0-9]{{{ORDER_ID_CHARACTERS}}}")
_UUID_PATTERN = re.compile("-".join(f"[0-9a-f]{{{length}}}" for length in (8, 4, 4, 4, 12)), re.IGNORECASE)


def new_order_id() -> str:
    """`ORDER` and 15 random characters: about 77 bits, so it can be neither guessed nor drawn twice."""
    return "ORDER" + "".join(secrets.choice(_UPPER_ALNUM) for _ in range(ORDER_ID_CHARACTERS))


def new_refund_key() -> str:
    """`REFUND` and 15 random characters. Never a number of ours: a restored database would repeat it."""
    return "REFUND" + "".join(secrets.choice(_UPPER_ALNUM) for _ in range(ORDER_ID_CHARACTERS))


def parse_uuid(value: object) -> UUID | None:
    """The id of a user or a checkout in a value from outside: an address, a tag of an order. None if it is none.

    One spelling only. `UUID` itself also takes braces, a URN and hyphens anywhere.
    """
    if not isinstance(value, str) or _UUID_PATTERN.fullmatch(value) is None:
        return None
    return UUID(value)


def customer_id_for(user_id: object) -> str:
    """`CUST` and 12 characters that are always the same for one user and do not show the user's id."""
    number = int.from_bytes(hashlib.sha256(f"customer:{user_id}".encode()).digest(), "big")
    characters = []
    for _ in range(CUSTOMER_ID_CHARACTERS):
        number, index = divmod(number, len(_UPPER_ALNUM))
        characters.append(_UPPER_ALNUM[index])
    return "CUST" + "".join(characters)
