"""One call of Razorpay's REST interface: its credentials, its one idempotency header, its refusals.

https://razorpay.com/docs/api/authentication. Paths and JSON in, JSON out; what the JSON means is read elsewhere.
Only refunds have an idempotency key: everything else that changes something is sent once and then looked for.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from domain.errors import GatewayUnavailable
from domain.gateway_names import gateway_name
from gateways.http import Call, GatewayHttp
from gateways.json_codec import write_json
from gateways.razorpay_account import Account
from gateways.razorpay_errors import error_from

# Nobody waits for a report: a rate limit of one minute is waited out, and the page still has its time.
REPORT_PATIENCE_SECONDS = 60
REPORT_PAGE_SECONDS = 90.0
# Razorpay takes keys of ten characters and more, [A-Za-z0-9_-]. Our ids may be shorter.
REFUND_KEY_PREFIX = "refund-of-"
_SERVICE = gateway_name("razorpay")


@dataclass(frozen=True, slots=True, repr=False)
class RazorpayApi:
    """Sends calls in the name of an account. Every method raises the GatewayError that a reply stands for."""

    http: GatewayHttp
    account: Account

    def get(
        self,
        operation: str,
        order_id: str,
        path: str,
        query: Mapping[str, str | int] | None = None,
        deadline: float | None = None,
    ) -> Any:
        """Read something. `order_id` is ours, for the log."""
        url = f"{path}?{urlencode(query)}" if query else path
        return self._send(Call(operation, "GET", url, {}, repeatable=True, reference=order_id), deadline)

    def post_once(
        self, operation: str, order_id: str, path: str, payload: Mapping[str, Any], deadline: float
    ) -> Any:
        """Ask for a change without any key against doing it twice: it is never repeated here."""
        body = write_json(payload).encode()
        return self._send(Call(operation, "POST", path, {}, body, reference=order_id), deadline)

    def post_refund(
        self, order_id: str, path: str, payload: Mapping[str, Any], refund_id: str, deadline: float
    ) -> Any:
        """Ask for a refund once, however often it is sent, also by another process or after a crash."""
        headers = {"X-Refund-Idempotency": REFUND_KEY_PREFIX + refund_id}
        body = write_json(payload).encode()
        call = Call("create_refund", "POST", path, headers, body, repeatable=True, reference=order_id)
        return self._send(call, deadline)

    def read_report(self, path: str, query: Mapping[str, str | int]) -> Any:
        """Read a page of a long list, waiting where the rate limit asks for it."""
        url = f"{path}?{urlencode(query)}" if query else path
        call = Call(
            "list_movements", "GET", url, {}, repeatable=True, patience_seconds=REPORT_PATIENCE_SECONDS
        )
        return self._send(call, self.http.new_deadline(REPORT_PAGE_SECONDS))

    def _send(self, call: Call, deadline: float | None) -> Any:
        pair = f"{self.account.key_id}:{self.account.key_secret}"
        headers = {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode(), **call.headers}
        if call.body is not None:
            headers["Content-Type"] = "application/json"
        call = replace(call, url=self.account.api_base + call.url, headers=headers)
        try:
            reply = self.http.send(call, deadline=deadline)
            if not 200 <= reply.status < 300:
                raise error_from(reply)
        except GatewayUnavailable as exc:
            raise exc.naming(_SERVICE) from exc.__cause__
        return reply.document
