"""A small Streamlit application of the tests' own, for what the product must never do and for positive controls."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import requests

from tests.e2e.conftest import KEPT_VARIABLES, ROOT, free_port

SCRIPT = Path(__file__).with_name("bench_page.py")
_READY_SECONDS = 60


@dataclass(frozen=True)
class Bench:
    """The process and where to reach it."""

    process: subprocess.Popen[bytes]
    port: int

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def start_bench(folder: Path) -> Bench:
    """`streamlit run` with the product's configuration and the product's middleware, and no database."""
    port = free_port()
    env = {
        **{key: value for key, value in os.environ.items() if key in KEPT_VARIABLES},
        "APP_ENV": "test",
        "PORT": str(port),
        "DATA_DIR": str(folder / "data"),
        "PYTHONPATH": str(ROOT),
    }
    with (folder / "bench.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", str(SCRIPT), "--server.port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=log,
            stderr=log,
        )
    bench = Bench(process, port)
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if requests.get(f"{bench.url}/_stcore/health", timeout=2).status_code == 200:
                return bench
        except requests.RequestException:
            pass
        time.sleep(0.1)
    bench.stop()
    raise RuntimeError(f"the bench is not ready: {(folder / 'bench.log').read_text()[-2000:]}")
