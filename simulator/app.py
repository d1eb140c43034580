"""Puts the simulator together: routes, background work and what surrounds every request."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from simulator import (
    assets,
    cashfree_api,
    checkout_pages,
    control,
    dashboard,
    phone,
    razorpay_accounts,
    razorpay_api,
    razorpay_checkout,
)
from simulator.clock import Clock, real_time
from simulator.connection import TRANSPORT_KEY
from simulator.courier import Courier
from simulator.gateway import Gateway
from simulator.lifecycle import process_due
from simulator.settings import DEFAULT_CLIENT_ID, DEFAULT_CLIENT_SECRET, Account, RazorpayKeys
from simulator.store import Store


class SimulatorApp(Starlette):
    """Starlette plus two promises: time is current before a call, memory safe before its reply."""

    gateway: Gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        # uvicorn hands over a bound method of the object that holds the connection.
        scope[TRANSPORT_KEY] = getattr(getattr(send, "__self__", None), "transport", None)
        process_due(self.gateway)
        if self.gateway.clock.rate != 1.0:
            # A fast clock leads ever further; what was answered must not be in the future of a restart.
            self.gateway.advance(0)

        async def send_after_flush(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.gateway.store.flush()
            await send(message)

        await super().__call__(scope, receive, send_after_flush)


def build_app(
    state_dir: Path,
    *,
    client_id: str = DEFAULT_CLIENT_ID,
    client_secret: str = DEFAULT_CLIENT_SECRET,
    razorpay: RazorpayKeys | None = None,
    clock: Callable[[], datetime] = real_time,
) -> Starlette:
    """Return a simulator that remembers in ``state_dir``; ``clock`` tells the real time."""
    gateway = Gateway(Account(client_id, client_secret), Store(state_dir), Clock(clock))
    gateway.razorpay = razorpay or RazorpayKeys()
    gateway.restore()
    razorpay_accounts.accounts(gateway)
    razorpay_accounts.register_own_webhook(gateway)
    courier_of: list[Courier] = []

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        courier = Courier(gateway)
        courier_of[:] = [courier]
        work = asyncio.create_task(courier.run())
        try:
            yield
        finally:
            work.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await work
            await courier.close()
            gateway.store.close()

    async def flush() -> bool:
        return await courier_of[0].flush() if courier_of else True

    app = SimulatorApp(
        routes=[
            Route("/", _to_dashboard),
            *cashfree_api.routes(gateway),
            *checkout_pages.routes(gateway, flush),
            *razorpay_checkout.routes(gateway, flush),
            *phone.routes(gateway),
            *razorpay_api.routes(gateway),
            *dashboard.routes(gateway),
            *control.routes(gateway, flush),
            *assets.routes(gateway),
        ],
        lifespan=lifespan,
    )
    app.gateway = gateway
    return app


async def _to_dashboard(_: Request) -> Response:
    return RedirectResponse("/dashboard", status_code=303)
