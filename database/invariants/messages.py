"""What came from the gateway and what goes out by mail: nothing twice, nothing forgotten."""

from __future__ import annotations

from database.invariants.rule import Invariant

MESSAGES = (
    Invariant(
        "I18",
        "Each message of a gateway leads to something within five minutes.",
        ("gateway_events",),
        """
        SELECT id
        FROM gateway_events
        WHERE status = 'new'
          AND received_at < :now - interval '5 minutes'
        """,
    ),
    Invariant(
        "I19",
        "A message of a gateway is kept once.",
        ("gateway_events",),
        """
        SELECT gateway || ' ' || dedupe_key AS id
        FROM gateway_events
        GROUP BY gateway, dedupe_key
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I20",
        # Nothing is written to somebody whose account was closed while the payment was under way.
        "Each primary payment has exactly one receipt.",
        ("payments", "orders", "users", "emails"),
        """
        SELECT found.id
        FROM (
            SELECT p.id, p.order_id
            FROM payments p
            LEFT JOIN emails e ON e.dedupe_key = 'receipt:' || p.gateway || ':' || p.gateway_payment_id
            WHERE p.role = 'primary'
            GROUP BY p.id
            HAVING count(e.dedupe_key) <> 1
        ) AS found
        JOIN orders o ON o.id = found.order_id
        JOIN users u ON u.id = o.user_id
        WHERE u.status = 'active'
          AND u.deleted_at IS NULL
        """,
    ),
    Invariant(
        "I21",
        # Without a mail server a mail is `kept` as soon as a worker sees it.
        "No mail waits for an hour without a try.",
        ("emails",),
        """
        SELECT id
        FROM emails
        WHERE status = 'queued'
          AND created_at < :now - interval '1 hour'
          AND last_error IS NULL
        """,
    ),
    Invariant(
        "J14",
        # Or the gateway shows no money for it, and a person was called: `domain.orders.NO_MONEY`.
        "An order is settled when a message that reports its payment has been dealt with.",
        ("orders", "gateway_events", "alarms"),
        """
        SELECT DISTINCT o.id
        FROM orders o
        JOIN gateway_events e ON e.order_id = o.id AND e.gateway = o.gateway
        WHERE o.status NOT IN ('paid', 'surplus', 'quarantined')
          AND e.status = 'processed'
          AND (starts_with(e.event_type, 'PAYMENT_SUCCESS') OR e.event_type IN ('payment.captured', 'order.paid'))
          AND NOT EXISTS (SELECT 1 FROM alarms a WHERE starts_with(a.key, 'order:' || o.id || ':' || 'no money came'))
        """,
    ),
)
