"""Statements on plans and prices."""

from __future__ import annotations

from sqlalchemy import Connection, text

from domain.plans import Plan


def list_current(conn: Connection) -> list[Plan]:
    """The plans on sale with the price that is valid now, in the order in which they are shown."""
    rows = conn.execute(
        text("""
        SELECT p.id, p.name, p.months, c.id AS price_id, c.amount_paise, c.currency, p.gateway
        FROM plans p
        JOIN prices c ON c.plan_id = p.id AND c.valid_until IS NULL
        ORDER BY p.position
        """)
    )
    return [Plan(**row) for row in rows.mappings()]


def find_price(conn: Connection, plan_id: str, *, amount_paise: int, currency: str) -> int | None:
    """The newest price at which a plan was ever sold for this amount."""
    price_id: int | None = conn.execute(
        text("""
        SELECT id
        FROM prices
        WHERE plan_id = :plan_id
          AND amount_paise = :amount_paise
          AND currency = :currency
        ORDER BY valid_from DESC
        LIMIT 1
        """),
        {"plan_id": plan_id, "amount_paise": amount_paise, "currency": currency},
    ).scalar()
    return price_id
