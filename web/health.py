"""What a load balancer and a monitoring system ask."""

from __future__ import annotations

import hmac

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from operations.figures import refresh_gauges
from operations.start_up import readiness
from wiring import get_services


async def healthz(request: Request) -> Response:
    """GET /healthz: the process answers."""
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """GET /readyz: database, migrations and worker are there."""
    services = await run_in_threadpool(get_services)
    parts = await run_in_threadpool(readiness, services)
    return JSONResponse(
        {"status": "ready" if all(parts.values()) else "not ready", **parts},
        status_code=200 if all(parts.values()) else 503,
    )


async def metrics(request: Request) -> Response:
    """GET /metrics with `Authorization: Bearer METRICS_TOKEN`; 404 when no token is set or it is wrong."""
    services = await run_in_threadpool(get_services)
    token = services.settings.metrics_token.get_secret_value()
    given = request.headers.get("authorization", "")
    if not token or not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        return PlainTextResponse("Not found", status_code=404)
    await run_in_threadpool(refresh_gauges, services)
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
