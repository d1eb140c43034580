"""A transport of `requests` whose running exchange another thread can break off.

A peer that sends a byte now and then keeps a blocking read alive for ever: time limits of sockets begin
anew with each byte. Shutting the socket down ends the read at once, and with it the thread that waits.
"""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import HTTPResponse

_running = threading.local()


class Exchange:
    """One exchange, entered by the thread that runs it and broken off by the one that waits."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._is_broken = False

    def __enter__(self) -> Exchange:
        _running.exchange = self
        return self

    def __exit__(self, *_exception: object) -> None:
        # A finished exchange's socket may serve the next call: it must not be broken off any more.
        _running.exchange = None
        with self._lock:
            self._socket = None

    def break_off(self) -> None:
        """End the exchange now, or as soon as it has a socket."""
        with self._lock:
            self._is_broken = True
            _shut_down(self._socket)

    def uses(self, sock: socket.socket | None) -> None:
        """Remember the socket whose answer is awaited."""
        with self._lock:
            self._socket = sock
            if self._is_broken:
                _shut_down(sock)


class BreakableAdapter(HTTPAdapter):
    """An HTTPAdapter that tells the running Exchange which socket it waits on."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}


class _HttpConnection(HTTPConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _announce(self.sock)
        return super().getresponse()


class _HttpsConnection(HTTPSConnection):
    def getresponse(self) -> HTTPResponse:  # type: ignore[override]
        _announce(self.sock)
        return super().getresponse()


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _HttpConnection


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _HttpsConnection


def _announce(sock: socket.socket | None) -> None:
    exchange = getattr(_running, "exchange", None)
    if exchange is not None:
        exchange.uses(sock)


def _shut_down(sock: socket.socket | None) -> None:
    # It may have been closed in the meantime, which is as good.
    with contextlib.suppress(OSError, ValueError):
        if sock is not None:
            sock.shutdown(socket.SHUT_RDWR)
