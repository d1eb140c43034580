"""Periods, subscriptions and accounts; and the rows that wait for tables of later work."""

from __future__ import annotations

from database.invariants.rule import Invariant

ACCESS = (
    Invariant(
        "I04",
        "A primary payment that was kept bought exactly one period.",
        ("payments", "subscription_periods"),
        """
        SELECT p.id
        FROM payments p
        LEFT JOIN subscription_periods s ON s.payment_id = p.id
        WHERE p.role = 'primary'
          AND p.status = 'captured'
        GROUP BY p.id
        HAVING count(s.id) <> 1
        """,
    ),
    Invariant(
        "I05",
        "No payment bought two periods.",
        ("subscription_periods",),
        """
        SELECT payment_id AS id
        FROM subscription_periods
        WHERE payment_id IS NOT NULL
        GROUP BY payment_id
        HAVING count(*) > 1
        """,
    ),
    Invariant(
        "I06",
        # The stored status is for reports, and nobody rewrites it at the end of a period: then the stored end
        # is past. Whether somebody may enter is computed from the periods.
        "A subscription that is stored as active has a period, paid for or granted, that has not ended.",
        ("subscriptions", "subscription_periods"),
        """
        SELECT s.id
        FROM subscriptions s
        WHERE s.status = 'active'
          AND coalesce(s.current_period_end, 'infinity') > :now
          AND NOT EXISTS (
              SELECT 1
              FROM subscription_periods p
              WHERE p.subscription_id = s.id
                AND p.revoked_at IS NULL
                AND p.ends_at > :now
                AND num_nonnulls(p.payment_id, p.grant_id) = 1
          )
        """,
    ),
    Invariant(
        "I07",
        "Periods of one subscription never overlap: time is not sold twice.",
        ("subscription_periods",),
        # Sorted by their beginning, the first of any two that overlap overlaps the one after it, too.
        """
        SELECT id
        FROM (
            SELECT id, ends_at,
                   lead(starts_at) OVER (PARTITION BY subscription_id ORDER BY starts_at) AS next_starts_at
            FROM subscription_periods
            WHERE revoked_at IS NULL
        ) AS periods
        WHERE next_starts_at < ends_at
        """,
    ),
    Invariant(
        "I08",
        "The stored end of a subscription is the end of its last period.",
        ("subscriptions", "subscription_periods"),
        """
        SELECT s.id
        FROM subscriptions s
        LEFT JOIN subscription_periods p ON p.subscription_id = s.id AND p.revoked_at IS NULL
        GROUP BY s.id, s.current_period_end
        HAVING s.current_period_end IS DISTINCT FROM max(p.ends_at)
        """,
    ),
    Invariant(
        "I13",
        "A payment that went back in full keeps no period.",
        ("payments", "refunds", "subscription_periods"),
        """
        SELECT p.id
        FROM payments p
        JOIN subscription_periods s ON s.payment_id = p.id AND s.revoked_at IS NULL
        JOIN refunds r ON r.payment_id = p.id AND r.status = 'processed'
        GROUP BY p.id, p.amount_paise
        HAVING sum(r.amount_paise) >= p.amount_paise
        """,
    ),
    Invariant(
        "I29",
        "Access that was given has a reason, an admin who is one, and an entry in the audit log.",
        ("grants", "users", "audit_log"),
        """
        SELECT g.id
        FROM grants g
        LEFT JOIN users u ON u.id = g.admin_id
        WHERE u.role IS DISTINCT FROM 'admin'
           OR btrim(g.reason) = ''
           OR NOT EXISTS (
               SELECT 1 FROM audit_log a WHERE a.object = 'grant:' || g.id AND a.actor_id = g.admin_id
           )
        """,
    ),
    Invariant(
        "J12",
        "A subscription with a period that has not ended is stored as active or cancelled.",
        ("subscriptions", "subscription_periods"),
        """
        SELECT DISTINCT s.id
        FROM subscriptions s
        JOIN subscription_periods p ON p.subscription_id = s.id AND p.revoked_at IS NULL AND p.ends_at > :now
        WHERE s.status NOT IN ('active', 'cancelled')
        """,
    ),
    Invariant(
        "J13",
        "A period belongs to the buyer of its payment, or to whom it was given.",
        ("subscription_periods", "subscriptions", "payments", "orders", "grants"),
        """
        SELECT s.id
        FROM subscription_periods s
        LEFT JOIN subscriptions u ON u.id = s.subscription_id
        LEFT JOIN payments p ON p.id = s.payment_id
        LEFT JOIN orders o ON o.id = p.order_id
        LEFT JOIN grants g ON g.id = s.grant_id
        WHERE u.user_id IS DISTINCT FROM coalesce(o.user_id, g.user_id)
           OR p.role IS DISTINCT FROM (CASE WHEN s.payment_id IS NOT NULL THEN 'primary' END)
        """,
    ),
)

LATER = (
    Invariant("I22", "Each primary payment has exactly one invoice.", ("invoices",)),
    Invariant("I23", "Invoice numbers of a financial year have no gap and no repetition.", ("invoices",)),
    Invariant("I24", "An invoice number has the form of GST rule 46(b).", ("invoices",)),
    Invariant("I25", "An invoice adds up, with CGST and SGST, or IGST.", ("invoices",)),
    Invariant("I30", "A mandate is debited a day or more after notice of the same amount.", ("debits",)),
    Invariant("I31", "A debit above ₹15,000 was authorised by the buyer.", ("debits",)),
    Invariant("I32", "A mandate is debited at most once in a cycle.", ("debits",)),
)
