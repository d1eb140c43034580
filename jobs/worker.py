"""Run the worker, beside the web application or alone, and start it again when a database outage ended it."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from jobs.tasks import build_job_app
from wiring import Services

log = structlog.get_logger()

_CONCURRENCY = 4
_RESTART_SECONDS = 1.0
_STOP_SECONDS = 5.0


async def work_for_ever(services: Services) -> None:
    """Work until cancelled. The library's worker ends for good after a long outage: it is started anew."""
    while True:
        try:
            app = build_job_app(services)
            async with app.open_async():
                await app.run_worker_async(
                    wait=True,
                    install_signal_handlers=False,
                    concurrency=_CONCURRENCY,
                    # A restarted database loses LISTEN without a word; polling finds what was missed.
                    fetch_job_polling_interval=5.0,
                    shutdown_graceful_timeout=_STOP_SECONDS,
                )
        except Exception as exc:  # the outermost edge of the worker: it must never end for good
            log.error("worker_ended", error=type(exc).__name__)
        await asyncio.sleep(_RESTART_SECONDS)


async def work_until_told_to_stop(services: Services) -> None:
    """Work until SIGTERM comes: jobs under way end, and the next worker need not find out that this one is gone."""
    work = asyncio.create_task(work_for_ever(services))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, work.cancel)
    with suppress(asyncio.CancelledError):
        await work


@asynccontextmanager
async def working(services: Services) -> AsyncIterator[None]:
    """A worker that runs as long as the block; jobs under way get a few seconds to end."""
    task = asyncio.create_task(work_for_ever(services))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task], timeout=_STOP_SECONDS + 2)
