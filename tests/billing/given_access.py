"""How the tests of given access give, buy and return, and what they read of it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import text

from billing.grants import give_access, offer_access
from domain.accounts import User
from domain.subscriptions import Period
from payment_handler import start_checkout, sync_order
from tests.books import rows
from tests.fakes import FakeGateway
from wiring import Services

DAY = timedelta(days=1)


def give(services: Services, admin: User, user: User, *, days: int = 30, **changes) -> Period:
    """Access as the form gives it: what was offered is what is given."""
    offer = offer_access(services, admin, user_id=user.id, plan_id="monthly", days=days)
    values = {
        "user_id": user.id, "plan_id": "monthly", "days": days, "reason": "The outage of 9 March",
        "seen_until": offer.access_until, **changes,
    }  # fmt: skip
    return give_access(services, admin, **values)


def buy(services: Services, gateway: FakeGateway, user: User, plan: str = "monthly") -> str:
    order = start_checkout(services, user, plan)
    gateway.pay(order.id)
    sync_order(services, order.id)
    return order.id


def refund(services: Services, gateway: FakeGateway, order_id: str) -> None:
    gateway.refund_in_dashboard(order_id, sum(p.amount_paise for p in gateway.payments[order_id]))
    sync_order(services, order_id)


def mails(services: Services, kind: str) -> list:
    with services.engine.connect() as conn:
        found = conn.execute(
            text("SELECT to_address, subject, text_body FROM emails WHERE kind = :kind ORDER BY id"),
            {"kind": kind},
        )
        return list(found)


def audited(services: Services, action: str) -> list[tuple]:
    return rows(
        services, f"SELECT object, actor_id, detail FROM audit_log WHERE action = '{action}' ORDER BY id"
    )


def grant_id(period: Period) -> int:
    assert period.grant_id is not None
    return period.grant_id
