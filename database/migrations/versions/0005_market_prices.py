"""Prices of the market: what is stored, what is held back, the packed panels, and which of them is shown.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PRICES = """
CREATE TABLE instruments (
    id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT instruments_pkey PRIMARY KEY,
    -- An index counts twice: with the dividends put back, and as a price alone.
    kind text NOT NULL CONSTRAINT instruments_kind_known CHECK (kind IN ('index_tri', 'index_price', 'fund')),
    -- Of funds: symbols get renamed, this does not.
    isin text CONSTRAINT instruments_isin_shape CHECK (isin ~ '^[A-Z]{2}[A-Z0-9]{9}[0-9]$'),
    symbol text NOT NULL CONSTRAINT instruments_symbol_length CHECK (char_length(symbol) BETWEEN 1 AND 60),
    -- The sector that it stands for; none for a benchmark.
    sector text,
    valid_from date,
    valid_to date,
    CONSTRAINT instruments_isin_key UNIQUE (isin),
    CONSTRAINT instruments_isin_of_funds CHECK (isin IS NULL OR kind = 'fund'),
    CONSTRAINT instruments_validity CHECK (valid_to >= valid_from)
);
-- Indices have no ISIN: they are known by kind and name.
CREATE UNIQUE INDEX instruments_one_by_symbol ON instruments (kind, symbol) WHERE valid_to IS NULL;

CREATE TABLE px (
    instrument_id integer NOT NULL CONSTRAINT px_instrument_fkey REFERENCES instruments,
    d date NOT NULL,
    close double precision NOT NULL
        CONSTRAINT px_close_positive CHECK (close > 0 AND close < 'Infinity'::double precision),
    -- Rupees of the session. Sources without it leave it empty.
    turnover double precision
        CONSTRAINT px_turnover_not_negative CHECK (turnover >= 0 AND turnover < 'Infinity'::double precision),
    source text NOT NULL,
    ingested_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT px_pkey PRIMARY KEY (instrument_id, d)
);

-- Prices that were replaced: a correction loses nothing.
CREATE TABLE px_corrections (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT px_corrections_pkey PRIMARY KEY,
    instrument_id integer NOT NULL CONSTRAINT px_corrections_instrument_fkey REFERENCES instruments,
    d date NOT NULL,
    old_close double precision NOT NULL,
    new_close double precision NOT NULL,
    old_source text NOT NULL,
    new_source text NOT NULL,
    corrected_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX px_corrections_newest ON px_corrections (corrected_at);

-- Rows that a gate held back, for a person to accept or dismiss. Nothing leaves this table.
CREATE TABLE px_reject (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT px_reject_pkey PRIMARY KEY,
    -- What the row says, however wrong; it is recognised when the same file comes again.
    row_key text NOT NULL CONSTRAINT px_reject_row_once UNIQUE,
    instrument_id integer CONSTRAINT px_reject_instrument_fkey REFERENCES instruments,
    raw text NOT NULL CONSTRAINT px_reject_raw_length CHECK (char_length(raw) <= 500),
    row_number integer,
    d date,
    close double precision,
    turnover double precision,
    rule text NOT NULL,
    explanation text NOT NULL,
    source text NOT NULL,
    seen_at timestamptz NOT NULL DEFAULT now(),
    status text NOT NULL DEFAULT 'waiting'
        CONSTRAINT px_reject_status_known CHECK (status IN ('waiting', 'accepted', 'dismissed')),
    decided_by uuid CONSTRAINT px_reject_decider_fkey REFERENCES users,
    decided_at timestamptz,
    CONSTRAINT px_reject_decision_has_time CHECK ((status = 'waiting') = (decided_at IS NULL)),
    -- Without instrument, day and price there is nothing that could become a price.
    CONSTRAINT px_reject_accepted_is_whole CHECK (
        status <> 'accepted' OR (instrument_id IS NOT NULL AND d IS NOT NULL AND close IS NOT NULL)
    )
);
CREATE INDEX px_reject_waiting ON px_reject (seen_at DESC, id DESC) WHERE status = 'waiting';
"""

PANELS = """
-- What pages read: every price of one market in one row. `px` is the truth, and a panel can be made again.
CREATE TABLE panels (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT panels_pkey PRIMARY KEY,
    kind text NOT NULL CONSTRAINT panels_kind_known CHECK (kind IN ('demo', 'prices')),
    as_of date NOT NULL,
    -- Names the content: two panels of one version are equal.
    version text NOT NULL CONSTRAINT panels_version_shape CHECK (version ~ '^[0-9a-f]{16}$'),
    meta jsonb NOT NULL,
    payload bytea NOT NULL,
    packed_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX panels_newest ON panels (kind, id DESC);
-- Doubles that are nearly random: an attempt to compress them costs every reader time and saves nothing.
ALTER TABLE panels ALTER COLUMN payload SET STORAGE EXTERNAL;

-- At most one row: which market the product shows, and what its pages print as its source. Without it, the demo.
CREATE TABLE market_shown (
    is_only boolean NOT NULL DEFAULT true
        CONSTRAINT market_shown_pkey PRIMARY KEY CONSTRAINT market_shown_one_row CHECK (is_only),
    kind text NOT NULL CONSTRAINT market_shown_kind_known CHECK (kind IN ('demo', 'prices')),
    source_label text NOT NULL CONSTRAINT market_shown_label_length CHECK (char_length(source_label) BETWEEN 1 AND 80),
    changed_by uuid CONSTRAINT market_shown_changer_fkey REFERENCES users,
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- What the nightly fetch did, and why not.
CREATE TABLE market_updates (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT market_updates_pkey PRIMARY KEY,
    provider text NOT NULL,
    ran_at timestamptz NOT NULL DEFAULT now(),
    through date,
    stored integer NOT NULL,
    corrected integer NOT NULL,
    held_back integer NOT NULL,
    note text NOT NULL
);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for part in (PRICES, PANELS):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
