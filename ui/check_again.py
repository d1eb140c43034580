"""The button "Check again" of the return page, and the look at the gateway that a run of that page begins with.

The click is known before the button is drawn, so the page shows what the gateway said because of it.
"""

from __future__ import annotations

import streamlit as st

import payment_handler
from domain.accounts import User
from domain.errors import TooManyRequests
from domain.orders import Order
from ui import session
from wiring import Services

NOT_ANSWERED = "The payment service did not answer just now. What you see is what we know."
_KEY = "return-check"


def check_again() -> None:
    """Draw the button."""
    st.button("Check again", key=_KEY, width="stretch")


def look_for_return(services: Services, user: User, order_id: str) -> tuple[Order, str]:
    """The user's own order for this run of the return page, and what to say about a click.

    A click asks the gateway, up to the limit; a landing asks it too and is not counted. Raises OrderNotFound.
    """
    if not session.was_clicked(_KEY):
        return payment_handler.confirm_return(services, user, order_id), ""
    try:
        order = payment_handler.verify_again(services, user, order_id)
    except TooManyRequests as refusal:
        return payment_handler.find_order(services, user, order_id), refusal.user_message
    return order, "" if payment_handler.was_answered(services, order) else NOT_ANSWERED
