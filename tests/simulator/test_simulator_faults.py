"""Faults of the REST interface, restart, and the control interface itself."""

from __future__ import annotations

import re
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from simulator.faults import FAULTS
from tests.simulator.running_simulator import (
    RunningSimulator,
    order_body,
    running_simulator,
    simulator_process,
)

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("http_500", 500, "internal_error"),
        ("http_502", 502, "bank_processing_failure"),
        ("http_503", 503, "request_failed"),
        ("http_429", 429, "request_failed"),
        ("outage", 503, "request_failed"),
    ],
)
def test_an_error_fault_does_nothing_else(
    simulator: RunningSimulator, name: str, status: int, code: str
) -> None:
    simulator.fault(name, count=1)

    reply = simulator.call("POST", "/orders", json=order_body())

    assert (reply.status_code, reply.json()["code"]) == (status, code)
    assert simulator.control("GET", "/truth")["orders"] == []
    assert simulator.call("POST", "/orders", json=order_body()).status_code == 200


@pytest.mark.parametrize(
    ("name", "is_created"), [("drop_connection", False), ("drop_connection_after_effect", True)]
)
def test_a_dropped_connection_leaves_or_misses_its_effect(
    simulator: RunningSimulator, name: str, is_created: bool
) -> None:
    simulator.fault(name, count=1, operation="create_order")
    body = order_body()

    with pytest.raises(requests.ConnectionError):
        simulator.call("POST", "/orders", json=body)

    assert bool(simulator.control("GET", "/truth")["orders"]) is is_created
    retry = simulator.call("POST", "/orders", json=body)
    assert retry.status_code == (409 if is_created else 200)


def test_a_timeout_after_the_effect_leaves_exactly_one_order(simulator: RunningSimulator) -> None:
    simulator.fault("timeout_after_effect", count=1, seconds=5)

    with pytest.raises(requests.Timeout):
        simulator.call("POST", "/orders", json=order_body(), timeout=0.5)

    assert len(simulator.control("GET", "/truth")["orders"]) == 1


def test_a_slow_reply_comes_all_the_same(simulator: RunningSimulator) -> None:
    simulator.fault("slow", count=1, seconds=0.3)

    reply = simulator.call("POST", "/orders", json=order_body())

    assert reply.status_code == 200
    assert reply.elapsed.total_seconds() >= 0.3


def test_replies_that_are_no_json(simulator: RunningSimulator) -> None:
    for name in ("html_error_page", "truncated_json", "empty_body", "redirect_302"):
        simulator.fault(name, count=1)
        reply = simulator.call("POST", "/orders", json=order_body())
        with pytest.raises(requests.JSONDecodeError):
            reply.json()


def test_a_slow_drip_outlasts_a_read_timeout_per_byte(simulator: RunningSimulator) -> None:
    simulator.fault("slow_drip", count=1, seconds=0.001)

    reply = simulator.call("GET", "/orders/x", timeout=5)

    assert reply.json()["code"] == "order_not_found"
    assert "content-length" not in reply.headers


def test_a_huge_body_has_fifty_megabytes(simulator: RunningSimulator) -> None:
    simulator.fault("huge_body", count=1)

    with simulator.call("GET", "/orders/x", stream=True) as reply:
        size = sum(len(chunk) for chunk in reply.iter_content(1_000_000))

    assert size == 50_000_000


def test_a_lie_about_amount_or_id_changes_the_reply_but_not_the_truth(
    simulator: RunningSimulator,
) -> None:
    order_id = simulator.new_order()["order_id"]

    simulator.fault("wrong_amount", count=1)
    lie = simulator.call("GET", f"/orders/{order_id}").json()
    simulator.fault("wrong_order_id", count=1)
    other = simulator.call("GET", f"/orders/{order_id}").json()

    assert lie["order_amount"] == 1
    assert other["order_id"] != order_id
    (truth,) = simulator.control("GET", "/truth")["orders"]
    assert (truth["order_id"], truth["amount_paise"]) == (order_id, 499000)


def test_a_fault_strikes_only_its_operation_and_its_order(simulator: RunningSimulator) -> None:
    one, two = (simulator.new_order()["order_id"] for _ in range(2))
    simulator.fault("http_500", operation="get_order", order_id=one)

    statuses = [
        simulator.call("GET", path).status_code
        for path in (f"/orders/{one}", f"/orders/{two}", f"/orders/{one}/payments")
    ]

    assert statuses == [500, 200, 200]


def test_a_seeded_probability_repeats_itself(simulator: RunningSimulator) -> None:
    order_id = simulator.new_order()["order_id"]
    runs = []
    for _ in range(2):
        simulator.fault("http_503", probability=0.5, seed=7)
        runs.append([simulator.call("GET", f"/orders/{order_id}").status_code for _ in range(12)])
        simulator.control("DELETE", "/faults")

    assert runs[0] == runs[1]
    assert set(runs[0]) == {200, 503}


def test_an_unknown_fault_is_refused(simulator: RunningSimulator) -> None:
    reply = requests.post(f"{simulator.origin}/control/faults", json={"name": "gremlin"}, timeout=10)

    assert reply.status_code == 400


def test_the_readme_lists_every_fault_with_its_effect() -> None:
    text = (REPOSITORY / "simulator/README.md").read_text()
    section = text.split("## Faults")[1]

    assert dict(re.findall(r"^\| `(\w+)` \| (.+) \|$", section, re.M)) == FAULTS


def test_memory_survives_a_restart(tmp_path: Path) -> None:
    with running_simulator(tmp_path) as simulator:
        order = simulator.paid_order()
        pending = simulator.new_order()["order_id"]
        simulator.fault("late_success", count=1, seconds=60)
        simulator.pay(pending)
        before = simulator.control("GET", "/truth")

    with running_simulator(tmp_path) as simulator:
        assert simulator.control("GET", "/truth") == before
        assert simulator.status_of(order["order_id"]) == "PAID"
        simulator.advance(61)
        assert simulator.status_of(pending) == "PAID"


def test_what_was_answered_survives_a_kill(tmp_path: Path) -> None:
    order_ids = []
    for _ in range(3):
        with simulator_process(tmp_path) as (process, simulator):
            order_ids.append(simulator.new_order()["order_id"])
            process.kill()

    with running_simulator(tmp_path) as simulator:
        truth = simulator.control("GET", "/truth")["orders"]
    assert [order["order_id"] for order in truth] == order_ids


def test_ids_are_never_given_out_twice_even_after_a_reset(simulator: RunningSimulator) -> None:
    before = simulator.new_order()["cf_order_id"]
    simulator.control("POST", "/reset")

    assert int(simulator.new_order()["cf_order_id"]) > int(before)


def test_health_names_the_service(simulator: RunningSimulator) -> None:
    assert simulator.control("GET", "/health") == {"status": "ok", "service": "simulator"}


def test_a_second_start_on_a_busy_port_says_so_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]

        run = subprocess.run(
            [sys.executable, "-m", "simulator", "--port", str(port), "--data-dir", str(tmp_path)],
            capture_output=True,
            text=True,
            cwd=REPOSITORY,
            timeout=30,
        )

    assert run.returncode == 1
    assert run.stderr.count("\n") == 1
    assert str(port) in run.stderr


def test_importing_every_module_has_no_side_effect(tmp_path: Path) -> None:
    names = [f"simulator.{p.stem}" for p in (REPOSITORY / "simulator").glob("*.py")]
    code = f"import sys; sys.path.insert(0, {str(REPOSITORY)!r}); import importlib\n" + "\n".join(
        f"importlib.import_module({name!r})" for name in names
    )

    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60
    )

    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
