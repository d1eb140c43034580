"""Command line: ``python -m simulator --host 127.0.0.1 --port 8502 [--data-dir DIR]``."""

from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path

import uvicorn

from simulator.app import build_app
from simulator.settings import DEFAULT_DATA_DIR, account_from, razorpay_keys_from

GRACE_SECONDS = 2


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped. Returns 1, after one line, when the port is taken."""
    options = _options(arguments)
    try:
        listener = _listen(options.host, options.port)
    except OSError as exc:
        reason = exc.strerror or exc
        print(
            f"simulator: cannot listen on {options.host}:{options.port} ({reason}); is another one running?",
            file=sys.stderr,
        )
        return 1
    account = account_from(os.environ)
    app = build_app(
        options.data_dir,
        client_id=account.client_id,
        client_secret=account.client_secret,
        razorpay=razorpay_keys_from(os.environ, options.razorpay_webhook),
    )
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_SECONDS
    )
    port = listener.getsockname()[1]
    print(f"simulator: http://{options.host}:{port}/dashboard", flush=True)
    uvicorn.Server(config).run(sockets=[listener])
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="simulator", description="Local payment gateways.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8502)
    parser.add_argument("--data-dir", type=Path, default=DEFAULT_DATA_DIR)
    parser.add_argument("--razorpay-webhook", metavar="URL", help="registered from the start")
    return parser.parse_args(arguments)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Lets a restart take the port over at once; a live listener still refuses it.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    return listener


if __name__ == "__main__":
    sys.exit(main())
