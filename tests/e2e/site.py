"""A running application: its addresses, its simulator's control API, its database."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests
from sqlalchemy import text

from database.embedded import start_embedded_server
from database.engine import connect_engine

_READY_SECONDS = 60


@dataclass
class Site:
    """The application's process and where to reach it."""

    process: subprocess.Popen[bytes]
    port: int
    simulator_port: int
    folder: Path

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the application ended: {(self.folder / 'app.log').read_text()[-2000:]}")
            try:
                if requests.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"the application is not ready: {(self.folder / 'app.log').read_text()[-2000:]}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)

    def simulator(self, method: str, path: str, **body: Any) -> Any:
        """Call the simulator's control API."""
        reply = requests.request(method, f"{self.simulator_url}{path}", json=body or None, timeout=10)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Read the application's database as psql would."""
        server = start_embedded_server(self.folder / "data" / "postgres")
        engine = connect_engine(server.url)
        try:
            with engine.connect() as conn:
                return [dict(row) for row in conn.execute(text(sql), values).mappings()]
        finally:
            engine.dispose()

    def log(self) -> str:
        return (self.folder / "app.log").read_text()
