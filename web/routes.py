"""Every route of our own, in one list. Both spellings of a webhook are here, because a redirect counts as a failure."""

from __future__ import annotations

from starlette.routing import BaseRoute, Route

from web import (
    account,
    auth,
    callbacks,
    checkout,
    csp_reports,
    documents,
    health,
    receipts,
    unsubscribe,
    webhooks,
)
from web.paths import RAZORPAY_CALLBACK_PATH, UNSUBSCRIBE_PATH
from web.response_headers import REPORT_PATH

_ALL_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


def build_routes() -> list[BaseRoute]:
    """The routes beside the Streamlit pages."""
    return [
        Route("/webhooks/cashfree", webhooks.cashfree, methods=_ALL_METHODS),
        Route("/webhooks/cashfree/", webhooks.cashfree, methods=_ALL_METHODS),
        Route("/webhooks/razorpay", webhooks.razorpay, methods=_ALL_METHODS),
        Route("/webhooks/razorpay/", webhooks.razorpay, methods=_ALL_METHODS),
        Route(RAZORPAY_CALLBACK_PATH, callbacks.razorpay, methods=_ALL_METHODS),
        Route("/auth/session", auth.start_session, methods=["GET"]),
        Route("/auth/sign-out", auth.end_session, methods=["POST"]),
        Route("/account/export", account.export, methods=["GET"]),
        Route("/checkout/{order_id}", checkout.checkout, methods=["GET"]),
        Route("/checkout/{order_id}/script-failure", checkout.script_failure, methods=["POST"]),
        Route("/receipts/{order_id}", receipts.receipt, methods=["GET"]),
        Route(f"{UNSUBSCRIBE_PATH}{{token}}", unsubscribe.show, methods=["GET"]),
        Route(f"{UNSUBSCRIBE_PATH}{{token}}", unsubscribe.receive, methods=["POST"]),
        Route("/favicon.ico", documents.icon, methods=["GET"]),
        Route("/healthz", health.healthz, methods=["GET"]),
        Route("/readyz", health.readyz, methods=["GET"]),
        Route("/metrics", health.metrics, methods=["GET"]),
        Route(REPORT_PATH, csp_reports.receive_report, methods=["POST"]),
    ]
