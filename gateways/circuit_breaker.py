"""Stops calling a gateway that failed too often just now, and tries it again by itself.

Owns only the counting. What counts as a failure is the caller's decision; no thread or timer runs here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

# Five calls (each already repeated) without an answer are not a hiccup any more; after half a minute one
# customer's call is risked as a probe.
FAILURES_TO_OPEN = 5
OPEN_SECONDS = 30.0


class CircuitBreaker:
    """Closed, open, or half-open with a single probe. Safe to share between threads."""

    def __init__(
        self,
        *,
        failures_to_open: int = FAILURES_TO_OPEN,
        open_seconds: float = OPEN_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._failures_to_open = failures_to_open
        self._open_seconds = open_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._next_probe_at: float | None = None

    def admits(self) -> bool:
        """Whether a call may go out now. Once the pause is over, it admits one probe per pause."""
        with self._lock:
            if self._next_probe_at is None:
                return True
            now = self._clock()
            if now < self._next_probe_at:
                return False
            # A probe that never reports back must not shut the gateway out for ever.
            self._next_probe_at = now + self._open_seconds
            return True

    def is_open(self) -> bool:
        """Whether a call would be refused now. Unlike `admits`, it uses up no probe."""
        with self._lock:
            return self._next_probe_at is not None and self._clock() < self._next_probe_at

    def record_success(self) -> None:
        """The gateway answered: close and forget the failures."""
        with self._lock:
            self._failures = 0
            self._next_probe_at = None

    def record_failure(self) -> None:
        """The gateway did not answer: open after enough failures in a row, at once after a failed probe."""
        with self._lock:
            self._failures += 1
            if self._failures >= self._failures_to_open:
                self._next_probe_at = self._clock() + self._open_seconds
