"""Money that an admin returned without the gateway: who, how, when, and its own account in the ledger.

What had been written into the audit log alone is carried over and booked.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

RETURNS = """
CREATE TABLE hand_returns (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT hand_returns_pkey PRIMARY KEY,
    -- Once for each payment, whoever clicks how often.
    payment_id bigint NOT NULL
        CONSTRAINT hand_returns_payment_key UNIQUE
        CONSTRAINT hand_returns_payment_fkey REFERENCES payments,
    amount_paise bigint NOT NULL CONSTRAINT hand_returns_amount_positive CHECK (amount_paise > 0),
    reason text NOT NULL CONSTRAINT hand_returns_reason_given CHECK (btrim(reason) <> ''),
    admin_id uuid NOT NULL CONSTRAINT hand_returns_admin_fkey REFERENCES users,
    returned_at timestamptz NOT NULL
);
CREATE TRIGGER hand_returns_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON hand_returns
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

LEDGER = """
ALTER TABLE ledger_entries
    ADD COLUMN hand_return_id bigint CONSTRAINT ledger_entries_hand_return_fkey REFERENCES hand_returns,
    DROP CONSTRAINT ledger_entries_account_known,
    ADD CONSTRAINT ledger_entries_account_known
        CHECK (account IN ('gateway_receivable', 'sales', 'owed_to_buyers', 'paid_by_hand')),
    -- What was paid by hand names its return, and no line belongs to a refund as well.
    ADD CONSTRAINT ledger_entries_one_way_back CHECK (
        (account <> 'paid_by_hand' OR hand_return_id IS NOT NULL) AND num_nonnulls(refund_id, hand_return_id) <= 1
    );
DROP INDEX ledger_entries_once_per_payment;
CREATE UNIQUE INDEX ledger_entries_once_per_payment ON ledger_entries (payment_id, account)
    WHERE refund_id IS NULL AND hand_return_id IS NULL;
CREATE UNIQUE INDEX ledger_entries_once_per_hand_return ON ledger_entries (hand_return_id, account)
    WHERE hand_return_id IS NOT NULL;
"""

# Until now the audit log was the only place: its first entry for a payment is the return.
CARRIED_OVER = """
INSERT INTO hand_returns (payment_id, amount_paise, reason, admin_id, returned_at)
SELECT DISTINCT ON (p.id)
       p.id, p.amount_paise, coalesce(nullif(btrim(a.detail ->> 'reason'), ''), 'not written down'), u.id, a.at
FROM audit_log a
JOIN payments p ON a.object = 'payment:' || p.id AND p.role = 'duplicate'
JOIN users u ON u.id = a.actor_id
WHERE a.action = 'settled_by_hand'
ORDER BY p.id, a.id;
INSERT INTO ledger_entries (txn_id, account, amount_paise, currency, payment_id, hand_return_id)
SELECT md5('hand_return:' || h.id)::uuid, side.account, side.sign * h.amount_paise, 'INR', h.payment_id, h.id
FROM hand_returns h, (VALUES ('owed_to_buyers', 1), ('paid_by_hand', -1)) AS side (account, sign);
-- Each transaction is weighed now: a later migration could not change a table with a check still to come.
SET CONSTRAINTS ledger_entries_balance IMMEDIATE;
SET CONSTRAINTS ledger_entries_balance DEFERRED;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for part in (RETURNS, LEDGER, CARRIED_OVER):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
