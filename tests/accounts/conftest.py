"""An admin with a second factor, and a shop in production."""

from __future__ import annotations

from tests.accounts.boss import admin as admin
from tests.accounts.boss import app as app
from tests.accounts.boss import in_production as in_production
