"""Razorpay's own SDK, unchanged but for its base_url, sells, captures, refunds and verifies at the simulator.

It lives in an environment of its own, as the other gateway's does, so that the product depends on neither.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.sdk_environment import python_with
from tests.simulator.razorpay_merchant import WEBHOOK_SECRET, RazorpayMerchant
from tests.simulator.running_simulator import (
    Merchant,
    RunningSimulator,
    running_merchant,
    running_simulator,
)

CLIENT = Path(__file__).with_name("razorpay_sdk_client.py")


@pytest.fixture(scope="module")
def sdk_python() -> Path:
    return python_with("razorpay", "razorpay==2.0.1", "setuptools<81", folder="razorpay-sdk-venv")


@pytest.fixture
def razorpay(tmp_path: Path) -> Iterator[RazorpayMerchant]:
    with running_simulator(tmp_path) as simulator:
        yield RazorpayMerchant(simulator)


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with running_merchant() as merchant:
        yield merchant


def test_the_official_sdk_sells_and_verifies(
    sdk_python: Path, razorpay: RazorpayMerchant, merchant: Merchant
) -> None:
    razorpay.listen(merchant.url, events=["order.paid"])

    created = _run(sdk_python, razorpay.simulator, "create")
    order_id = created["order"]["id"]
    carried = razorpay.pay(created["order"])
    shown = _run(sdk_python, razorpay.simulator, "read", {"order_id": order_id})
    razorpay.simulator.flush()
    told = merchant.received[0]
    genuine = {name: value for name, value in carried.items() if name.startswith("razorpay_")}
    verified = _run(
        sdk_python,
        razorpay.simulator,
        "verify",
        {
            "returns": {"genuine": genuine, "other order": genuine | {"razorpay_order_id": "order_x"}},
            "webhook": {
                "body": told.body.decode(),
                "signature": told.headers["x-razorpay-signature"],
                "secret": WEBHOOK_SECRET,
            },
        },
    )

    assert created["order"]["status"] == "created"
    assert (created["found"], created["notes"]) == ([order_id], {"plan": "annual"})
    assert shown == {"order": "paid", "payment": "captured", "listed": 1, "last4": "1111"}
    assert verified == {"genuine": True, "other order": False, "webhook": True}


def test_the_official_sdk_captures_and_refunds_once_under_one_key(
    sdk_python: Path, razorpay: RazorpayMerchant
) -> None:
    order = _run(sdk_python, razorpay.simulator, "create", {"payment": {"capture": "manual"}})["order"]
    payment = {"payment_id": razorpay.pay(order)["payment_id"]}

    captured = _run(sdk_python, razorpay.simulator, "capture", payment)
    refunded = _run(sdk_python, razorpay.simulator, "refund", payment)

    assert captured == {"status": "captured"}
    assert len(set(refunded.pop("ids"))) == 1
    assert refunded == {"amount": 1050, "of_payment": 1, "one": "processed", "all": 1}


def test_the_official_sdk_starts_a_upi_payment(sdk_python: Path, razorpay: RazorpayMerchant) -> None:
    order = razorpay.order()

    started = _run(sdk_python, razorpay.simulator, "upi", {"order_id": order["id"]})

    assert started["link"].startswith("upi://pay?")
    assert started["id"].removeprefix("pay_") in started["link"]
    assert started["vpa"] is True


@pytest.mark.parametrize(
    ("fault", "error"), [(None, "BadRequestError"), ("http_500", "ServerError"), ("outage", "ServerError")]
)
def test_the_official_sdk_reads_refusals(
    sdk_python: Path, razorpay: RazorpayMerchant, fault: str | None, error: str
) -> None:
    if fault is not None:
        razorpay.simulator.fault(fault)

    failed = _run(sdk_python, razorpay.simulator, "fail", {"order_id": "order_00000000000000"})

    assert failed["error"] == error
    if fault is None:
        assert failed["words"] == "The id provided does not exist"


def _run(
    python: Path, simulator: RunningSimulator, step: str, given: dict[str, Any] | None = None
) -> dict[str, Any]:
    run = subprocess.run(
        [str(python), str(CLIENT), simulator.origin, step],
        input=json.dumps(given or {}),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 0, run.stderr
    return dict(json.loads(run.stdout))
