"""A psycopg2 connection that dies at a chosen boundary: before or after a statement or a commit.

Between two neighbouring boundaries nothing reaches the database, so dying once at each of them tries every
moment at which a process can be killed. Dying is either an exception that no production code catches, after
which the connection is gone as that of a dead process, or a real SIGKILL.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

import psycopg2.extensions
from sqlalchemy import Engine, event
from sqlalchemy.engine import URL

from database.engine import connect_engine

# The pool asks this before it hands a connection out. How often depends on the pool and not on the code.
_PING = "SELECT 1"


class Crash(BaseException):
    """The process died here. Not an Exception, so that nothing but the test's own edge catches it."""


class Boundaries:
    """Counts the boundaries that all connections of one engine pass, and strikes at the chosen one.

    `passed` are the labels since the last `arm`, `disarm` or `revive`, the deadly one last. After a crash every
    further statement of the same process crashes as well, until `revive`: the dead do no cleaning up.
    """

    def __init__(self) -> None:
        self.passed: list[str] = []
        self.crashed_at: str | None = None
        self.on_death: Callable[[str], None] | None = None
        self._left: int | None = None
        self._is_kill = False
        self._lock = threading.Lock()

    @property
    def is_dead(self) -> bool:
        return self.crashed_at is not None

    def arm(self, at: int, *, kill: bool = False) -> None:
        """Die at the boundary with this index, counted from 0 from here: by SIGKILL, or by raising Crash."""
        self._start(at, kill)

    def disarm(self) -> None:
        """Count from 0 again and let everything pass."""
        self._start(None, False)

    revive = disarm

    def _start(self, left: int | None, is_kill: bool) -> None:
        with self._lock:
            self.passed, self.crashed_at = [], None
            self._left, self._is_kill = left, is_kill

    def cross(self, label: str) -> None:
        """Pass a boundary. Raises Crash, or does not return, when it is the chosen one or lies behind it."""
        with self._lock:
            if self.crashed_at is not None:
                raise Crash(self.crashed_at)
            self.passed.append(label)
            if self._left is None:
                return
            if self._left > 0:
                self._left -= 1
                return
            self.crashed_at = label
        if self.on_death is not None:
            self.on_death(label)
        if self._is_kill:
            os.kill(os.getpid(), signal.SIGKILL)
        raise Crash(label)


class CrashingCursor(psycopg2.extensions.cursor):
    """Passes a boundary before and after each statement."""

    connection: CrashingConnection

    def execute(self, query: Any, vars: Any = None) -> None:
        self._within(query, lambda: super(CrashingCursor, self).execute(query, vars))

    def executemany(self, query: Any, vars_list: Any) -> None:
        self._within(query, lambda: super(CrashingCursor, self).executemany(query, vars_list))

    def _within(self, query: Any, work: Callable[[], None]) -> None:
        label = _label(query)
        if label == _PING:
            work()
            return
        self.connection.cross(f"before {label}")
        work()
        self.connection.cross(f"after {label}")


class CrashingConnection(psycopg2.extensions.connection):
    """Passes a boundary before and after each commit; `boundaries` is set by `crashing_factory`."""

    boundaries: Boundaries

    def cursor(self, *arguments: Any, **options: Any) -> Any:
        options.setdefault("cursor_factory", CrashingCursor)
        return super().cursor(*arguments, **options)

    def commit(self) -> None:
        self.cross("before COMMIT")
        super().commit()
        self.cross("after COMMIT")

    def cross(self, label: str) -> None:
        try:
            self.boundaries.cross(label)
        except Crash:
            # The kernel closes a dead process's socket; the server then rolls its transaction back.
            self.close()
            raise


def crashing_factory(boundaries: Boundaries) -> type[CrashingConnection]:
    """A `connection_factory` for psycopg2.connect whose connections pass these boundaries."""
    return type("CrashingConnection", (CrashingConnection,), {"boundaries": boundaries})


def crashing_engine(url: str | URL, boundaries: Boundaries, *, pool_size: int = 10) -> Engine:
    """The production engine on crashing connections. It has connected once: only the application's own follows."""
    engine = connect_engine(url, pool_size=pool_size)
    factory = crashing_factory(boundaries)

    @event.listens_for(engine, "do_connect")
    def use_factory(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        options["connection_factory"] = factory

    with engine.connect():
        pass
    boundaries.disarm()
    return engine


def _label(query: Any) -> str:
    text = query.decode() if isinstance(query, bytes) else str(query)
    return " ".join(text.split())[:80]
