"""Values that must never be written where people read who should not: looked for after the whole suite (S17).

Each is looked for as it is, percent-encoded, in base64 at any alignment, and in hexadecimal.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

# Of the tests' own people and of the test's own application.
PASSWORDS = ("TestPass123", "AdminPass123", "BossPass123", "NewPass12345", "OtherPass1234")
KEYS = {
    "SECRET_KEY": "canary-7vQ2xLr9TfKb4ZpWm1NsYd8HgJc5EuRa",  # pragma: allowlist secret - invented
    "PASSWORD_PEPPER": "canary-Xk3Vt8BqRz6LyPw1FnCe9MsGd4HjUa7T",  # pragma: allowlist secret - invented
    "METRICS_TOKEN": "canary-Nc5Wq1ZsXv7Rk3TbLp9YhGf2DmJe6UoA",  # pragma: allowlist secret - invented
}
CARDS = ("4111111111111111", "5267318187975449", "4000000000000002", "1111111111111111")
SECRETS = {
    **{f"password {password}": password for password in PASSWORDS},
    **KEYS,
    **{f"card {card[:4]}": card for card in CARDS},
    "client secret": "cfsk_ma_test_simulator",
}
# May stand in the database, never in a log.
PERSONAL = {"an address": "@example.com", "a phone": "9999999999", "a payment session": "session_ORDER"}


def leaks_in(text: str, canaries: Mapping[str, str]) -> list[str]:
    """The names of the canaries that the text holds, with the form in which it holds them."""
    return [
        f"{name} ({form})"
        for name, value in canaries.items()
        for form, written in _forms(value)
        if written in text
    ]


def leaks_in_lines(lines: Iterable[str], canaries: Mapping[str, str]) -> list[str]:
    """The same of many lines, each found line quoted once."""
    return [f"{found} in: {line.strip()[:300]}" for line in lines for found in leaks_in(line, canaries)]


def _forms(value: str) -> Iterator[tuple[str, str]]:
    raw = value.encode()
    yield "as it is", value
    if quote(value, safe="") != value:
        yield "percent-encoded", quote(value, safe="")
    yield "hexadecimal", raw.hex()
    for shift in range(3):
        # What stays the same wherever the value begins within a group of three bytes.
        encoded = base64.b64encode(b"\x00" * shift + raw).decode().rstrip("=")
        yield "base64", encoded[(0, 2, 3)[shift] : -1]
