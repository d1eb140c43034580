"""The ledger: what the gateway owes us, what was sold, what is owed to buyers, and what was paid by hand.

Each line is one side of something that the other tables tell, too; none of it may be missing or twice.
"""

from __future__ import annotations

from database.invariants.rule import Invariant

LEDGER = (
    Invariant(
        "I09",
        "Each ledger transaction has two sides or more and sums to zero.",
        ("ledger_entries",),
        """
        SELECT txn_id AS id
        FROM ledger_entries
        GROUP BY txn_id, currency
        HAVING sum(amount_paise) <> 0 OR count(*) < 2
        """,
    ),
    Invariant(
        "I10",
        "What the gateway owes us is what was paid less what went back.",
        ("ledger_entries", "payments", "refunds"),
        """
        SELECT 'gateway_receivable' AS id
        WHERE (SELECT coalesce(sum(amount_paise), 0) FROM ledger_entries WHERE account = 'gateway_receivable')
           <> (SELECT coalesce(sum(amount_paise), 0) FROM payments WHERE status IN ('captured', 'refunded'))
            - (SELECT coalesce(sum(amount_paise), 0) FROM refunds WHERE status = 'processed')
        """,
    ),
    Invariant(
        "J09",
        "Each payment is in the ledger once: as a sale, or as owed to its buyer.",
        ("payments", "ledger_entries"),
        """
        SELECT p.id
        FROM payments p
        LEFT JOIN ledger_entries l ON l.payment_id = p.id AND l.refund_id IS NULL AND l.hand_return_id IS NULL
        WHERE p.role IS NOT NULL
        GROUP BY p.id, p.role, p.amount_paise
        HAVING count(l.id) <> 2
            OR count(*) FILTER (WHERE l.account = 'gateway_receivable' AND l.amount_paise = p.amount_paise) <> 1
            OR count(*) FILTER (
                   WHERE l.amount_paise = -p.amount_paise
                     AND l.account = CASE p.role WHEN 'primary' THEN 'sales' ELSE 'owed_to_buyers' END
               ) <> 1
        """,
    ),
    Invariant(
        "J10",
        "Each refund that was carried out is in the ledger once, against what its payment was.",
        ("payments", "refunds", "ledger_entries"),
        """
        SELECT r.refund_key AS id
        FROM refunds r
        LEFT JOIN payments p ON p.id = r.payment_id
        LEFT JOIN ledger_entries l ON l.refund_id = r.id
        GROUP BY r.id, r.refund_key, r.status, r.amount_paise, p.role
        HAVING count(l.id) <> CASE r.status WHEN 'processed' THEN 2 ELSE 0 END
            OR (r.status = 'processed' AND (
                count(*) FILTER (WHERE l.account = 'gateway_receivable' AND l.amount_paise = -r.amount_paise) <> 1
                OR count(*) FILTER (
                       WHERE l.amount_paise = r.amount_paise
                         AND l.account = CASE p.role WHEN 'primary' THEN 'sales' ELSE 'owed_to_buyers' END
                   ) <> 1
            ))
        """,
    ),
    Invariant(
        "J16",
        # An entry without its row comes from code that ran beside migration 0008. No refund may follow it unseen.
        "What an admin returned by hand, as the audit log says, is in the ledger once: owed no more, paid by hand.",
        ("hand_returns", "payments", "ledger_entries", "audit_log"),
        """
        SELECT CAST(h.id AS text) AS id
        FROM hand_returns h
        LEFT JOIN payments p ON p.id = h.payment_id
        LEFT JOIN ledger_entries l ON l.hand_return_id = h.id
        GROUP BY h.id, h.payment_id, h.amount_paise, h.admin_id, p.role, p.amount_paise
        HAVING count(l.id) <> 2
            OR count(*) FILTER (WHERE l.payment_id = h.payment_id AND l.account = 'owed_to_buyers'
                                  AND l.amount_paise = h.amount_paise) <> 1
            OR count(*) FILTER (WHERE l.payment_id = h.payment_id AND l.account = 'paid_by_hand'
                                  AND l.amount_paise = -h.amount_paise) <> 1
            OR p.role IS DISTINCT FROM 'duplicate'
            OR p.amount_paise IS DISTINCT FROM h.amount_paise
            OR NOT EXISTS (
                   SELECT 1
                   FROM audit_log a
                   WHERE a.object = 'payment:' || h.payment_id
                     AND a.action = 'settled_by_hand'
                     AND a.actor_id = h.admin_id
               )
        UNION ALL
        SELECT DISTINCT p.order_id
        FROM audit_log a
        JOIN payments p ON a.object = 'payment:' || p.id
        LEFT JOIN hand_returns h ON h.payment_id = p.id
        WHERE a.action = 'settled_by_hand'
          AND h.id IS NULL
        """,
    ),
    Invariant(
        "J17",
        "What we owe to buyers is what came and bought nothing, less what went back through the gateway or by hand.",
        ("ledger_entries", "payments", "refunds", "hand_returns"),
        """
        SELECT 'owed_to_buyers' AS id
        WHERE (SELECT coalesce(-sum(amount_paise), 0) FROM ledger_entries WHERE account = 'owed_to_buyers')
           <> (SELECT coalesce(sum(amount_paise), 0) FROM payments WHERE role = 'duplicate')
            - (SELECT coalesce(sum(r.amount_paise), 0)
                 FROM refunds r
                 JOIN payments p ON p.id = r.payment_id
                WHERE r.status = 'processed' AND p.role = 'duplicate')
            - (SELECT coalesce(sum(amount_paise), 0) FROM hand_returns)
        """,
    ),
)
