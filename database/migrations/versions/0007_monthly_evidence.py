"""The monthly note on evidence: who wants it, and that it was sent.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

EVIDENCE = """
ALTER TABLE report_settings ADD COLUMN evidence boolean NOT NULL DEFAULT false;

ALTER TABLE reports_sent
    DROP CONSTRAINT reports_sent_kind_known,
    ADD CONSTRAINT reports_sent_kind_known
        CHECK (kind IN ('weekly', 'daily', 'alerts', 'on_request', 'evidence'));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(EVIDENCE)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
