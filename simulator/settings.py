"""The simulator's accounts, and the only place in it that reads the environment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

DEFAULT_CLIENT_ID = "TESTSIMULATOR"
DEFAULT_CLIENT_SECRET = "cfsk_ma_test_simulator"  # noqa: S105 - published: it opens only this simulator
DEFAULT_DATA_DIR = Path(".data/simulator")


@dataclass(frozen=True, slots=True)
class Account:
    """One merchant account; its secret also signs the webhooks."""

    client_id: str
    client_secret: str


def account_from(environ: Mapping[str, str]) -> Account:
    """Return the account that CASHFREE_CLIENT_ID and _SECRET name, else the well-known one."""
    return Account(
        client_id=environ.get("CASHFREE_CLIENT_ID") or DEFAULT_CLIENT_ID,
        client_secret=environ.get("CASHFREE_CLIENT_SECRET") or DEFAULT_CLIENT_SECRET,
    )
