"""A gateway on a real socket that misbehaves as told, and a clock that moves only when told."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator

import pytest


class RudeServer:
    """Answers each connection with the given function. Counts connections and what was sent and asked."""

    def __init__(self, answer: Callable[[RudeServer, socket.socket], None]) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.bytes_sent = 0
        self.stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, connection: socket.socket, data: bytes) -> None:
        connection.sendall(data)
        self.bytes_sent += len(data)

    def stop(self) -> None:
        self.stopped.set()
        self._listener.close()
        for thread in self._threads:
            thread.join(timeout=2)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                self.requests.append(connection.recv(65536))
                self._answer(self, connection)
            except OSError:
                return


class FakeTime:
    """A clock and a sleep for tests: sleeping moves the clock."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


@pytest.fixture
def fake_time() -> FakeTime:
    return FakeTime()


@pytest.fixture
def rude_server() -> Iterator[Callable[[Callable[[RudeServer, socket.socket], None]], RudeServer]]:
    servers: list[RudeServer] = []

    def start(answer: Callable[[RudeServer, socket.socket], None]) -> RudeServer:
        servers.append(RudeServer(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()
