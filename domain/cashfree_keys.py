"""What the shape of Cashfree's keys says, and what is wrong with a set of them. Values in, sentences out.

Sentences name variables and never show values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum
from typing import Any

SIMULATOR_CLIENT_ID = "TESTSIMULATOR"
SIMULATOR_CLIENT_SECRET = "cfsk_ma_test_simulator"  # noqa: S105 - published: it opens only the local simulator
LIVE_PREFIX = "cfsk_ma_prod_"
CASHFREE_HOSTS = {
    "sandbox": "https://sandbox.cashfree.com/pg",
    "production": "https://api.cashfree.com/pg",
}


class CashfreeEnv(StrEnum):
    SIMULATOR = "simulator"
    SANDBOX = "sandbox"
    PRODUCTION = "production"


def environment_of(client_secret: str) -> CashfreeEnv:
    """The environment that a secret belongs to: the simulator without one."""
    if client_secret in {"", SIMULATOR_CLIENT_SECRET}:
        return CashfreeEnv.SIMULATOR
    return CashfreeEnv.PRODUCTION if client_secret.startswith(LIVE_PREFIX) else CashfreeEnv.SANDBOX


def with_defaults(given: Mapping[str, Any], client_secret: str) -> dict[str, Any]:
    """Settings as given, with the environment by the secret's shape. Without keys it is the simulator."""
    filled = {"cashfree_env": environment_of(client_secret), **given}
    has_keys = "cashfree_client_id" in given or "cashfree_client_secret" in given
    if filled["cashfree_env"] == CashfreeEnv.SIMULATOR and not has_keys:
        filled["cashfree_client_id"] = SIMULATOR_CLIENT_ID
        filled["cashfree_client_secret"] = SIMULATOR_CLIENT_SECRET
    return filled


def key_problems(
    env: CashfreeEnv | None, client_id: str, client_secret: str, *, is_local: bool
) -> Iterator[str]:
    """What is wrong anywhere."""
    if env is CashfreeEnv.SIMULATOR and not is_local:
        yield "CASHFREE_ENV=simulator is refused unless APP_BASE_URL is a local address"
    if bool(client_id) != bool(client_secret):
        yield "CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET belong together: set both or neither"
    for name, text in (("CASHFREE_CLIENT_ID", client_id), ("CASHFREE_CLIENT_SECRET", client_secret)):
        if text != text.strip():
            yield f"{name} begins or ends with white space"
    if env is CashfreeEnv.PRODUCTION and not client_secret.startswith(LIVE_PREFIX):
        yield "CASHFREE_ENV=production needs live keys (cfsk_ma_prod_…)"
    if env is CashfreeEnv.SANDBOX and client_secret.startswith(LIVE_PREFIX):
        yield "CASHFREE_ENV=sandbox was given live keys"


def production_problems(env: CashfreeEnv | None, client_secret: str, api_base: str) -> Iterator[str]:
    """What is wrong in production besides. `api_base` is empty where nobody names a host."""
    if env is not CashfreeEnv.PRODUCTION:
        yield "CASHFREE_CLIENT_ID and CASHFREE_CLIENT_SECRET must be live keys in production"
    if not client_secret:
        yield "CASHFREE_CLIENT_SECRET is empty: without it no webhook can be verified"
    if api_base and api_base.rstrip("/") != CASHFREE_HOSTS["production"]:
        yield "API_BASE must be Cashfree's live host in production"
