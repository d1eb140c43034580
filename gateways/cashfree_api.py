"""One call of Cashfree's REST interface: its headers, its keys against doing things twice, its refusals.

API version 2025-01-01, https://www.cashfree.com/docs/api-reference/payments/latest (authentication,
idempotency). Paths and JSON in, JSON out; what the JSON means is read elsewhere.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from domain.errors import GatewayObjectNotFound
from gateways.cashfree_account import Account
from gateways.cashfree_errors import error_from
from gateways.cashfree_mapping import ORDER_ID
from gateways.http import Call, GatewayHttp
from gateways.json_codec import write_json

# Nobody waits for a report: a rate limit of one minute is waited out, and the page still has its time.
REPORT_PATIENCE_SECONDS = 60
REPORT_PAGE_SECONDS = 90.0
IDEMPOTENCY_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_DNS, "cashfree.com")


@dataclass(frozen=True, slots=True, repr=False)
class CashfreeApi:
    """Sends calls in the name of an account, which is looked up at each of them.

    Every method raises the GatewayError that a reply outside 2xx stands for.
    """

    http: GatewayHttp
    account: Callable[[], Account]

    def get(self, operation: str, order_id: str, path: str, deadline: float | None = None) -> Any:
        """Read something of an order."""
        return self._send(Call(operation, "GET", path, {}, repeatable=True, reference=order_id), deadline)

    def post(
        self, operation: str, order_id: str, path: str, payload: Mapping[str, Any], deadline: float
    ) -> Any:
        """Make something once: however often it is sent, also by another process or after a crash."""
        body = write_json(payload)
        # From the content, so that the repetition has the same key.
        key = str(uuid.uuid5(IDEMPOTENCY_NAMESPACE, f"{path} {body}"))
        headers = {"x-idempotency-key": key}
        call = Call(operation, "POST", path, headers, body.encode(), repeatable=True, reference=order_id)
        return self._send(call, deadline)

    def patch(
        self, operation: str, order_id: str, path: str, payload: Mapping[str, Any], deadline: float
    ) -> Any:
        """Ask for a change whose reply must be today's, so each use has a key of its own."""
        headers = {"x-idempotency-key": str(uuid.uuid4())}
        body = write_json(payload).encode()
        call = Call(operation, "PATCH", path, headers, body, repeatable=True, reference=order_id)
        return self._send(call, deadline)

    def read_report(self, operation: str, path: str, payload: Mapping[str, Any]) -> Any:
        """Read a page of a report: a POST that changes nothing.

        It has no idempotency key: under one, Cashfree repeats its answer for a day.
        """
        call = Call(
            operation,
            "POST",
            path,
            {},
            write_json(payload).encode(),
            repeatable=True,
            patience_seconds=REPORT_PATIENCE_SECONDS,
        )
        return self._send(call, self.http.new_deadline(REPORT_PAGE_SECONDS))

    def _send(self, call: Call, deadline: float | None) -> Any:
        account = self.account()
        headers = {
            "x-api-version": account.api_version,
            "x-client-id": account.client_id,
            "x-client-secret": account.client_secret,
            "x-request-id": str(uuid.uuid4()),
            **call.headers,
        }
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        reply = self.http.send(
            replace(call, url=account.api_base + call.url, headers=headers), deadline=deadline
        )
        if not 200 <= reply.status < 300:
            raise error_from(reply)
        return reply.document


def order_path(order_id: str, *rest: str) -> str:
    """The path of something of an order. An id that Cashfree cannot have issued is not looked up."""
    if not ORDER_ID.fullmatch(order_id) or not all(ORDER_ID.fullmatch(part) for part in rest):
        raise GatewayObjectNotFound(detail="not an id of Cashfree, not sent")
    return "/orders/" + "/".join(quote(part, safe="") for part in (order_id, *rest))
