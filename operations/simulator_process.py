"""Start the gateway simulator beside the application, or use one that is running already."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import requests
import structlog

from config import ROOT, Settings

log = structlog.get_logger()

_START_SECONDS = 15.0


def start_simulator(settings: Settings) -> subprocess.Popen[bytes] | None:
    """The simulator's process, ready to answer and told where our webhooks go; None when one was running.

    Raises RuntimeError when it cannot start.
    """
    if _answers(settings.simulator_url):
        if settings.razorpay_uses_simulator:
            _register(settings)
        log.info("simulator_reused", port=settings.simulator_port)
        return None
    # A real gateway's secrets are none of the simulator's business.
    others = {
        name: value for name, value in os.environ.items() if not name.startswith(("CASHFREE_", "RAZORPAY_"))
    }
    environment = {**others, **_accounts(settings)}
    command = [
        sys.executable,
        "-m",
        "simulator",
        "--host",
        "127.0.0.1",
        "--port",
        str(settings.simulator_port),
        "--data-dir",
        str(settings.data_dir / "simulator"),
    ]
    if settings.razorpay_uses_simulator:
        command += ["--razorpay-webhook", _webhook_url(settings)]
    process = subprocess.Popen(  # noqa: S603 - a fixed command, no shell
        command, cwd=ROOT, env=environment
    )
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if _answers(settings.simulator_url):
            log.info("simulator_started", port=settings.simulator_port)
            return process
        if process.poll() is not None:
            break
        time.sleep(0.05)
    stop_simulator(process)
    raise RuntimeError(
        f"the gateway simulator did not start on port {settings.simulator_port}: is the port taken?"
    )


def stop_simulator(process: subprocess.Popen[bytes] | None) -> None:
    """End the simulator that `start_simulator` started. What it knows is kept on disk."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(5)


def _accounts(settings: Settings) -> dict[str, str]:
    """The accounts that the simulator shall know: those of the gateways for which it stands."""
    accounts = {}
    if settings.uses_simulator:
        accounts["CASHFREE_CLIENT_ID"] = settings.cashfree_client_id
        accounts["CASHFREE_CLIENT_SECRET"] = settings.cashfree_client_secret.get_secret_value()
    if settings.razorpay_uses_simulator:
        accounts["RAZORPAY_KEY_ID"] = settings.razorpay_key_id
        accounts["RAZORPAY_KEY_SECRET"] = settings.razorpay_key_secret.get_secret_value()
        # The newest of several signs.
        accounts["RAZORPAY_WEBHOOK_SECRET"] = settings.razorpay_webhook_secret[0].get_secret_value()
    return accounts


def _webhook_url(settings: Settings) -> str:
    return f"{settings.app_base_url.rstrip('/')}/webhooks/razorpay"


def _register(settings: Settings) -> None:
    """Let a running simulator send Razorpay's webhooks here. Cashfree's orders carry their address themselves."""
    secret = settings.razorpay_webhook_secret[0].get_secret_value()
    wanted = {
        "gateway": "razorpay",
        "url": _webhook_url(settings),
        "key_id": settings.razorpay_key_id,
        "secret": secret,
    }
    session = requests.Session()
    session.trust_env = False
    endpoints = f"{settings.simulator_url}/control/endpoints"
    try:
        known = session.get(endpoints, timeout=5).json()["endpoints"]
        ours = [row["id"] for row in known if row.get("url") == wanted["url"]]
        # The secret may have changed since: what it signs with the old one is not believed.
        address = f"{endpoints}/{ours[0]}" if ours else endpoints
        change = {"active": True, "secret": secret} if ours else wanted
        session.post(address, json=change, timeout=5).raise_for_status()
    except (requests.RequestException, ValueError, LookupError, TypeError, AttributeError) as exc:
        # Returns and the sweep find every payment all the same, only later.
        log.warning("simulator_sends_no_razorpay_webhooks", error=type(exc).__name__)


def _answers(url: str) -> bool:
    session = requests.Session()
    session.trust_env = False
    try:
        return bool(session.get(f"{url}/control/health", timeout=1).json().get("service") == "simulator")
    except (requests.RequestException, ValueError, AttributeError):
        return False
