"""The simulator beside the application knows both accounts, and where Razorpay's webhooks go."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import requests
from pydantic import SecretStr

from operations.simulator_process import start_simulator, stop_simulator


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def endpoints(port: int) -> list[dict[str, Any]]:
    return list(requests.get(f"http://127.0.0.1:{port}/control/endpoints", timeout=5).json()["endpoints"])


@pytest.fixture
def simulated(settings, tmp_path: Path):
    """Settings of an application with a simulator of its own."""
    return settings.model_copy(update={"simulator_port": free_port(), "data_dir": tmp_path})


def test_it_sends_razorpays_webhooks_here_from_the_start_and_for_a_neighbour_too(simulated) -> None:
    neighbour = simulated.model_copy(update={"app_base_url": "http://localhost:8601"})
    process = start_simulator(simulated)
    try:
        first = [row["url"] for row in endpoints(simulated.simulator_port)]
        again = start_simulator(neighbour)
        start_simulator(neighbour)
        both = [row["url"] for row in endpoints(simulated.simulator_port)]
        accounts = requests.get(f"{simulated.simulator_url}/control/accounts", timeout=5).json()["accounts"]
    finally:
        stop_simulator(process)

    assert again is None
    assert first == ["http://localhost:8501/webhooks/razorpay"]
    assert both == [*first, "http://localhost:8601/webhooks/razorpay"]
    assert {account["gateway"] for account in accounts} == {"cashfree", "razorpay"}


def test_a_real_razorpay_beside_the_simulator_registers_nothing(simulated) -> None:
    real = simulated.model_copy(
        update={
            "razorpay_env": "test",
            "razorpay_key_id": "rzp_test_x",
            "razorpay_key_secret": SecretStr("x"),
        }
    )
    process = start_simulator(real)
    try:
        assert endpoints(real.simulator_port) == []
    finally:
        stop_simulator(process)
