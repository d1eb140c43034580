"""The gateway's own SDK, unchanged, buys, pays back and verifies a webhook at the simulator.

It lives in an environment of its own, because its pinned dependencies fit no other.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sdk_environment import python_with
from tests.simulator.running_simulator import (
    Merchant,
    RunningSimulator,
    running_merchant,
    running_simulator,
)

CLIENT = Path(__file__).with_name("cashfree_sdk_client.py")


@pytest.fixture(scope="module")
def sdk_python() -> Path:
    return python_with("cashfree_pg", "cashfree_pg==6.0.1", "setuptools<81", folder="sdk-venv")


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
