"""Refunds from either side, the gateway's own account, limits, and edges that the database itself refuses.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

EDGES = """
ALTER TABLE orders
    -- Set on an order that was rebuilt from the gateway after our own row was lost.
    ADD COLUMN recovered_at timestamptz,
    -- When the sweep last asked for it, whether or not it was answered.
    ADD COLUMN swept_at timestamptz;

-- domain.orders.EDGES in SQL; a test keeps the two equal. Code that forgets a rule is stopped here.
CREATE FUNCTION order_edges() RETURNS TABLE (before text, after text) LANGUAGE sql IMMUTABLE AS $$
    SELECT e.before, unnest(e.after)
    FROM (VALUES
        ('creating', ARRAY['unknown', 'created', 'failed', 'superseded', 'expired', 'terminated', 'paid', 'surplus', 'quarantined']),
        ('unknown', ARRAY['created', 'failed', 'superseded', 'expired', 'terminated', 'paid', 'surplus', 'quarantined']),
        ('created', ARRAY['superseded', 'expired', 'terminated', 'paid', 'surplus', 'quarantined']),
        ('failed', ARRAY['expired', 'terminated', 'paid', 'surplus', 'quarantined']),
        ('superseded', ARRAY['expired', 'terminated', 'paid', 'surplus', 'quarantined']),
        ('expired', ARRAY['paid', 'surplus', 'quarantined']),
        ('terminated', ARRAY['paid', 'surplus', 'quarantined']),
        ('surplus', ARRAY['paid']),
        ('quarantined', ARRAY['superseded', 'expired', 'terminated', 'paid', 'surplus'])
    ) AS e (before, after)
$$;

CREATE FUNCTION refuse_order_edge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        -- A rebuilt order is never open again: the buyer may have been given another one since.
        IF NEW.status <> (CASE WHEN NEW.recovered_at IS NULL THEN 'creating' ELSE 'superseded' END) THEN
            RAISE EXCEPTION 'an order does not begin as %', NEW.status USING ERRCODE = 'check_violation';
        END IF;
    ELSIF NOT EXISTS (SELECT 1 FROM order_edges() WHERE before = OLD.status AND after = NEW.status) THEN
        RAISE EXCEPTION 'order % cannot go from % to %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_begin BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION refuse_order_edge();
CREATE TRIGGER orders_edges BEFORE UPDATE OF status ON orders
    FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status) EXECUTE FUNCTION refuse_order_edge();

-- What the order was made with never changes: the buyer agreed to it.
CREATE FUNCTION refuse_order_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the terms of order % are fixed', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER orders_terms_fixed BEFORE UPDATE ON orders
    FOR EACH ROW WHEN (
        (OLD.id, OLD.checkout_id, OLD.user_id, OLD.plan_id, OLD.price_id, OLD.amount_paise, OLD.currency, OLD.gateway)
        IS DISTINCT FROM
        (NEW.id, NEW.checkout_id, NEW.user_id, NEW.plan_id, NEW.price_id, NEW.amount_paise, NEW.currency, NEW.gateway)
    ) EXECUTE FUNCTION refuse_order_terms();

-- Money that was recorded keeps its facts; it may only be given back.
CREATE FUNCTION refuse_money_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'payment % is money: its facts are fixed', OLD.id USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER payments_money_fixed BEFORE UPDATE ON payments
    FOR EACH ROW WHEN (OLD.role IS NOT NULL AND (
        (OLD.order_id, OLD.checkout_id, OLD.gateway, OLD.gateway_payment_id, OLD.amount_paise, OLD.currency, OLD.role)
        IS DISTINCT FROM
        (NEW.order_id, NEW.checkout_id, NEW.gateway, NEW.gateway_payment_id, NEW.amount_paise, NEW.currency, NEW.role)
        OR (OLD.status <> NEW.status AND NOT (OLD.status = 'captured' AND NEW.status = 'refunded'))
    )) EXECUTE FUNCTION refuse_money_change();
"""

REFUNDS = """
ALTER TABLE refunds
    ADD COLUMN gateway text,
    -- What the gateway returns in all. A surcharge in it was never ours: `amount_paise` is what leaves our books.
    ADD COLUMN gateway_amount_paise bigint,
    ADD COLUMN origin text NOT NULL DEFAULT 'ours' CONSTRAINT refunds_origin_known CHECK (origin IN ('ours', 'gateway')),
    ADD COLUMN requested_by uuid CONSTRAINT refunds_requester_fkey REFERENCES users,
    ADD COLUMN processed_at timestamptz;
UPDATE refunds r SET gateway = p.gateway, gateway_amount_paise = r.amount_paise FROM payments p WHERE p.id = r.payment_id;
UPDATE refunds SET processed_at = updated_at WHERE status = 'processed';
ALTER TABLE refunds
    ALTER COLUMN gateway SET NOT NULL,
    ALTER COLUMN gateway_amount_paise SET NOT NULL,
    ADD CONSTRAINT refunds_gateway_amount_not_less CHECK (gateway_amount_paise >= amount_paise),
    ADD CONSTRAINT refunds_processed_has_time CHECK ((status = 'processed') = (processed_at IS NOT NULL)),
    ADD CONSTRAINT refunds_gateway_refund_key UNIQUE (gateway, gateway_refund_id),
    -- An id that the gateway's dashboard made need not have the shape of ours.
    DROP CONSTRAINT refunds_refund_key_shape,
    ADD CONSTRAINT refunds_refund_key_shape CHECK (refund_key ~ '^[A-Za-z0-9_-]{3,100}$');
-- Nothing is booked twice, whatever the code above does.
CREATE UNIQUE INDEX ledger_entries_once_per_payment ON ledger_entries (payment_id, account) WHERE refund_id IS NULL;
CREATE UNIQUE INDEX ledger_entries_once_per_refund ON ledger_entries (refund_id, account) WHERE refund_id IS NOT NULL;
CREATE INDEX refunds_payment ON refunds (payment_id);
CREATE INDEX refunds_open ON refunds (created_at) WHERE status IN ('intended', 'pending');

CREATE FUNCTION refuse_refund() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    states CONSTANT text[] := ARRAY['intended', 'pending', 'failed', 'processed'];
    paid bigint;
BEGIN
    IF TG_OP = 'UPDATE' AND array_position(states, NEW.status) < array_position(states, OLD.status) THEN
        RAISE EXCEPTION 'refund % cannot go back from % to %', OLD.refund_key, OLD.status, NEW.status
            USING ERRCODE = 'check_violation';
    END IF;
    -- Two refunds of one payment are added up one after the other.
    SELECT amount_paise INTO paid FROM payments WHERE id = NEW.payment_id FOR UPDATE;
    IF NEW.status <> 'failed' AND paid < NEW.amount_paise + (
        SELECT coalesce(sum(amount_paise), 0) FROM refunds
        WHERE payment_id = NEW.payment_id AND status <> 'failed' AND id <> NEW.id
    ) THEN
        RAISE EXCEPTION 'refund % gives back more than payment % brought', NEW.refund_key, NEW.payment_id
            USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER refunds_within_payment BEFORE INSERT OR UPDATE OF status, amount_paise, payment_id ON refunds
    FOR EACH ROW EXECUTE FUNCTION refuse_refund();
"""

RECOVERY = """
CREATE INDEX orders_unsettled ON orders (created_at) WHERE status NOT IN ('paid', 'surplus', 'quarantined');
CREATE INDEX gateway_events_waiting ON gateway_events (received_at) WHERE status = 'new';

-- The gateway's own account of money taken and given back: the witness against which our books are checked.
CREATE TABLE reported_movements (
    gateway text NOT NULL,
    kind text NOT NULL CONSTRAINT reported_movements_kind_known CHECK (kind IN ('payment', 'refund')),
    -- The gateway's id of the payment or of the refund.
    movement_id text NOT NULL,
    order_id text NOT NULL,
    gateway_payment_id text NOT NULL,
    -- Our id of a refund, where the report names it. Its own id may be another number than the API's.
    refund_key text,
    amount_paise bigint NOT NULL,
    currency text NOT NULL,
    occurred_at timestamptz NOT NULL,
    reported_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT reported_movements_pkey PRIMARY KEY (gateway, kind, movement_id)
);
CREATE INDEX reported_movements_order ON reported_movements (order_id);

-- Which stretch of the gateway's account was read to its end.
CREATE TABLE report_runs (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT report_runs_pkey PRIMARY KEY,
    gateway text NOT NULL,
    since timestamptz NOT NULL,
    until timestamptz NOT NULL,
    finished_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT report_runs_order CHECK (until > since)
);

-- Uses of something that is limited per stretch of time, shared by all processes.
CREATE TABLE limit_uses (
    key text NOT NULL CONSTRAINT limit_uses_key_length CHECK (char_length(key) BETWEEN 1 AND 200),
    used_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX limit_uses_recent ON limit_uses (key, used_at);

ALTER TABLE alarms ADD COLUMN resolved_by uuid CONSTRAINT alarms_resolver_fkey REFERENCES users;

-- A payment's mails are known by the gateway's id of it: a row that was rebuilt has another id of ours.
UPDATE emails e
SET dedupe_key = e.kind || ':' || p.gateway || ':' || p.gateway_payment_id
FROM payments p
WHERE e.kind IN ('receipt', 'activation')
  AND e.dedupe_key = e.kind || ':' || p.id;

-- The sweep does what these jobs did; a worker would not know them any more.
DO $$
BEGIN
    IF to_regclass('procrastinate_jobs') IS NOT NULL THEN
        DELETE FROM procrastinate_jobs WHERE task_name = 'look_again' AND status = 'todo';
    END IF;
END $$;
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for part in (EDGES, REFUNDS, RECOVERY):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
