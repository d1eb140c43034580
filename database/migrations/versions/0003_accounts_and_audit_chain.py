"""Proved addresses, links by mail, second factors, known browsers, session limits, and a chain over the audit log.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

ACCOUNTS = """
ALTER TABLE users
    ADD COLUMN email_verified_at timestamptz,
    ADD COLUMN password_changed_at timestamptz NOT NULL DEFAULT now();
-- Nobody could change a password before.
UPDATE users SET password_changed_at = created_at;

-- A link sent by mail. The row holds nothing that opens anything: the link carries a keyed hash of the id.
-- A request for an address that nobody has leaves a row without a user, so that both requests do the same.
CREATE TABLE email_tokens (
    id uuid CONSTRAINT email_tokens_pkey PRIMARY KEY DEFAULT gen_random_uuid(),
    purpose text NOT NULL CONSTRAINT email_tokens_purpose_known CHECK (purpose IN ('verify_email', 'reset_password', 'change_email')),
    user_id uuid CONSTRAINT email_tokens_user_fkey REFERENCES users ON DELETE CASCADE,
    -- Where the link went: using it proves this address and no other. Empty without a user.
    email text NOT NULL CONSTRAINT email_tokens_email_length CHECK (char_length(email) <= 254),
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
-- A new link replaces the one before.
CREATE UNIQUE INDEX email_tokens_one_usable ON email_tokens (user_id, purpose) WHERE used_at IS NULL;

-- The stored text of a mail has a mark where its link goes; the link is made when the mail is sent.
ALTER TABLE emails ADD COLUMN email_token_id uuid CONSTRAINT emails_email_token_fkey REFERENCES email_tokens ON DELETE SET NULL;

-- A browser in which this person has signed in: strangers who guess cannot lock it out.
CREATE TABLE known_browsers (
    user_id uuid NOT NULL CONSTRAINT known_browsers_user_fkey REFERENCES users ON DELETE CASCADE,
    browser_hash bytea NOT NULL CONSTRAINT known_browsers_hash_length CHECK (octet_length(browser_hash) = 32),
    seen_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT known_browsers_pkey PRIMARY KEY (user_id, browser_hash)
);

-- One-time codes. `nonce` and a key outside the database make the secret; `last_step` makes a code work once.
CREATE TABLE second_factors (
    user_id uuid CONSTRAINT second_factors_pkey PRIMARY KEY CONSTRAINT second_factors_user_fkey REFERENCES users ON DELETE CASCADE,
    nonce bytea NOT NULL CONSTRAINT second_factors_nonce_length CHECK (octet_length(nonce) = 32),
    last_step bigint NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL DEFAULT now(),
    confirmed_at timestamptz
);
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL CONSTRAINT recovery_codes_user_fkey REFERENCES users ON DELETE CASCADE,
    code_hash bytea NOT NULL CONSTRAINT recovery_codes_hash_length CHECK (octet_length(code_hash) = 32),
    used_at timestamptz,
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (user_id, code_hash)
);

ALTER TABLE sessions
    ADD COLUMN second_factor_at timestamptz,
    ADD COLUMN address text NOT NULL DEFAULT '' CONSTRAINT sessions_address_length CHECK (char_length(address) <= 45);
ALTER TABLE sign_in_tickets ADD COLUMN has_second_factor boolean NOT NULL DEFAULT false;

-- `limit_uses` counts these now, with every other limit. Nothing was released that still reads the table.
DROP TABLE login_attempts;
"""

AUDIT = """
-- Each row of the audit log is a link: its digest covers the digest before it, so that no row can be changed,
-- removed or slipped in without breaking all that follow.
CREATE TABLE audit_chain (
    position bigint CONSTRAINT audit_chain_pkey PRIMARY KEY,
    audit_id bigint NOT NULL CONSTRAINT audit_chain_audit_key UNIQUE CONSTRAINT audit_chain_audit_fkey REFERENCES audit_log,
    digest bytea NOT NULL CONSTRAINT audit_chain_digest_length CHECK (octet_length(digest) = 32)
);
CREATE TRIGGER audit_chain_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Microseconds of the epoch: the text of a time depends on the session's time zone.
CREATE FUNCTION audit_digest(before bytea, entry audit_log) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(before || convert_to(jsonb_build_array(
        entry.id, (extract(epoch FROM entry.at) * 1000000)::bigint, entry.actor_id, entry.action, entry.object, entry.detail
    )::text, 'UTF8'))
$$;

-- Runs when the transaction commits: by then it asks for no other lock, so waiting here cannot end in a deadlock.
CREATE FUNCTION link_audit_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    last audit_chain;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('audit_chain', 0));
    SELECT * INTO last FROM audit_chain ORDER BY position DESC LIMIT 1;
    INSERT INTO audit_chain (position, audit_id, digest)
    VALUES (
        coalesce(last.position, 0) + 1, NEW.id,
        audit_digest(coalesce(last.digest, decode(repeat('00', 32), 'hex')), NEW)
    );
    RETURN NULL;
END $$;

DO $$
DECLARE
    entry audit_log;
    number bigint := 0;
    link bytea := decode(repeat('00', 32), 'hex');
BEGIN
    FOR entry IN SELECT * FROM audit_log ORDER BY id LOOP
        number := number + 1;
        link := audit_digest(link, entry);
        INSERT INTO audit_chain (position, audit_id, digest) VALUES (number, entry.id, link);
    END LOOP;
END $$;

CREATE CONSTRAINT TRIGGER audit_log_linked AFTER INSERT ON audit_log
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION link_audit_row();
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for part in (ACCOUNTS, AUDIT):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
