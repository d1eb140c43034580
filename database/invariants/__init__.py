"""What must hold in the database at any moment, as statements that find what does not.

Constraints and triggers refuse most of it at the moment of writing. These statements ask again, later and
independently: after a restore, a hand-made UPDATE or a mistake in a migration. They change nothing.
"""

from __future__ import annotations

from database.invariants.access import ACCESS, LATER
from database.invariants.accounts import ACCOUNTS
from database.invariants.ledger import LEDGER
from database.invariants.messages import MESSAGES
from database.invariants.money import MONEY
from database.invariants.rule import (
    Invariant,
    Offenders,
    find_offenders,
    limit_statement_time,
    list_tables,
)

__all__ = [
    "INVARIANTS",
    "Invariant",
    "Offenders",
    "find_offenders",
    "limit_statement_time",
    "list_tables",
]

INVARIANTS: tuple[Invariant, ...] = tuple(
    sorted((*MONEY, *LEDGER, *ACCESS, *ACCOUNTS, *MESSAGES, *LATER), key=lambda invariant: invariant.id)
)
