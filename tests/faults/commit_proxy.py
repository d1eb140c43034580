"""A TCP proxy in front of PostgreSQL that can swallow the reply to COMMIT, stall, or cut every line.

What it swallows has happened: PostgreSQL says that it has committed, and the client never hears of it.
"""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.engine import URL

# The last message of an answer: the server waits for the next statement, outside a transaction.
_READY_AND_IDLE = b"Z\x00\x00\x00\x05I"
# Close with a reset, as a machine that is gone would after its return.
_LINGER_NOT = struct.pack("ii", 1, 0)


class CommitProxy:
    """Forwards every connection to one server, in a thread for each."""

    def __init__(self, upstream: URL) -> None:
        self._folder, self._port = str(upstream.query["host"]), upstream.port or 5432
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = upstream.set(
            query={"sslmode": "disable"}, host="127.0.0.1", port=self._listener.getsockname()[1]
        )
        self.swallowed = 0
        self._commits_to_pass: int | None = None
        self._flowing = threading.Event()
        self._flowing.set()
        self._lock = threading.Lock()
        self._clients: set[socket.socket] = set()
        self._is_cut = False
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    def swallow_commit(self, after: int = 0) -> None:
        """Swallow the reply to one COMMIT, `after` others have passed."""
        with self._lock:
            self._commits_to_pass, self.swallowed = after, 0

    def stall(self) -> None:
        """Carry nothing in either direction; connections stay open, and new ones open."""
        self._flowing.clear()

    def flow(self) -> None:
        """Carry again what is waiting."""
        self._flowing.set()

    def cut(self) -> None:
        """Reset every connection, and each new one, until `mend`."""
        self._is_cut = True
        for client in list(self._clients):
            _reset(client)

    def mend(self) -> None:
        self._is_cut = False

    def close(self) -> None:
        self._listener.close()
        self.flow()
        self.cut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._is_cut:
                _reset(client)
                continue
            self._clients.add(client)
            threading.Thread(target=self._serve, args=(client,), name="proxied", daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as server:
            server.connect(f"{self._folder}/.s.PGSQL.{self._port}")
            self._carry(client, server)
        self._clients.discard(client)
        client.close()

    def _carry(self, client: socket.socket, server: socket.socket) -> None:
        while True:
            readable, _, _ = select.select([client, server], [], [])
            for source in readable:
                chunk = source.recv(65536)
                self._flowing.wait()
                if not chunk:
                    return
                if source is server:
                    client.sendall(chunk)
                    continue
                server.sendall(chunk)
                if b"COMMIT" in chunk and self._takes_commit():
                    _await_idle(server)
                    self.swallowed += 1
                    return

    def _takes_commit(self) -> bool:
        with self._lock:
            if self._commits_to_pass is None:
                return False
            if self._commits_to_pass > 0:
                self._commits_to_pass -= 1
                return False
            self._commits_to_pass = None
            return True


@contextmanager
def commit_proxy(upstream: URL) -> Iterator[CommitProxy]:
    """A running proxy to the server whose Unix socket `upstream` names."""
    proxy = CommitProxy(upstream)
    yield proxy
    proxy.close()


def _await_idle(server: socket.socket) -> None:
    answer = b""
    while not answer.endswith(_READY_AND_IDLE):
        chunk = server.recv(65536)
        if not chunk:
            return
        answer += chunk


def _reset(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT)
        client.shutdown(socket.SHUT_RDWR)
