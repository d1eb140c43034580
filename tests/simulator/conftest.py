"""One simulator for all tests of this folder, wiped before each of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulator.razorpay_merchant import RazorpayMerchant
from tests.simulator.running_simulator import (
    Merchant,
    RunningSimulator,
    running_merchant,
    running_simulator,
)


@pytest.fixture(scope="session")
def shared_simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with running_simulator(tmp_path_factory.mktemp("simulator")) as simulator:
        yield simulator


@pytest.fixture
def simulator(shared_simulator: RunningSimulator) -> RunningSimulator:
    shared_simulator.control("POST", "/reset")
    return shared_simulator


@pytest.fixture
def merchant() -> Iterator[Merchant]:
    with running_merchant() as merchant:
        yield merchant


@pytest.fixture
def razorpay(simulator: RunningSimulator) -> RazorpayMerchant:
    return RazorpayMerchant(simulator)
