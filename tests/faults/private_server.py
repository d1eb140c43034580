"""A PostgreSQL of a test's own, which may be stopped the hard way, started again, and starved of disk."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from database.embedded import EmbeddedServer, start_embedded_server
from database.engine import connect_engine
from database.migrate import migrate
from tests.faults.shop import as_admin


class PrivateServer:
    """Starts and stops a server as an operator does. What it has acknowledged survives its death."""

    def __init__(self, embedded: EmbeddedServer) -> None:
        self.embedded = embedded
        self._folder = Path(embedded.server.pgdata)
        self._socket = str(embedded.url.query["host"])

    @property
    def is_running(self) -> bool:
        status = [self.embedded.programs / "pg_ctl", "-D", self._folder, "status"]
        user = self.embedded.server.system_user
        return subprocess.run(status, user=user, capture_output=True).returncode == 0

    def kill(self) -> None:
        """End every process of the server at once; the next start recovers from its log."""
        self._pg_ctl("stop", "-m", "immediate")

    def start(self) -> None:
        """Start, and come back when it accepts connections."""
        self._pg_ctl("start", "-o", f'-h "" -k {self._socket}', "-l", str(self._folder / "log"))

    def _pg_ctl(self, *arguments: str) -> None:
        subprocess.run(
            [self.embedded.programs / "pg_ctl", "-w", "-D", self._folder, *arguments],
            check=True,
            user=self.embedded.server.system_user,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )


@contextmanager
def private_server(folder: Path) -> Iterator[PrivateServer]:
    """A new server with a migrated database to copy from. Commits are in its log before they are answered."""
    embedded = start_embedded_server(folder / "data")
    server = PrivateServer(embedded)
    try:
        # The machine itself does not die here: what the server wrote is as good as on the disk.
        as_admin(embedded, "ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()")
        as_admin(embedded, "CREATE DATABASE template_app")
        engine = connect_engine(embedded.url.set(database="template_app"))
        migrate(engine)
        engine.dispose()
        yield server
    finally:
        _end(server)


def _end(server: PrivateServer) -> None:
    if server.is_running:
        server.kill()
    # The package knows only the first process of the server, which may be long gone.
    with suppress(psutil.Error):
        server.embedded.stop()
