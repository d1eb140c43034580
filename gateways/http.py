"""The one `requests` session towards a payment gateway: time limits, retries, circuit breaker, strict JSON.

A call ends within its deadline whatever the other side does, follows no redirect, ignores proxies and
credentials of the environment, and verifies TLS. It is repeated only if the caller says that a repetition
is harmless. Nothing here knows one gateway's paths or error words, and nothing here logs headers or bodies.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from http.cookiejar import DefaultCookiePolicy
from typing import Any

import requests
import structlog
import urllib3.exceptions

from domain.errors import CircuitOpen, GatewayError, GatewayReplyInvalid, GatewayTimeout, GatewayUnavailable
from gateways.breakable_adapter import BreakableAdapter, Exchange
from gateways.circuit_breaker import CircuitBreaker
from gateways.json_codec import UnreadableJson, read_json

# A customer waits for the answer: ten seconds in all, so that one slow attempt leaves room for another.
DEADLINE_SECONDS = 10.0
CONNECT_TIMEOUT_SECONDS = 3.05
READ_TIMEOUT_SECONDS = 6.0
MAX_ATTEMPTS = 3
BACKOFF_SECONDS = 0.25
# A gateway that asks for a longer pause than this is answered to the customer as "try again in a minute".
LONGEST_RATE_LIMIT_PAUSE_SECONDS = 2
MAX_REPLY_BYTES = 1024 * 1024
MAX_CALLS_IN_FLIGHT = 32
RATE_LIMIT_HEADERS = ("x-ratelimit-retry", "retry-after")

log = structlog.get_logger("payments.gateway")


@dataclass(frozen=True, slots=True, repr=False)
class Call:
    """One request. `repeatable` means that sending it twice has the effect of sending it once.

    `operation` and `reference` (our order id) are for the log; URL, headers and body never reach it.
    A pause that the gateway asks for is waited out up to `patience_seconds`, within the deadline.
    """

    operation: str
    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes | None = None
    repeatable: bool = False
    reference: str = ""
    patience_seconds: int = LONGEST_RATE_LIMIT_PAUSE_SECONDS


@dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """A readable answer. `document` is None only where status 429 or 5xx came without readable JSON."""

    status: int
    headers: Mapping[str, str]
    document: Any

    @property
    def retry_after_seconds(self) -> int:
        """The pause that the gateway asks for, or 0."""
        for name in RATE_LIMIT_HEADERS:
            text = self.headers.get(name, "")
            if text.isascii() and text.isdigit() and len(text) <= 6:
                return int(text)
        return 0


@dataclass(frozen=True, slots=True)
class _Failure:
    error: GatewayError
    repeatable: bool


class _Interrupted(Exception):
    """The connection failed or was lost: a repeatable call may be sent again."""

    def __init__(self, error: GatewayError) -> None:
        super().__init__()
        self.error = error


class GatewayHttp:
    """Sends calls to one gateway. One instance per gateway is shared by all threads."""

    def __init__(
        self,
        gateway: str,
        *,
        deadline_seconds: float = DEADLINE_SECONDS,
        connect_timeout_seconds: float = CONNECT_TIMEOUT_SECONDS,
        read_timeout_seconds: float = READ_TIMEOUT_SECONDS,
        breaker: CircuitBreaker | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._gateway = gateway
        self._deadline_seconds = deadline_seconds
        self._connect_timeout_seconds = connect_timeout_seconds
        self._read_timeout_seconds = read_timeout_seconds
        self._breaker = breaker or CircuitBreaker(clock=clock)
        self._clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._slots = threading.BoundedSemaphore(MAX_CALLS_IN_FLIGHT)
        self._session = _new_session()

    def new_deadline(self, seconds: float | None = None) -> float:
        """The moment by which a use of the gateway that starts now must end; pass it to several sends.

        `seconds` is for uses that nobody waits for; without it the usual limit holds.
        """
        return self._clock() + (self._deadline_seconds if seconds is None else seconds)

    def is_reachable(self) -> bool:
        """False while calls are not even tried, because too many failed just now. Asks nobody."""
        return not self._breaker.is_open()

    def send(self, call: Call, *, deadline: float | None = None) -> Reply:
        """Send a call and return any readable answer, whatever its status below 300 or from 400 on.

        Repeats a repeatable call after connection failures, 429 and 5xx. Raises GatewayUnavailable (not
        sent), GatewayTimeout (sent, effect unknown), GatewayReplyInvalid or CircuitOpen.
        """
        if not self._breaker.admits():
            log.warning("gateway_circuit_open", gateway=self._gateway, operation=call.operation)
            raise CircuitOpen(detail=f"{self._gateway}: circuit open")
        try:
            reply = self._send_repeatedly(call, self.new_deadline() if deadline is None else deadline)
        except GatewayError:
            self._breaker.record_failure()
            raise
        if reply.status >= 500:
            self._breaker.record_failure()
        else:
            self._breaker.record_success()
        return reply

    def _send_repeatedly(self, call: Call, deadline: float) -> Reply:
        attempt = 0
        while True:
            attempt += 1
            started = self._clock()
            outcome = self._attempt(call, deadline)
            self._log_attempt(call, attempt, started, outcome)
            pause = self._pause_before_repeating(call, attempt, outcome)
            if pause is None or self._clock() + pause >= deadline:
                if isinstance(outcome, Reply):
                    return outcome
                raise outcome.error
            self._sleep(pause)

    def _attempt(self, call: Call, deadline: float) -> Reply | _Failure:
        try:
            return self._exchange_within(call, deadline)
        except _Interrupted as exc:
            return _Failure(exc.error, repeatable=True)
        except GatewayError as exc:
            return _Failure(exc, repeatable=False)

    def _log_attempt(self, call: Call, attempt: int, started: float, outcome: Reply | _Failure) -> None:
        log.info(
            "gateway_call",
            gateway=self._gateway,
            operation=call.operation,
            order_id=call.reference,
            attempt=attempt,
            milliseconds=round((self._clock() - started) * 1000),
            outcome=outcome.status if isinstance(outcome, Reply) else type(outcome.error).__name__,
            detail="" if isinstance(outcome, Reply) else outcome.error.detail,
        )

    def _pause_before_repeating(self, call: Call, attempt: int, outcome: Reply | _Failure) -> float | None:
        """Seconds to wait before the next attempt, or None if there must be none."""
        if not call.repeatable or attempt >= MAX_ATTEMPTS:
            return None
        backoff = self._jitter(0.0, BACKOFF_SECONDS * 2**attempt)
        if isinstance(outcome, Reply):
            if outcome.status == 429:
                asked = outcome.retry_after_seconds
                return asked + backoff if asked <= call.patience_seconds else None
            return backoff if outcome.status >= 500 else None
        return backoff if outcome.repeatable else None

    def _exchange_within(self, call: Call, deadline: float) -> Reply:
        """Run the exchange in a thread of its own and stop waiting for it at the deadline.

        Time limits of sockets begin anew with each packet and do not cover name resolution, so they alone
        promise nothing. The thread left behind is broken off; the slots bound how many there can be.
        """
        remaining = deadline - self._clock()
        if remaining <= 0 or not self._slots.acquire(timeout=remaining):
            raise GatewayUnavailable(detail="no time or no free connection left, not sent")
        handover: Future[Reply] = Future()
        exchange = Exchange()

        def run() -> None:
            try:
                with exchange:
                    reply = self._exchange(call, deadline)
                handover.set_result(reply)
            except BaseException as exc:
                # Nothing is swallowed: the waiting caller raises it.
                handover.set_exception(exc)
            finally:
                self._slots.release()

        threading.Thread(target=run, name=f"gateway-{call.operation}", daemon=True).start()
        try:
            return handover.result(timeout=max(deadline - self._clock(), 0))
        except FutureTimeout as exc:
            exchange.break_off()
            raise GatewayTimeout(detail="deadline passed") from exc

    def _exchange(self, call: Call, deadline: float) -> Reply:
        remaining = max(deadline - self._clock(), 0.001)
        timeout = (min(self._connect_timeout_seconds, remaining), min(self._read_timeout_seconds, remaining))
        try:
            with self._session.request(
                call.method,
                call.url,
                data=call.body,
                headers=dict(call.headers),
                timeout=timeout,
                allow_redirects=False,
                stream=True,
            ) as response:
                return self._read_reply(response, deadline)
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as exc:
            # `from None`: texts of requests carry URLs and, for a bad header, the header's value.
            raise _translate(exc) from None

    def _read_reply(self, response: requests.Response, deadline: float) -> Reply:
        headers = {name.lower(): value for name, value in response.headers.items()}
        status = response.status_code
        if 300 <= status < 400:
            raise GatewayReplyInvalid(detail="redirect refused", gateway_status=status)
        try:
            document = read_json(self._read_body(response, headers, deadline))
        except (UnreadableJson, GatewayReplyInvalid) as exc:
            if status == 429 or status >= 500:
                # An error page of a proxy says enough by its status.
                return Reply(status, headers, None)
            raise GatewayReplyInvalid(detail=str(exc), gateway_status=status) from exc
        return Reply(status, headers, document)

    def _read_body(self, response: requests.Response, headers: Mapping[str, str], deadline: float) -> bytes:
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise GatewayReplyInvalid(detail="not application/json")
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise GatewayReplyInvalid(detail="compressed although we refused compression")
        body = bytearray()
        for piece in _pieces(response):
            body += piece
            if len(body) > MAX_REPLY_BYTES:
                raise GatewayReplyInvalid(detail="longer than 1 MiB")
            if self._clock() > deadline:
                raise GatewayTimeout(detail="deadline passed while reading")
        if not body:
            raise GatewayReplyInvalid(detail="empty body")
        return bytes(body)


def _new_session() -> requests.Session:
    session = requests.Session()
    session.trust_env = False
    session.verify = True
    session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    session.headers.clear()
    # Without compression the size cap holds for what is read from the wire and for what is kept.
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity"})
    session.headers["User-Agent"] = "sector-rs"
    adapter = BreakableAdapter(pool_maxsize=MAX_CALLS_IN_FLIGHT, max_retries=0)
    session.mount("https://", adapter)
    session.mount("http://", adapter)
    return session


def _pieces(response: requests.Response) -> Iterator[bytes]:
    # read1 returns what has arrived; read(n) would wait until n bytes did, past every deadline.
    while piece := response.raw.read1(64 * 1024, decode_content=False):
        yield piece


def _translate(exc: Exception) -> GatewayError | _Interrupted:
    """Our error for a failed exchange: not sent, or sent with unknown effect."""
    if isinstance(exc, requests.ConnectTimeout):
        return _Interrupted(GatewayUnavailable(detail="connect timeout"))
    if isinstance(exc, requests.ReadTimeout | urllib3.exceptions.ReadTimeoutError):
        return GatewayTimeout(detail="read timeout")
    causes = tuple(_causes(exc))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return GatewayUnavailable(detail="certificate refused")
    if any(isinstance(cause, urllib3.exceptions.NewConnectionError) for cause in causes):
        return _Interrupted(GatewayUnavailable(detail="cannot connect"))
    if isinstance(exc, urllib3.exceptions.ProtocolError) or any(
        isinstance(cause, urllib3.exceptions.ProtocolError | OSError) for cause in causes[1:]
    ):
        return _Interrupted(GatewayTimeout(detail="connection lost after sending"))
    if isinstance(exc, requests.ConnectionError):
        return _Interrupted(GatewayUnavailable(detail="cannot connect"))
    return GatewayUnavailable(detail=type(exc).__name__)


def _causes(exc: BaseException) -> Iterator[BaseException]:
    """The exception and what it wraps: requests and urllib3 keep the cause in `args` or `reason`."""
    yield exc
    for inner in (getattr(exc, "reason", None), *exc.args):
        if isinstance(inner, BaseException):
            yield from _causes(inner)
            return
