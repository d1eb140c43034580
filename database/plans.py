"""Statements on plans and prices."""

from __future__ import annotations

from sqlalchemy import Connection, text

from domain.plans import Plan


def list_current(conn: Connection) -> list[Plan]:
    """The plans on sale with the price that is valid now, in the order in which they are shown."""
    rows = conn.execute(
        text("""
        SELECT p.id, p.name, p.months, c.id AS price_id, c.amount_paise, c.currency
        FROM plans p
        JOIN prices c ON c.plan_id = p.id AND c.valid_until IS NULL
        ORDER BY p.position
        """)
    )
    return [Plan(**row) for row in rows.mappings()]
