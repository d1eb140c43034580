"""Orders are found by the number that their gateway gave them, and a plan may name its gateway.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

GATEWAYS = """
-- Razorpay's messages and returns name an order by Razorpay's own number. Not unique: a gateway that contradicts
-- itself must be told, and not stop the look that finds it out.
CREATE INDEX orders_gateway_order ON orders (gateway, gateway_order_id);

-- Empty: the setting decides. The gateway is preferred, not required: another one is offered while it is down.
ALTER TABLE plans ADD COLUMN gateway text
    CONSTRAINT plans_gateway_known CHECK (gateway IN ('cashfree', 'razorpay'));
"""


def upgrade() -> None:
    op.execute("SET LOCAL lock_timeout = '5s'")
    op.execute(GATEWAYS)


def downgrade() -> None:
    raise NotImplementedError("migrations go forward only")
