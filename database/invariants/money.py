"""Orders, payments, refunds, and the gateway's own account as the witness.

I01 to I33 are the list that most payment systems share; J rows are what our own tables make possible.
"""

from __future__ import annotations

from database.invariants.rule import Invariant

# What moved in these times stands in a report that was read. Reports of the gateway are complete after two
# days, and each night's run reads three. Many runs become few ranges, so that all payments can be compared.
_REPORTED_TIMES = """
        WITH reported_times AS (
            SELECT gateway, range_agg(tstzrange(since, until - interval '48 hours', '[]')) AS times
            FROM report_runs
            WHERE since <= until - interval '48 hours'
            GROUP BY gateway
        )
"""

_ORDERS = (
    Invariant(
        "I01",
        "A paid order has exactly one primary payment.",
        ("orders", "payments"),
        """
        SELECT o.id
        FROM orders o
        LEFT JOIN payments p ON p.order_id = o.id AND p.role = 'primary' AND p.status IN ('captured', 'refunded')
        WHERE o.status = 'paid'
        GROUP BY o.id
        HAVING count(p.id) <> 1
        """,
    ),
    Invariant(
        "I17",
        # Also true when it is the gateway that does not answer: a person should know by then.
        "No order is left open for longer than 45 minutes.",
        ("orders",),
        """
        SELECT id
        FROM orders
        WHERE status IN ('creating', 'unknown', 'created')
          AND created_at < :now - interval '45 minutes'
        """,
    ),
    Invariant(
        "J01",
        "An order has the time of its payment if and only if it is paid.",
        ("orders",),
        "SELECT id FROM orders WHERE (status = 'paid') <> (paid_at IS NOT NULL)",
    ),
    Invariant(
        "J02",
        "An order, its checkout and its payments belong together: one buyer, one purchase.",
        ("orders", "checkouts", "payments"),
        """
        SELECT o.id
        FROM orders o
        LEFT JOIN checkouts c ON c.id = o.checkout_id
        WHERE o.user_id IS DISTINCT FROM c.user_id
        UNION
        SELECT p.order_id
        FROM payments p
        LEFT JOIN orders o ON o.id = p.order_id
        WHERE p.checkout_id IS DISTINCT FROM o.checkout_id
        """,
    ),
    Invariant(
        "J03",
        "An order that brought money is paid or surplus, and a surplus order brought money.",
        ("orders", "payments"),
        """
        SELECT o.id
        FROM payments p
        JOIN orders o ON o.id = p.order_id
        WHERE p.role IS NOT NULL
          AND o.status NOT IN ('paid', 'surplus')
        UNION
        SELECT o.id
        FROM orders o
        WHERE o.status = 'surplus'
          AND NOT EXISTS (SELECT 1 FROM payments p WHERE p.order_id = o.id AND p.role = 'duplicate')
        """,
    ),
    Invariant(
        "J04",
        "A purchase that was paid is closed, so that its buyer is not asked to pay again.",
        ("checkouts", "payments"),
        """
        SELECT c.id
        FROM checkouts c
        JOIN payments p ON p.checkout_id = c.id AND p.role = 'primary'
        WHERE c.closed_at IS NULL
        """,
    ),
    Invariant(
        "J05",
        "For each order in quarantine a person was called.",
        ("orders", "alarms"),
        """
        SELECT o.id
        FROM orders o
        WHERE o.status = 'quarantined'
          AND NOT EXISTS (SELECT 1 FROM alarms a WHERE starts_with(a.key, 'order:' || o.id || ':'))
        """,
    ),
    Invariant(
        "J06",
        "Money is held only while its order is in quarantine.",
        ("orders", "payments"),
        """
        SELECT p.id
        FROM payments p
        LEFT JOIN orders o ON o.id = p.order_id
        WHERE p.status = 'held'
          AND o.status IS DISTINCT FROM 'quarantined'
        """,
    ),
)

_PAYMENTS = (
    Invariant(
        "I02",
        "A payment of a gateway is recorded at most once.",
        ("payments",),
        """
        SELECT gateway || ' ' || gateway_payment_id AS id
        FROM payments
        GROUP BY gateway, gateway_payment_id
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I03",
        "A primary payment equals its order in amount, currency and gateway, and its order is paid.",
        ("payments", "orders"),
        """
        SELECT p.id
        FROM payments p
        LEFT JOIN orders o ON o.id = p.order_id
        WHERE p.role = 'primary'
          AND (
              o.status IS DISTINCT FROM 'paid'
              OR (p.amount_paise, p.currency, p.gateway) IS DISTINCT FROM (o.amount_paise, o.currency, o.gateway)
          )
        """,
    ),
    Invariant(
        "I14",
        # A second success on the *same* order is returned by the gateway itself: asking for it by order could
        # take the good payment.
        "A payment that bought nothing goes back: asked for within an hour, or returned by the gateway in a day, or by "
        "hand.",
        ("payments", "refunds", "hand_returns"),
        """
        SELECT p.order_id AS id
        FROM payments p
        WHERE p.role = 'duplicate'
          AND p.status = 'captured'
          AND p.created_at < :now - interval '1 hour'
          AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.payment_id = p.id AND r.status <> 'failed')
          AND NOT EXISTS (SELECT 1 FROM hand_returns h WHERE h.payment_id = p.id)
          AND (
              p.created_at < :now - interval '24 hours'
              OR NOT EXISTS (
                  SELECT 1 FROM payments q WHERE q.order_id = p.order_id AND q.role IS NOT NULL AND q.id < p.id
              )
          )
        """,
    ),
)

_REFUNDS = (
    Invariant(
        "I11",
        "Never more goes back than a payment brought.",
        ("payments", "refunds"),
        """
        SELECT p.id
        FROM payments p
        JOIN refunds r ON r.payment_id = p.id AND r.status <> 'failed'
        GROUP BY p.id, p.amount_paise
        HAVING sum(r.amount_paise) > p.amount_paise
        """,
    ),
    Invariant(
        "I12",
        "One intention to refund is one refund, here and at the gateway.",
        ("refunds",),
        """
        SELECT refund_key AS id
        FROM refunds
        GROUP BY refund_key
        HAVING count(*) > 1
        UNION
        SELECT gateway || ' ' || gateway_refund_id
        FROM refunds
        WHERE gateway_refund_id IS NOT NULL
        GROUP BY gateway, gateway_refund_id
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "J07",
        "A payment is called refunded if and only if all of it went back.",
        ("payments", "refunds"),
        """
        SELECT p.id
        FROM payments p
        LEFT JOIN (
            SELECT payment_id, sum(amount_paise) AS paise
            FROM refunds
            WHERE status = 'processed'
            GROUP BY payment_id
        ) back ON back.payment_id = p.id
        WHERE (p.status = 'refunded') <> (coalesce(back.paise, 0) >= p.amount_paise)
        """,
    ),
    Invariant(
        "J08",
        "A refund is asked for within an hour of its intention.",
        ("refunds",),
        """
        SELECT refund_key AS id
        FROM refunds
        WHERE status = 'intended'
          AND created_at < :now - interval '1 hour'
        """,
    ),
)

_WITNESS = (
    Invariant(
        "I15",
        # The report may name what the buyer's bank was charged instead of what the order cost.
        "Each payment that the gateway reports for an order of ours is in our books, with its amount.",
        ("reported_movements", "payments"),
        """
        SELECT m.gateway || ' ' || m.movement_id AS id
        FROM reported_movements m
        LEFT JOIN payments p ON p.gateway = m.gateway AND p.gateway_payment_id = m.gateway_payment_id
        WHERE m.kind = 'payment'
          AND m.order_id ~ '^ORDER[A-Z0-9]{15}$'
          AND (
              p.id IS NULL
              OR p.status NOT IN ('held', 'captured', 'refunded')
              OR p.order_id <> m.order_id
              OR ((m.amount_paise, m.currency) <> (p.amount_paise, p.currency)
                  AND (m.amount_paise, m.currency) <> (p.charged_paise, p.charged_currency))
          )
        """,
    ),
    Invariant(
        "I16",
        "Each payment in our books is in the gateway's report of its time.",
        ("payments", "reported_movements", "report_runs"),
        f"""
        {_REPORTED_TIMES}
        SELECT p.id
        FROM payments p
        JOIN reported_times t ON t.gateway = p.gateway AND coalesce(p.paid_at, p.created_at) <@ t.times
        WHERE p.role IS NOT NULL
          AND NOT EXISTS (
              SELECT 1
              FROM reported_movements m
              WHERE (m.gateway, m.kind, m.movement_id) = (p.gateway, 'payment', p.gateway_payment_id)
          )
        """,
    ),
    Invariant(
        "I33",
        "Each refund that the gateway reports of a payment of ours is in our books, with its amount.",
        ("reported_movements", "refunds", "payments"),
        """
        SELECT m.gateway || ' ' || m.movement_id AS id
        FROM reported_movements m
        JOIN payments p ON p.gateway = m.gateway AND p.gateway_payment_id = m.gateway_payment_id
        LEFT JOIN refunds theirs ON theirs.gateway = m.gateway AND theirs.gateway_refund_id = m.movement_id
        LEFT JOIN refunds ours ON ours.gateway = m.gateway AND ours.refund_key = m.refund_key
        WHERE m.kind = 'refund'
          AND (p.role IS NOT NULL OR p.status = 'held')
          AND (
              coalesce(theirs.status, ours.status) IS DISTINCT FROM 'processed'
              OR coalesce(theirs.gateway_amount_paise, ours.gateway_amount_paise) <> m.amount_paise
              OR coalesce(theirs.payment_id, ours.payment_id) <> p.id
          )
        """,
    ),
    Invariant(
        "J11",
        "Each refund that we call carried out is in the gateway's report of its time.",
        ("refunds", "reported_movements", "report_runs"),
        f"""
        {_REPORTED_TIMES}
        SELECT r.refund_key AS id
        FROM refunds r
        JOIN reported_times t ON t.gateway = r.gateway AND r.processed_at <@ t.times
        WHERE r.status = 'processed'
          AND NOT EXISTS (
              SELECT 1
              FROM reported_movements m
              WHERE (m.gateway, m.kind, m.movement_id) = (r.gateway, 'refund', r.gateway_refund_id)
          )
          AND NOT EXISTS (
              SELECT 1
              FROM reported_movements m
              WHERE (m.gateway, m.kind, m.refund_key) = (r.gateway, 'refund', r.refund_key)
          )
        """,
    ),
)

MONEY = (*_ORDERS, *_PAYMENTS, *_REFUNDS, *_WITNESS)
