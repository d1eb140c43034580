"""A running application: its addresses, its simulator's control API, its database, and members made cheaply."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import requests
from playwright.sync_api import BrowserContext
from sqlalchemy import text

import payment_handler
import user_management
from accounts.link_tokens import fill_in
from accounts.sessions import issue_ticket, redeem_ticket, session_cookie_name
from config import load_settings
from domain.accounts import User
from domain.links import Purpose
from domain.orders import Order
from tests.canaries import PERSONAL, SECRETS, leaks_in_lines
from tests.e2e.journey import Person, new_person
from wiring import Services, build_services

_READY_SECONDS = 60
# The gateways' words for one thing.
_STATUSES = {"captured": "SUCCESS", "failed": "FAILED", "created": "PENDING"}
_GROUPS = {"credit_card": "card", "netbanking": "net_banking"}

T = TypeVar("T")


@dataclass(frozen=True)
class Member:
    """A registered person, the account behind it, and the order that registering opened."""

    person: Person
    user: User
    order: Order


@dataclass
class Site:
    """The application's process and where to reach it."""

    process: subprocess.Popen[bytes]
    port: int
    simulator_port: int
    folder: Path
    environment: dict[str, str] = field(repr=False)
    # Tokens of sessions that tests made or saw: secrets like passwords.
    tokens: dict[str, str] = field(default_factory=dict, repr=False)

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @cached_property
    def services(self) -> Services:
        """The use-cases on the same database and the same simulator, in the test's own process."""
        return build_services(load_settings(self.environment, root=self.folder))

    def wait_until_ready(self) -> None:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the application ended: {self.log()[-2000:]}")
            try:
                if requests.get(f"{self.url}/readyz", timeout=2).status_code == 200:
                    return
            except requests.RequestException:
                pass
            time.sleep(0.1)
        raise RuntimeError(f"the application is not ready: {self.log()[-2000:]}")

    def stop(self) -> None:
        """End the application, and see that it has written down nothing that it must not (S17)."""
        texts = self._texts() if "services" in self.__dict__ else []
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        if "services" in self.__dict__:
            self.services.close()
        with (self.folder / "app.log").open(encoding="utf-8", errors="replace") as lines:
            leaked = leaks_in_lines(lines, {**SECRETS, **PERSONAL, **self.tokens})
        leaked += leaks_in_lines(texts, {**SECRETS, **self.tokens})
        assert not leaked, leaked[:10]

    def _texts(self) -> list[str]:
        """Every row of every table of the application's database, as text."""
        tables = self.rows("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        return [
            row["line"]
            for table in tables
            for row in self.rows(f"SELECT t::text AS line FROM {table['tablename']} t")
        ]

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.request("GET", path, **options)

    def request(self, method: str, path: str, **options: Any) -> requests.Response:
        return requests.request(method, f"{self.url}{path}", timeout=10, allow_redirects=False, **options)

    def simulator(self, method: str, path: str, /, **body: Any) -> Any:
        """Call the simulator's control API."""
        reply = requests.request(method, f"{self.simulator_url}{path}", json=body or None, timeout=30)
        reply.raise_for_status()
        return reply.json() if reply.content else None

    def arm(self, fault: str, **settings: Any) -> None:
        """Let the simulator misbehave until the end of the test, or `count` times."""
        self.simulator("POST", "/control/faults", name=fault, **settings)

    def truth(self, user: User) -> list[dict[str, Any]]:
        """What the gateway knows of this user's orders, in the same words for both gateways."""
        orders = self.simulator("GET", "/control/truth")["orders"]
        return [
            # Razorpay has numbers of its own; ours is the receipt.
            {
                **order,
                "order_id": order.get("receipt") or order["order_id"],
                "status": order["status"].upper(),
            }
            for order in orders
            if order["tags"].get("user_id") == str(user.id)
        ]

    def at_gateway(self, order_id: str) -> str:
        """What an order's gateway calls it."""
        (row,) = self.rows("SELECT gateway, gateway_order_id FROM orders WHERE id = :id", id=order_id)
        return order_id if row["gateway"] == "cashfree" else str(row["gateway_order_id"])

    def gateway_payments(self, order_id: str) -> list[dict[str, Any]]:
        """Every attempt to pay an order, as the gateway knows it, in the same words for both gateways."""
        payments = self.simulator("GET", "/control/truth")["payments"]
        number = self.at_gateway(order_id)
        return [
            {
                **payment,
                "payment_id": payment.get("cf_payment_id") or payment.get("payment_id"),
                "status": _STATUSES.get(payment["status"], payment["status"]),
                "group": _GROUPS.get(payment["group"], payment["group"]),
            }
            for payment in payments
            if payment["order_id"] == number
        ]

    def rows(self, sql: str, **values: Any) -> list[dict[str, Any]]:
        """Read the application's database as psql would."""
        with self.services.engine.connect() as conn:
            return [dict(row) for row in conn.execute(text(sql), values).mappings()]

    def orders(self, username: str) -> list[dict[str, Any]]:
        """A user's orders, oldest first."""
        return self.rows(
            "SELECT o.* FROM orders o JOIN users u ON u.id = o.user_id WHERE u.username = :name ORDER BY o.created_at",
            name=username,
        )

    def subscription(self, username: str) -> dict[str, Any]:
        """The guide's view of a subscription."""
        found = user_management.SubscriptionTracker(self.services).get_subscription(username)
        if found is None:
            raise LookupError(username)
        return found

    def link_sent_to(self, email: str, kind: str) -> str:
        """The path of the newest link of this kind that went to an address, as its reader would click it."""

        def newest() -> list[dict[str, Any]]:
            return self.rows(
                """
                SELECT e.text_body, e.email_token_id, t.purpose
                FROM emails e JOIN email_tokens t ON t.id = e.email_token_id
                WHERE e.to_address = :email AND e.kind = :kind ORDER BY e.id DESC LIMIT 1
                """,
                email=email,
                kind=kind,
            )

        (mail,) = eventually(newest)
        settings = self.services.settings
        body = fill_in(settings, mail["text_body"], mail["email_token_id"], Purpose(mail["purpose"]))
        (link,) = re.findall(rf"{re.escape(self.url)}(/\S+)", body)[:1]
        return str(link)

    def user(self, username: str) -> User:
        (row,) = self.rows("SELECT email FROM users WHERE username = :name", name=username)
        return user_management.sign_in(self.services, login=row["email"], password=Person.password)

    def admin(self, email: str, password: str) -> User:
        return user_management.sign_in(self.services, login=email, password=password)

    def join(self, plan: str = "monthly", gateway: str = "cashfree") -> Member:
        """Register a new person and open the order, as the form does, without a browser."""
        person = new_person()
        user = user_management.register(
            self.services,
            full_name=person.full_name,
            email=person.email,
            username=person.username,
            phone=person.phone,
            state=person.state,
            password=person.password,
        )
        return Member(
            person, user, payment_handler.start_checkout(self.services, user, plan, gateway=gateway)
        )

    @contextlib.contextmanager
    def selling_at(self, gateway: str) -> Iterator[None]:
        """The plans name this gateway for a while; else the setting does, which names Cashfree."""
        self._sell_at(gateway)
        try:
            yield
        finally:
            self._sell_at(None)

    def _sell_at(self, gateway: str | None) -> None:
        with self.services.engine.begin() as conn:
            conn.execute(text("UPDATE plans SET gateway = :gateway"), {"gateway": gateway})

    def pay(self, order: Order, outcome: str = "SUCCESS") -> None:
        """Pay an order by card without a browser."""
        address = f"/control/orders/{self.at_gateway(order.id)}/pay"
        self.simulator("POST", address, method="card", outcome=outcome)

    def let_in(self, context: BrowserContext, user: User) -> None:
        """Give the browser a session of this user, as the log-in form does."""
        ticket = issue_ticket(self.services, user, browser_token="the-browser")
        token = redeem_ticket(self.services, ticket, browser_token="the-browser", user_agent="test")
        self.tokens[f"session {len(self.tokens)}"] = token
        name = session_cookie_name(self.services.settings)
        context.add_cookies(
            [{"name": name, "value": token, "url": self.url, "httpOnly": True, "sameSite": "Lax"}]
        )

    def log(self) -> str:
        return (self.folder / "app.log").read_text()


def eventually(probe: Callable[[], T], *, within_seconds: float = 45) -> T:
    """The first truthy answer of `probe`. Fails with its last answer when none comes in time."""
    deadline = time.monotonic() + within_seconds
    while not (answer := probe()):
        assert time.monotonic() < deadline, f"still {answer!r} after {within_seconds} s"
        time.sleep(0.1)
    return answer
