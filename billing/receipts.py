"""The receipt of a paid order, as its buyer reads it on a page: what the mail says, and what went back since."""

from __future__ import annotations

from database import order_reports
from domain.accounts import User
from domain.errors import OrderNotFound
from domain.identifiers import ORDER_ID_PATTERN
from mail import payment_mail
from mail.composing import Business, Mail
from wiring import Services


def make_receipt(services: Services, user: User, order_id: str) -> Mail:
    """The receipt of the user's own order. Raises OrderNotFound, also when no access was bought with it."""
    if not ORDER_ID_PATTERN.fullmatch(order_id):
        raise OrderNotFound()
    with services.engine.connect() as conn:
        row = order_reports.receipt_of_order(conn, order_id, user_id=user.id)
        if row is None:
            raise OrderNotFound()
        returned = order_reports.returned_of_payment(conn, row["payment_id"])
    return payment_mail.receipt(
        Business.from_settings(services.settings),
        full_name=user.full_name,
        order_id=order_id,
        plan_name=row["plan_name"],
        amount_paise=row["amount_paise"],
        charged_paise=row["charged_paise"],
        paid_at=row["paid_at"],
        method=row["method"],
        gateway_payment_id=row["gateway_payment_id"],
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        revoked_at=row["revoked_at"],
        returned=[(movement["returned_at"], movement["amount_paise"]) for movement in returned],
    )
