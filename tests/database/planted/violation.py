"""One planted violation or more for each invariant: statements that nothing of the application would run.

Triggers and foreign keys are off while they run; a constraint that stands in the way is dropped first. All
of it is rolled back. `{name}` stands for a subquery of `PLACES`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PLACES = {
    "open_order": "(SELECT id FROM orders WHERE status = 'created' LIMIT 1)",
    "paid_order": "(SELECT o.id FROM orders o JOIN users u ON u.id = o.user_id WHERE u.username = 'asha')",
    "surplus_order": "(SELECT id FROM orders WHERE status = 'surplus' ORDER BY created_at LIMIT 1)",
    "kept": "(SELECT p.id FROM payments p JOIN orders o ON o.id = p.order_id JOIN users u ON u.id = o.user_id"
    " WHERE u.username = 'asha' AND p.role = 'primary')",
    "returned": "(SELECT id FROM payments WHERE role = 'primary' AND status = 'refunded')",
    "failed": "(SELECT id FROM payments WHERE status = 'failed')",
    "second_on_order": "(SELECT d.id FROM payments d JOIN payments p ON p.order_id = d.order_id AND p.role = 'primary'"
    " WHERE d.role = 'duplicate')",
    "intended": "(SELECT id FROM refunds WHERE status = 'intended')",
    "processed": "(SELECT id FROM refunds WHERE status = 'processed' ORDER BY id LIMIT 1)",
    "visitor": "(SELECT id FROM users WHERE username = 'nila')",
    "admin": "(SELECT id FROM users WHERE role = 'admin')",
    "subscription": "(SELECT s.id FROM subscriptions s JOIN users u ON u.id = s.user_id"
    " WHERE u.username = 'asha')",
    "idle_subscription": "(SELECT s.id FROM subscriptions s JOIN users u ON u.id = s.user_id"
    " WHERE u.username = 'nila')",
}


@dataclass(frozen=True)
class Planted:
    """Statements that violate `invariant`, and the further invariants that cannot but see the same."""

    invariant: str
    name: str
    statements: tuple[str, ...]
    also: frozenset[str] = field(default_factory=frozenset)


def plant(invariant: str, name: str, *statements: str, also: str = "") -> Planted:
    filled = tuple(statement.format_map(PLACES) for statement in statements)
    return Planted(invariant, name, filled, frozenset(also.split()))
