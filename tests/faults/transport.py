"""The simulator inside the test's process: its real application, driven without sockets and without waiting.

`requests` talks to it through an adapter; what a network does to a call (slowness, lost replies) happens here
in no time, because a test of twenty thousand schedules cannot sit through a time-out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import requests
import urllib3.exceptions
from requests.adapters import BaseAdapter
from urllib3.response import HTTPResponse

from simulator import razorpay_accounts
from simulator.app import SimulatorApp, build_app
from simulator.faults import Fault, Faults
from simulator.gateway import Gateway
from simulator.settings import RazorpayKeys

# These strike the connection. The simulator serves them with a socket or with real time, which are absent here.
ON_THE_WIRE = frozenset(
    {"slow", "timeout_after_effect", "slow_drip", "drop_connection", "drop_connection_after_effect"}
)
_OPERATIONS = (
    ("POST", r"/pg/orders", "create_order"),
    ("GET", r"/pg/orders/[^/]+", "get_order"),
    ("PATCH", r"/pg/orders/[^/]+", "terminate_order"),
    ("GET", r"/pg/orders/[^/]+/payments", "get_payments"),
    ("POST", r"/pg/orders/[^/]+/refunds", "refund"),
    ("GET", r"/pg/orders/[^/]+/refunds(/[^/]+)?", "get_refund"),
    ("POST", r"/pg/(settlement/)?recon", "settlements"),
    ("POST", r"/v1/orders", "create_order"),
    ("GET", r"/v1/orders", "find_orders"),
    ("GET", r"/v1/orders/[^/]+", "get_order"),
    ("GET", r"/v1/orders/[^/]+/payments", "get_payments"),
    ("GET", r"/v1/payments", "list_payments"),
    ("GET", r"/v1/payments/[^/]+", "get_payment"),
    ("POST", r"/v1/payments/[^/]+/capture", "capture"),
    ("POST", r"/v1/payments/[^/]+/refund", "refund"),
    ("GET", r"/v1/(payments/[^/]+/)?refunds", "get_refund"),
)
# Where Razorpay's webhooks go.
WEBHOOK_URL = "http://localhost:8501/webhooks/razorpay"
_LONGEST_KEPT = 4 * 1024 * 1024

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply of an application that was driven here."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def finish(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing to its end, without an event loop."""
    try:
        work.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    work.close()
    raise RuntimeError("something waited that was meant to run at once")


def ask(
    app: Callable[..., Coroutine[Any, Any, None]],
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Answer:
    """Send one request to an ASGI application and return its whole answer."""
    started: dict[str, Any] = {}
    kept = bytearray()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            started.update(message)
        elif len(kept) < _LONGEST_KEPT:
            kept.extend(message.get("body", b""))

    finish(app(_scope(method, path, headers), receive, send))
    named = {name.decode("latin-1"): value.decode("latin-1") for name, value in started["headers"]}
    return Answer(started["status"], named, bytes(kept))


def _scope(method: str, path: str, headers: Mapping[str, str]) -> dict[str, Any]:
    where, _, query = path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": where,
        "raw_path": where.encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8502),
    }


class SimulatorInside(BaseAdapter):
    """Transport of `requests` into a simulator of this process. `calls` are the operations since `forget`."""

    def __init__(self, folder: Path, clock: Callable[[], Any]) -> None:
        super().__init__()
        app = build_app(folder, razorpay=RazorpayKeys(webhook_url=WEBHOOK_URL), clock=clock)
        assert isinstance(app, SimulatorApp)
        self.app = app
        self.gateway: Gateway = app.gateway
        self.wire = Faults()
        self.calls: list[str] = []
        self._last_number = 0
        self.on_stroke: Callable[[str, str], None] = lambda name, operation: None
        # What happens at the gateway just before a call arrives there.
        self.before_call: Callable[[str], None] = lambda operation: None
        self.on_capture: Callable[[str], None] = lambda payment_id: None
        for faults in (self.wire, self.gateway.faults):
            faults.take_for = self._telling(faults.take_for)  # type: ignore[method-assign]
        # Its memory dies with the test: nothing is written to disk, and its ids repeat with the seed.
        store = self.gateway.store
        store.flush = store._changed.clear  # type: ignore[method-assign]
        store.set_text = lambda key, value: None  # type: ignore[method-assign]
        store.next_number = self._next_number  # type: ignore[method-assign]

    def forget(self) -> None:
        """An empty gateway at the clock's present moment."""
        gateway = self.gateway
        gateway.store.clear()
        gateway.agenda.clear()
        gateway.due_deliveries.clear()
        gateway.put_behind.clear()
        gateway.running_refunds.clear()
        gateway.faults.disarm()
        self.wire.disarm()
        # The account and its webhook were forgotten with everything else.
        razorpay_accounts.accounts(gateway)
        self.calls.clear()
        self._last_number = 0

    def arm(self, name: str, **settings: Any) -> None:
        """Arm one of the simulator's faults, by its name there."""
        (self.wire if name in ON_THE_WIRE else self.gateway.faults).arm(name=name, **settings)

    def disarm(self) -> None:
        self.wire.disarm()
        self.gateway.faults.disarm()

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,
        timeout: Any = None,
        verify: Any = True,
        cert: Any = None,
        proxies: Any = None,
    ) -> requests.Response:
        where = urlsplit(str(request.url))
        path = f"{where.path}?{where.query}" if where.query else where.path
        operation = _operation(str(request.method), where.path)
        self.calls.append(operation)
        self.before_call(operation)
        name_of_gateway = "razorpay" if where.path.startswith("/v1/") else "cashfree"
        fault = self.wire.take_for(name_of_gateway, *ON_THE_WIRE, operation=operation)
        name = "" if fault is None else fault.name
        if name == "drop_connection":
            raise _lost(request)
        body = request.body if isinstance(request.body, bytes) else b""
        answer = ask(self.app, str(request.method), path, request.headers, body)
        if operation == "capture" and answer.status == 200:
            self.on_capture(where.path.split("/")[3])
        if name == "timeout_after_effect":
            raise requests.ReadTimeout("no answer in time", request=request)
        if name == "drop_connection_after_effect":
            raise _lost(request)
        return _as_response(request, answer, is_dripping=name == "slow_drip")

    def _telling(self, take: Callable[..., Fault | None]) -> Callable[..., Fault | None]:
        def telling(
            gateway: str, *names: str, operation: str = "any", order_id: str | None = None
        ) -> Fault | None:
            fault = take(gateway, *names, operation=operation, order_id=order_id)
            if fault is not None:
                self.on_stroke(fault.name, operation)
            return fault

        return telling

    def close(self) -> None:
        self.gateway.store.close()

    def _next_number(self) -> int:
        self._last_number += 1
        return 1_790_000_000_000 + self._last_number


class _Dripping(io.BytesIO):
    """A body that stops coming."""

    def read1(self, size: int | None = -1, /, **_options: Any) -> bytes:
        raise urllib3.exceptions.ReadTimeoutError(None, "", "no more bytes in time")  # type: ignore[arg-type]


def _as_response(
    request: requests.PreparedRequest, answer: Answer, *, is_dripping: bool
) -> requests.Response:
    body = _Dripping(answer.body) if is_dripping else io.BytesIO(answer.body)
    response = requests.Response()
    response.status_code = answer.status
    response.headers.update(answer.headers)
    response.raw = body if is_dripping else HTTPResponse(body=body, preload_content=False)
    response.request = request
    response.url = str(request.url)
    return response


def _lost(request: requests.PreparedRequest) -> requests.ConnectionError:
    cause = urllib3.exceptions.ProtocolError("Connection aborted.", ConnectionResetError(104, "reset"))
    return requests.ConnectionError(cause, request=request)


def _operation(method: str, path: str) -> str:
    for known_method, pattern, operation in _OPERATIONS:
        if method == known_method and re.fullmatch(pattern, path):
            return operation
    return "any"
