"""The guide's terminal debug commands, as somebody types them in the project's folder."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.site import Site, eventually

TOP_LEVEL = [
    "landing_page",
    "admin_panel",
    "payment_handler",
    "user_management",
    "cashfree_integration",
    "config",
    "wiring",
]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def test_py_compile_accepts_the_integration(tmp_path: Path) -> None:
    done = run(
        sys.executable, "-m", "py_compile", "cashfree_integration.py", PYTHONPYCACHEPREFIX=str(tmp_path)
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_the_guides_import_check_works_in_an_empty_environment() -> None:
    done = run(
        "/usr/bin/env", "-i", sys.executable, "-c",
        "from cashfree_integration import CashfreePaymentGateway; print('✓ Import successful')",
    )  # fmt: skip

    assert (done.returncode, done.stdout, done.stderr) == (0, "✓ Import successful\n", "")


@pytest.mark.parametrize("module", TOP_LEVEL)
def test_importing_needs_no_environment_and_makes_no_file(module: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import {module}"],
        cwd=tmp_path, env={}, capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip

    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert list(tmp_path.iterdir()) == []


def test_psql_reads_the_subscriptions(site: Site) -> None:
    site.join()

    done = run(
        sys.executable, "manage.py", "psql", "-c", "SELECT * FROM subscriptions LIMIT 1;", **site.environment
    )

    assert done.returncode == 0, done.stderr
    assert "current_period_end" in done.stdout
    assert "(1 row)" in done.stdout


def test_curl_without_a_valid_key_is_told_so_by_the_gateway(site: Site) -> None:
    done = curl(site, client_id="XXXXXX", client_secret="XXXXXX")

    assert done.stdout.endswith(" 401")
    assert "authentication" in done.stdout


def test_curl_with_the_key_and_an_empty_order_is_told_what_is_missing(site: Site) -> None:
    done = curl(site, client_id="TESTSIMULATOR", client_secret="cfsk_ma_test_simulator")

    assert done.stdout.endswith(" 400")
    assert "order_amount" in done.stdout or "customer_details" in done.stdout


def curl(site: Site, *, client_id: str, client_secret: str) -> subprocess.CompletedProcess[str]:
    return run(
        "curl", "-sS", "--noproxy", "*", "-w", " %{http_code}", "-X", "POST", f"{site.simulator_url}/pg/orders",
        "-H", f"x-client-id: {client_id}", "-H", f"x-client-secret: {client_secret}",
        "-H", "x-api-version: 2025-01-01", "-d", "{}",
        PATH=os.environ["PATH"],
    )  # fmt: skip


def test_payments_log_grows_with_each_payment(site: Site) -> None:
    member = site.join()
    log = ROOT / "payments.log"

    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")

    eventually(lambda: log.exists() and f'"order_id": "{member.order.id}"' in log.read_text(errors="replace"))


def test_s17_payments_log_holds_no_address_and_no_session(site: Site) -> None:
    member = site.join()
    log = ROOT / "payments.log"
    site.simulator("POST", f"/control/orders/{member.order.id}/pay", method="card", outcome="SUCCESS")
    eventually(lambda: member.order.id in log.read_text(errors="replace"))

    written = log.read_text(errors="replace") + site.log()

    assert member.person.email not in written
    assert member.order.payment_session_id is not None
    assert member.order.payment_session_id not in written
