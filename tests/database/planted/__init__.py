"""One planted violation or more for each invariant, in the rooms of `database.invariants`."""

from __future__ import annotations

from tests.database.planted import access, accounts, messages, money
from tests.database.planted.violation import Planted

PLANTED: tuple[Planted, ...] = (*money.PLANTED, *access.PLANTED, *accounts.PLANTED, *messages.PLANTED)
