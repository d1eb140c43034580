"""An admin with a second factor, and a shop in production: fixtures for whoever imports them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from accounts.second_factor import begin_setup, confirm_setup
from config import AppEnv
from domain.second_factor import STEP
from tests.accounts.authenticator import PASSWORD, App
from user_management import create_admin


@pytest.fixture
def admin(services):
    return create_admin(services, email="boss@example.com", password=PASSWORD)


@pytest.fixture
def in_production(services):
    settings = services.settings.model_copy(update={"app_env": AppEnv.PRODUCTION})
    return replace(services, settings=settings)


@pytest.fixture
def app(services, admin, clock):
    """The admin's authenticator app, set up a while ago."""
    app = App(begin_setup(services, admin, PASSWORD), clock)
    app.recovery_codes = confirm_setup(services, admin, app.setup, app.code())
    clock.advance(5 * STEP)
    return app
