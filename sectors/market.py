"""The one loader of prices for pages, downloads and mails: it asks for the subscription and keeps the data's lag."""

from __future__ import annotations

import user_management
from analyzer.market import Market
from domain.accounts import User
from domain.errors import NoActiveSubscription
from market_data.demo import load_demo_market
from wiring import Services


def open_market(services: Services, actor: User) -> Market:
    """The market as the actor may see it now. Raises NoActiveSubscription.

    The newest `DATA_LAG_SESSIONS` sessions are left out: nothing that shows prices can get at them.
    """
    if not user_management.entitlement(services, actor).is_active:
        raise NoActiveSubscription()
    return load_demo_market().lagging(services.settings.data_lag_sessions)
