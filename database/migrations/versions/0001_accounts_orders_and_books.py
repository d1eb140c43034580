"""Accounts, plans, orders, payments, subscriptions, inbox, mails and books.

Every constraint has a name, because errors are translated by it. Money is bigint paise, time is timestamptz.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ACCOUNTS = """
-- A person. Usernames hold no "@", so that a username can never be read as somebody's address.
CREATE TABLE users (
    id uuid CONSTRAINT users_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    username text NOT NULL
        CONSTRAINT users_username_key UNIQUE
        CONSTRAINT users_username_shape CHECK (username = lower(username) AND username !~ '@' AND char_length(username) BETWEEN 3 AND 30),
    email text NOT NULL
        CONSTRAINT users_email_key UNIQUE
        CONSTRAINT users_email_shape CHECK (email = lower(btrim(email)) AND email ~ '^[^@]+@[^@]+$' AND char_length(email) <= 254),
    full_name text NOT NULL CONSTRAINT users_full_name_length CHECK (char_length(full_name) BETWEEN 1 AND 100),
    phone text NOT NULL CONSTRAINT users_phone_shape CHECK (phone = '' OR phone ~ '^\\+91[0-9]{10}$'),
    state_code text NOT NULL CONSTRAINT users_state_code_shape CHECK (state_code = '' OR state_code ~ '^[0-9]{2}$'),
    role text NOT NULL DEFAULT 'subscriber' CONSTRAINT users_role_known CHECK (role IN ('subscriber', 'admin')),
    status text NOT NULL DEFAULT 'active' CONSTRAINT users_status_known CHECK (status IN ('active', 'disabled')),
    password_hash text NOT NULL,
    -- Our name for the buyer at the gateways.
    customer_id text NOT NULL
        CONSTRAINT users_customer_id_key UNIQUE
        CONSTRAINT users_customer_id_shape CHECK (customer_id ~ '^CUST[A-Z0-9]{12}$'),
    created_at timestamptz NOT NULL DEFAULT now(),
    deleted_at timestamptz
);
-- Search is by exact value or by prefix.
CREATE INDEX users_username_prefix ON users (username text_pattern_ops);
CREATE INDEX users_email_prefix ON users (email text_pattern_ops);

-- A signed-in browser. Only the SHA-256 of its cookie is kept.
CREATE TABLE sessions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT sessions_pkey PRIMARY KEY,
    token_hash bytea NOT NULL
        CONSTRAINT sessions_token_hash_key UNIQUE
        CONSTRAINT sessions_token_hash_length CHECK (octet_length(token_hash) = 32),
    user_id uuid NOT NULL CONSTRAINT sessions_user_fkey REFERENCES users ON DELETE CASCADE,
    user_agent text NOT NULL DEFAULT '' CONSTRAINT sessions_user_agent_length CHECK (char_length(user_agent) <= 300),
    created_at timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    CONSTRAINT sessions_expiry_after_start CHECK (expires_at > created_at)
);
CREATE INDEX sessions_user ON sessions (user_id);

-- A page script cannot set a cookie: a single-use ticket lets a route do it, in the same browser only.
CREATE TABLE sign_in_tickets (
    token_hash bytea CONSTRAINT sign_in_tickets_pkey PRIMARY KEY,
    browser_hash bytea NOT NULL,
    user_id uuid NOT NULL CONSTRAINT sign_in_tickets_user_fkey REFERENCES users ON DELETE CASCADE,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);

-- Failed sign-ins, counted over all processes. `account_key` is a keyed hash of what was typed.
CREATE TABLE login_attempts (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT login_attempts_pkey PRIMARY KEY,
    account_key bytea NOT NULL,
    attempted_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX login_attempts_recent ON login_attempts (account_key, attempted_at);
"""

CATALOGUE = """
CREATE TABLE plans (
    id text CONSTRAINT plans_pkey PRIMARY KEY CONSTRAINT plans_id_shape CHECK (id ~ '^[a-z_]{2,30}$'),
    name text NOT NULL CONSTRAINT plans_name_key UNIQUE,
    months integer NOT NULL CONSTRAINT plans_months_positive CHECK (months > 0),
    position integer NOT NULL
);

-- A price is never changed: a new row replaces it, and orders keep the one they were made with.
CREATE TABLE prices (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT prices_pkey PRIMARY KEY,
    plan_id text NOT NULL CONSTRAINT prices_plan_fkey REFERENCES plans,
    amount_paise bigint NOT NULL CONSTRAINT prices_amount_positive CHECK (amount_paise > 0),
    currency text NOT NULL DEFAULT 'INR' CONSTRAINT prices_currency_inr CHECK (currency = 'INR'),
    valid_from timestamptz NOT NULL DEFAULT now(),
    valid_until timestamptz,
    CONSTRAINT prices_validity_order CHECK (valid_until > valid_from)
);
CREATE UNIQUE INDEX prices_one_current ON prices (plan_id) WHERE valid_until IS NULL;

INSERT INTO plans (id, name, months, position) VALUES ('monthly', 'Monthly', 1, 1), ('annual', 'Annual', 12, 2);
INSERT INTO prices (plan_id, amount_paise) VALUES ('monthly', 49900), ('annual', 499000);
"""

MONEY = """
-- One purchase in the buyer's mind. Its orders are tries at it: a retry, another plan, another gateway.
CREATE TABLE checkouts (
    id uuid CONSTRAINT checkouts_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id uuid NOT NULL CONSTRAINT checkouts_user_fkey REFERENCES users,
    created_at timestamptz NOT NULL DEFAULT now(),
    skipped_at timestamptz,
    closed_at timestamptz
);
CREATE UNIQUE INDEX checkouts_one_open ON checkouts (user_id) WHERE closed_at IS NULL;

CREATE TABLE orders (
    id text CONSTRAINT orders_pkey PRIMARY KEY CONSTRAINT orders_id_shape CHECK (id ~ '^ORDER[A-Z0-9]{15}$'),
    checkout_id uuid NOT NULL CONSTRAINT orders_checkout_fkey REFERENCES checkouts,
    user_id uuid NOT NULL CONSTRAINT orders_user_fkey REFERENCES users,
    plan_id text NOT NULL CONSTRAINT orders_plan_fkey REFERENCES plans,
    price_id bigint NOT NULL CONSTRAINT orders_price_fkey REFERENCES prices,
    amount_paise bigint NOT NULL CONSTRAINT orders_amount_positive CHECK (amount_paise > 0),
    currency text NOT NULL CONSTRAINT orders_currency_inr CHECK (currency = 'INR'),
    gateway text NOT NULL,
    gateway_order_id text,
    payment_session_id text,
    status text NOT NULL CONSTRAINT orders_status_known CHECK (status IN
        ('creating', 'unknown', 'created', 'failed', 'superseded', 'expired', 'terminated', 'paid', 'surplus', 'quarantined')),
    quarantine_reason text,
    expires_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    synced_at timestamptz,
    paid_at timestamptz,
    CONSTRAINT orders_quarantine_has_reason CHECK ((status = 'quarantined') = (quarantine_reason IS NOT NULL)),
    CONSTRAINT orders_paid_has_time CHECK ((status = 'paid') = (paid_at IS NOT NULL))
);
-- Double clicks, reruns and second tabs meet here: one order of a checkout is open at a time.
CREATE UNIQUE INDEX orders_one_open ON orders (checkout_id) WHERE status IN ('creating', 'unknown', 'created');
CREATE INDEX orders_user ON orders (user_id, created_at DESC);
CREATE INDEX orders_recent ON orders (created_at DESC);

-- The gateway's facts about attempts to pay an order. Rows with a role are money.
CREATE TABLE payments (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT payments_pkey PRIMARY KEY,
    order_id text NOT NULL CONSTRAINT payments_order_fkey REFERENCES orders,
    checkout_id uuid NOT NULL CONSTRAINT payments_checkout_fkey REFERENCES checkouts,
    gateway text NOT NULL,
    gateway_payment_id text NOT NULL CONSTRAINT payments_gateway_id_length CHECK (char_length(gateway_payment_id) BETWEEN 1 AND 100),
    amount_paise bigint NOT NULL CONSTRAINT payments_amount_positive CHECK (amount_paise > 0),
    currency text NOT NULL,
    charged_paise bigint NOT NULL CONSTRAINT payments_charged_not_negative CHECK (charged_paise >= 0),
    charged_currency text NOT NULL,
    role text CONSTRAINT payments_role_known CHECK (role IN ('primary', 'duplicate')),
    status text NOT NULL CONSTRAINT payments_status_known CHECK (status IN
        ('pending', 'failed', 'dropped', 'cancelled', 'held', 'captured', 'refunded')),
    method text NOT NULL DEFAULT '',
    message text NOT NULL DEFAULT '' CONSTRAINT payments_message_length CHECK (char_length(message) <= 300),
    paid_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT payments_gateway_payment_key UNIQUE (gateway, gateway_payment_id),
    CONSTRAINT payments_role_is_money CHECK ((role IS NOT NULL) = (status IN ('captured', 'refunded')))
);
CREATE UNIQUE INDEX payments_one_primary_per_order ON payments (order_id) WHERE role = 'primary';
CREATE UNIQUE INDEX payments_one_primary_per_checkout ON payments (checkout_id) WHERE role = 'primary';
CREATE INDEX payments_order ON payments (order_id);
CREATE INDEX payments_recent ON payments (created_at DESC);

-- An intention to give money back, written before the gateway is asked under the same id.
CREATE TABLE refunds (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT refunds_pkey PRIMARY KEY,
    refund_key text NOT NULL
        CONSTRAINT refunds_refund_key_key UNIQUE
        CONSTRAINT refunds_refund_key_shape CHECK (refund_key ~ '^[A-Za-z0-9_-]{3,40}$'),
    payment_id bigint NOT NULL CONSTRAINT refunds_payment_fkey REFERENCES payments,
    amount_paise bigint NOT NULL CONSTRAINT refunds_amount_positive CHECK (amount_paise > 0),
    status text NOT NULL DEFAULT 'intended' CONSTRAINT refunds_status_known CHECK (status IN ('intended', 'pending', 'processed', 'failed')),
    gateway_refund_id text,
    reason text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);
"""

ACCESS = """
CREATE TABLE subscriptions (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT subscriptions_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT subscriptions_user_key UNIQUE CONSTRAINT subscriptions_user_fkey REFERENCES users,
    -- For reports. Whether somebody may enter is computed from the periods.
    status text NOT NULL DEFAULT 'pending' CONSTRAINT subscriptions_status_known CHECK (status IN ('pending', 'active', 'cancelled', 'expired')),
    current_period_end timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Access that was given and not bought. A person is behind each.
CREATE TABLE grants (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT grants_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT grants_user_fkey REFERENCES users,
    admin_id uuid NOT NULL CONSTRAINT grants_admin_fkey REFERENCES users,
    reason text NOT NULL CONSTRAINT grants_reason_given CHECK (btrim(reason) <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE subscription_periods (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT subscription_periods_pkey PRIMARY KEY,
    subscription_id bigint NOT NULL CONSTRAINT subscription_periods_subscription_fkey REFERENCES subscriptions,
    plan_id text NOT NULL CONSTRAINT subscription_periods_plan_fkey REFERENCES plans,
    payment_id bigint CONSTRAINT subscription_periods_payment_key UNIQUE CONSTRAINT subscription_periods_payment_fkey REFERENCES payments,
    grant_id bigint CONSTRAINT subscription_periods_grant_key UNIQUE CONSTRAINT subscription_periods_grant_fkey REFERENCES grants,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    revoked_at timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT subscription_periods_order CHECK (ends_at > starts_at),
    CONSTRAINT subscription_periods_one_reason CHECK (num_nonnulls(payment_id, grant_id) = 1),
    -- Time is never sold twice. Both sides are ranges, so that no extension is needed.
    CONSTRAINT subscription_periods_no_overlap EXCLUDE USING gist (
        int8range(subscription_id, subscription_id, '[]') WITH &&, tstzrange(starts_at, ends_at) WITH &&
    ) WHERE (revoked_at IS NULL)
);
-- "May this person enter" is asked on every rerun; the exclusion index does not serve equality.
CREATE INDEX subscription_periods_subscription ON subscription_periods (subscription_id);
"""

MESSAGES = """
-- The inbox: every verified webhook, raw, once.
CREATE TABLE gateway_events (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT gateway_events_pkey PRIMARY KEY,
    gateway text NOT NULL,
    dedupe_key text NOT NULL,
    event_type text NOT NULL,
    order_id text,
    body bytea NOT NULL,
    status text NOT NULL DEFAULT 'new' CONSTRAINT gateway_events_status_known CHECK (status IN ('new', 'processed', 'ignored')),
    received_at timestamptz NOT NULL DEFAULT now(),
    processed_at timestamptz,
    CONSTRAINT gateway_events_once UNIQUE (gateway, dedupe_key)
);
CREATE INDEX gateway_events_order ON gateway_events (order_id);

-- The outbox: a mail exists if and only if the transaction that caused it committed.
CREATE TABLE emails (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT emails_pkey PRIMARY KEY,
    kind text NOT NULL,
    dedupe_key text NOT NULL CONSTRAINT emails_dedupe_key_key UNIQUE,
    user_id uuid CONSTRAINT emails_user_fkey REFERENCES users,
    to_address text NOT NULL,
    subject text NOT NULL,
    text_body text NOT NULL,
    html_body text NOT NULL,
    message_id text NOT NULL CONSTRAINT emails_message_id_key UNIQUE,
    status text NOT NULL DEFAULT 'queued' CONSTRAINT emails_status_known CHECK (status IN ('queued', 'sent', 'kept')),
    attempts integer NOT NULL DEFAULT 0,
    last_error text,
    created_at timestamptz NOT NULL DEFAULT now(),
    sent_at timestamptz,
    CONSTRAINT emails_sent_has_time CHECK ((status = 'sent') = (sent_at IS NOT NULL))
);
CREATE INDEX emails_recent ON emails (created_at DESC);
"""

BOOKS = """
-- Double entry in paise: what the gateway owes us is positive, what we owe or earned is negative.
CREATE TABLE ledger_entries (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT ledger_entries_pkey PRIMARY KEY,
    txn_id uuid NOT NULL,
    account text NOT NULL CONSTRAINT ledger_entries_account_known CHECK (account IN ('gateway_receivable', 'sales', 'owed_to_buyers')),
    amount_paise bigint NOT NULL CONSTRAINT ledger_entries_amount_not_zero CHECK (amount_paise <> 0),
    currency text NOT NULL CONSTRAINT ledger_entries_currency_inr CHECK (currency = 'INR'),
    payment_id bigint NOT NULL CONSTRAINT ledger_entries_payment_fkey REFERENCES payments,
    refund_id bigint CONSTRAINT ledger_entries_refund_fkey REFERENCES refunds,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ledger_entries_txn ON ledger_entries (txn_id);

CREATE TABLE alarms (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT alarms_pkey PRIMARY KEY,
    key text NOT NULL,
    message text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    resolved_at timestamptz
);

-- One open alarm per key: the same trouble may alarm again after it was resolved.
CREATE UNIQUE INDEX alarms_one_open ON alarms (key) WHERE resolved_at IS NULL;

CREATE TABLE audit_log (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT audit_log_pkey PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT now(),
    actor_id uuid,
    action text NOT NULL,
    object text NOT NULL,
    detail jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX audit_log_object ON audit_log (object);

CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gateway_events_body_fixed BEFORE UPDATE OF body ON gateway_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gateway_events_kept BEFORE DELETE OR TRUNCATE ON gateway_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

CREATE FUNCTION refuse_unbalanced() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT sum(amount_paise) <> 0 OR count(*) < 2 FROM ledger_entries WHERE txn_id = NEW.txn_id) THEN
        RAISE EXCEPTION 'ledger transaction % does not balance', NEW.txn_id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER ledger_entries_balance AFTER INSERT ON ledger_entries
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse_unbalanced();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for part in (ACCOUNTS, CATALOGUE, MONEY, ACCESS, MESSAGES, BOOKS):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
