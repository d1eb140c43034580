"""Carries deliveries to their addresses: HTTP in threads, so that no route waits for a merchant."""

from __future__ import annotations

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

import requests

from simulator import razorpay_webhooks, webhooks
from simulator.clock import ist
from simulator.deliveries import SPREAD, behind, plan
from simulator.gateway import Gateway
from simulator.lifecycle import process_due
from simulator.records import Delivery

# Real seconds: the beat at which expiries and retries are looked for when nothing else happens.
BEAT_SECONDS = 0.25
CONNECT_SECONDS = 2.0
FLUSH_PATIENCE_SECONDS = 20.0
WORKERS = 16
SENDERS = {"cashfree": webhooks.SENDER, "razorpay": razorpay_webhooks.SENDER}


class Courier:
    """Sends due deliveries and plans their retries."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._wake = asyncio.Event()
        self._threads = ThreadPoolExecutor(WORKERS, thread_name_prefix="webhook")
        self._on_the_way: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        self._gateway.wake_courier = self._wake.set
        while True:
            self.start_due()
            self._gateway.store.flush()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._pause())
            self._wake.clear()

    def start_due(self) -> None:
        """Start sending everything that is due now."""
        process_due(self._gateway)
        while self._gateway.due_deliveries:
            key = self._gateway.due_deliveries.pop(0)
            delivery = self._gateway.store.deliveries.get(key)
            if delivery is not None and delivery.state == "waiting":
                delivery.state = "sending"
                task = asyncio.create_task(self._deliver(delivery))
                self._on_the_way.add(task)
                task.add_done_callback(self._on_the_way.discard)

    async def flush(self) -> bool:
        """Wait until nothing that is due is left to send. False when patience ran out."""
        deadline = asyncio.get_running_loop().time() + FLUSH_PATIENCE_SECONDS
        self.start_due()
        while self._on_the_way or self._is_more_at_hand():
            left = deadline - asyncio.get_running_loop().time()
            if left <= 0:
                return False
            if self._on_the_way:
                await asyncio.wait(set(self._on_the_way), timeout=left)
            else:
                await asyncio.sleep(self._pause())
            self.start_due()
        return True

    async def close(self) -> None:
        """Stop without waiting for slow merchants; what is unanswered is sent after a restart."""
        for task in list(self._on_the_way):
            task.cancel()
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _pause(self) -> float:
        """Until the next thing is due, within a beat."""
        next_at = self._gateway.agenda.next_at()
        if next_at is None:
            return BEAT_SECONDS
        return min(BEAT_SECONDS, max(0.001, (next_at - self._gateway.now()).total_seconds()))

    def _is_more_at_hand(self) -> bool:
        """True while a first attempt is only waiting for the one before it."""
        gateway, soon = self._gateway, self._gateway.now() + SPREAD
        return any(
            d.gateway == "razorpay" and d.state == "waiting" and d.attempt == 0 and d.due_at <= soon
            for d in gateway.store.deliveries.values()
        )

    async def _deliver(self, delivery: Delivery) -> None:
        gateway = self._gateway
        delivery.attempt += 1
        event = gateway.store.events.get(delivery.event_id)
        order_id = None if event is None else event.order_id
        sender = SENDERS[delivery.gateway]
        take = gateway.faults.taker(delivery.gateway)
        is_wrong = take("wrong_signature", order_id=order_id) is not None
        headers = sender.signed_headers(gateway, delivery, has_wrong_signature=is_wrong)
        answer = await asyncio.get_running_loop().run_in_executor(
            self._threads,
            _post,
            delivery.url,
            delivery.body.encode("utf-8", "surrogatepass"),
            headers,
            gateway.answer_seconds,
        )
        if delivery.key not in gateway.store.deliveries:
            return  # reset while the request was under way
        delivery.log.append({"at": ist(gateway.now()), "attempt": delivery.attempt, "answer": answer})
        gateway.put_behind.discard(delivery.key)
        if sender.is_accepted(answer):
            delivery.state = "delivered"
        elif delivery.state == "sending":
            sender.plan_next(gateway, delivery)
        gateway.store.save(delivery)
        gateway.store.flush()
        self._release_behind(delivery)

    def _release_behind(self, sent: Delivery) -> None:
        for waiting in behind(self._gateway, sent.url):
            if waiting.key != sent.key and waiting.state == "waiting":
                self._gateway.put_behind.discard(waiting.key)
                plan(self._gateway, waiting, self._gateway.now())
                self._wake.set()


def _post(url: str, body: bytes, headers: dict[str, str], answer_seconds: float) -> str:
    """Send one attempt; return the status as text, or what went wrong."""
    with requests.Session() as session:
        session.trust_env = False
        try:
            reply = session.post(
                url,
                data=body,
                headers=headers,
                timeout=(CONNECT_SECONDS, answer_seconds),
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as exc:
            return type(exc).__name__
        return str(reply.status_code)
