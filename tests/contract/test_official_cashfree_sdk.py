"""The gateway's own SDK, unchanged, buys, pays back and verifies a webhook at the simulator.

It lives in an environment of its own, because its pinned dependencies fit no other.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.running_simulator import (
    Merchant,
    RunningSimulator,
    running_merchant,
    running_simulator,
)

REPOSITORY = Path(__file__).parents[2]
ENVIRONMENT = REPOSITORY / ".data" / "sdk-venv"
CLIENT = Path(__file__).with_name("cashfree_sdk_client.py")
PACKAGES = ("cashfree_pg==6.0.1", "setuptools<81")


@pytest.fixture(scope="module")
def sdk_python() -> Path:
    """Python of an environment that holds the SDK; made on first use, kept afterwards."""
    python = ENVIRONMENT / "bin" / "python"
    if not _has_sdk(python):
        making = subprocess.run(
            [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
            capture_output=True,
            text=True,
        )
        if making.returncode != 0:
            pytest.skip(f"no environment for the SDK: {making.stderr.strip()[-200:]}")
        installing = subprocess.run(
            [str(python), "-m", "pip", "install", "--quiet", "--retries", "1", *PACKAGES],
            capture_output=True,
            text=True,
        )
        if installing.returncode != 0:
            pytest.skip(f"cashfree_pg cannot be installed: {installing.stderr.strip()[-200:]}")
    return python


@pytest.fixture
def simulator(tmp_path: Path) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path) as simulator:
        yield simulator


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with running_merchant() as merchant:
        yield merchant


def test_the_official_sdk_works_unchanged(
    sdk_python: Path, simulator: RunningSimulator, merchant: Merchant
) -> None:
    simulator.control("POST", "/endpoints", {"url": merchant.url})

    created = _run(sdk_python, simulator, "create")
    simulator.pay("ORDER_of_the_sdk", method="card")
    refunded = _run(sdk_python, simulator, "refund")
    simulator.flush()
    webhook = merchant.received[0]
    verified = _run(
        sdk_python,
        simulator,
        "verify",
        {
            "signature": webhook.headers["x-webhook-signature"],
            "timestamp": webhook.headers["x-webhook-timestamp"],
            "body": webhook.body.decode(),
        },
    )

    assert created["status"] == "ACTIVE"
    assert created["session"].startswith("session_")
    assert refunded == {
        "order": "PAID",
        "payments": ["SUCCESS"],
        "refund": "PENDING",
        "refunds": ["REFUND_1"],
    }
    assert verified == {"type": "PAYMENT_SUCCESS_WEBHOOK"}


@pytest.mark.parametrize("method", ["upi", "netbanking", "wallet"])
def test_the_sdks_strict_models_read_every_method(
    sdk_python: Path, simulator: RunningSimulator, method: str
) -> None:
    _run(sdk_python, simulator, "create")
    simulator.pay("ORDER_of_the_sdk", outcome="FAILED", method=method)
    simulator.pay("ORDER_of_the_sdk", method=method)

    refunded = _run(sdk_python, simulator, "refund")

    assert sorted(refunded["payments"]) == ["FAILED", "SUCCESS"]


def _has_sdk(python: Path) -> bool:
    if not python.exists():
        return False
    probe = subprocess.run([str(python), "-c", "import cashfree_pg"], capture_output=True)
    return probe.returncode == 0


def _run(
    python: Path, simulator: RunningSimulator, step: str, given: dict[str, Any] | None = None
) -> dict[str, Any]:
    run = subprocess.run(
        [str(python), str(CLIENT), simulator.origin, step],
        input=json.dumps(given) if given else "",
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))
