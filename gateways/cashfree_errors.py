"""Cashfree's error words and our error tree: one table, read by status, type and code, never by message.

API version 2025-01-01, https://www.cashfree.com/docs/api-reference/payments/latest/errors. Body:
{"message", "code", "type", "help"?}. A 409 and a 404 may also arrive as 400; then the code decides.
"""

from __future__ import annotations

import re

from domain.errors import (
    GatewayConflict,
    GatewayCredentialsRejected,
    GatewayError,
    GatewayFeatureDisabled,
    GatewayObjectNotFound,
    GatewayRateLimited,
    GatewayReplyInvalid,
    GatewayRequestRejected,
    GatewayTimeout,
    GatewayUnavailable,
    IdempotencyMismatch,
)
from gateways.http import Reply

BY_CODE: dict[str, type[GatewayError]] = {
    "order_already_exists": GatewayConflict,
    "order_id_already_exists": GatewayConflict,
    "refund_already_exists": GatewayConflict,
    "refund_id_already_exists": GatewayConflict,
    "idempotency_key_mismatch": IdempotencyMismatch,
    "order_not_found": GatewayObjectNotFound,
    "order_get_not_found": GatewayObjectNotFound,
    "payment_not_found": GatewayObjectNotFound,
    "orderpay_not_found": GatewayObjectNotFound,
    "refund_not_found": GatewayObjectNotFound,
    "refund_get_not_found": GatewayObjectNotFound,
    "link_not_found": GatewayObjectNotFound,
    "link_get_not_found": GatewayObjectNotFound,
    "bank_processing_failure": GatewayUnavailable,
    "api_request_timeout": GatewayTimeout,
    "partner_apikey_invalid": GatewayCredentialsRejected,
    "payment_gateway_inactive": GatewayFeatureDisabled,
    "refType_not_approved": GatewayFeatureDisabled,
    "installer_package_not_approved": GatewayFeatureDisabled,
}
BY_TYPE: dict[str, type[GatewayError]] = {
    "authentication_error": GatewayCredentialsRejected,
    "feature_not_enabled": GatewayFeatureDisabled,
    "idempotency_error": IdempotencyMismatch,
    "rate_limit_error": GatewayRateLimited,
    "api_connection_error": GatewayUnavailable,
    "bad_gateway_error": GatewayUnavailable,
}
BY_STATUS: dict[int, type[GatewayError]] = {
    400: GatewayRequestRejected,
    401: GatewayCredentialsRejected,
    403: GatewayFeatureDisabled,
    404: GatewayObjectNotFound,
    409: GatewayConflict,
    422: GatewayRequestRejected,
    429: GatewayRateLimited,
    504: GatewayTimeout,
}
# `domain_name_<referer>`: the shop's domain is not whitelisted.
NOT_APPROVED_PREFIX = "domain_name_"
_CODE = re.compile(r"[A-Za-z0-9_.\-]{1,100}")


def error_from(reply: Reply) -> GatewayError:
    """The error that a reply outside 2xx stands for. The gateway's message text is not kept."""
    document = reply.document if isinstance(reply.document, dict) else {}
    code, kind = _word(document.get("code")), _word(document.get("type"))
    detail = f"HTTP {reply.status} type={kind or '-'} code={code or '-'}"
    error = _class_for(reply.status, kind, code)
    if error is GatewayRateLimited:
        return GatewayRateLimited(retry_after_seconds=reply.retry_after_seconds, detail=detail, code=code)
    return error(detail=detail, code=code, gateway_status=reply.status)


def _class_for(status: int, kind: str, code: str) -> type[GatewayError]:
    if code in BY_CODE:
        return BY_CODE[code]
    if code.startswith(NOT_APPROVED_PREFIX):
        return GatewayFeatureDisabled
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    if status in BY_STATUS:
        return BY_STATUS[status]
    if status >= 500:
        return GatewayUnavailable
    return GatewayRequestRejected if status >= 400 else GatewayReplyInvalid


def _word(value: object) -> str:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else ""
