"""Watch-lists, which reports and alerts somebody wants by mail, and what was sent of them.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

WATCHING = """
CREATE TABLE watch_lists (
    user_id uuid NOT NULL CONSTRAINT watch_lists_user_fkey REFERENCES users ON DELETE CASCADE,
    sector text NOT NULL CONSTRAINT watch_lists_sector_length CHECK (char_length(sector) BETWEEN 1 AND 60),
    -- From 1 on, in the reader's own order. The whole list is written at once, under the lock of its owner.
    position integer NOT NULL CONSTRAINT watch_lists_position_positive CHECK (position > 0),
    CONSTRAINT watch_lists_pkey PRIMARY KEY (user_id, sector),
    CONSTRAINT watch_lists_one_place UNIQUE (user_id, position) DEFERRABLE INITIALLY DEFERRED
);
"""

REPORTS = """
-- Without a row somebody has the column's defaults: the weekly report, Saturday 8:00 in India.
CREATE TABLE report_settings (
    user_id uuid CONSTRAINT report_settings_pkey PRIMARY KEY
        CONSTRAINT report_settings_user_fkey REFERENCES users ON DELETE CASCADE,
    weekly boolean NOT NULL DEFAULT true,
    daily boolean NOT NULL DEFAULT false,
    -- ISO: Monday is 1. The day is that of the weekly report, the hour that of both, in India.
    weekday smallint NOT NULL DEFAULT 6 CONSTRAINT report_settings_weekday_known CHECK (weekday BETWEEN 1 AND 7),
    hour smallint NOT NULL DEFAULT 8 CONSTRAINT report_settings_hour_known CHECK (hour BETWEEN 0 AND 23),
    alerts text[] NOT NULL DEFAULT '{}'
        CONSTRAINT report_settings_alerts_known CHECK (alerts <@ ARRAY['zero_line', 'quadrant', 'rank_jump']),
    scope text NOT NULL DEFAULT 'all' CONSTRAINT report_settings_scope_known CHECK (scope IN ('all', 'watch_list')),
    -- The close up to which alerts were looked for: what has happened since is news.
    alerts_as_of date,
    unsubscribed_at timestamptz,
    updated_at timestamptz NOT NULL DEFAULT now()
);

-- Pictures that mails carry. One picture is in the mails of many.
CREATE TABLE mail_images (
    digest bytea CONSTRAINT mail_images_pkey PRIMARY KEY
        CONSTRAINT mail_images_digest_length CHECK (octet_length(digest) = 32),
    png bytea NOT NULL CONSTRAINT mail_images_size CHECK (octet_length(png) <= 500000),
    created_at timestamptz NOT NULL DEFAULT now()
);

ALTER TABLE emails
    ADD COLUMN image_digest bytea CONSTRAINT emails_image_fkey REFERENCES mail_images,
    -- Carries the link, and the headers, that end mails of its kind with one click.
    ADD COLUMN can_unsubscribe boolean NOT NULL DEFAULT false,
    -- A report that was not to be sent any more when its turn came; `last_error` says why.
    DROP CONSTRAINT emails_status_known,
    ADD CONSTRAINT emails_status_known CHECK (status IN ('queued', 'sent', 'kept', 'withheld'));

CREATE TABLE reports_sent (
    id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT reports_sent_pkey PRIMARY KEY,
    user_id uuid NOT NULL CONSTRAINT reports_sent_user_fkey REFERENCES users ON DELETE CASCADE,
    kind text NOT NULL
        CONSTRAINT reports_sent_kind_known CHECK (kind IN ('weekly', 'daily', 'alerts', 'on_request')),
    as_of date NOT NULL,
    email_id bigint NOT NULL CONSTRAINT reports_sent_email_key UNIQUE
        CONSTRAINT reports_sent_email_fkey REFERENCES emails,
    created_at timestamptz NOT NULL DEFAULT now()
);
-- Each report of a close goes out once. What somebody asks for may be asked for again.
CREATE UNIQUE INDEX reports_sent_once ON reports_sent (user_id, as_of, kind) WHERE kind <> 'on_request';
CREATE INDEX reports_sent_recent ON reports_sent (user_id, id DESC);
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    for part in (WATCHING, REPORTS):
        op.execute(part)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
