"""Look for a planted bug: `python -m tests.faults.hunt --mutant NAME` ends with 0 when it was found.

`--mutant none` plants nothing and must find nothing: it ends with 1, "survived", like a bug that got away.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterator

from tests.faults.mistakes import Mutant
from tests.faults.mutants import find_mutant
from tests.faults.planting import plant

# A bug that three hundred schedules do not meet needs a scene of its own.
BUDGET = 300


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutant", default="none", help="the mutant's name, or none")
    parser.add_argument("--budget", type=int, default=BUDGET, help="how many schedules at most")
    parser.add_argument("--server", help="address of a server to make a database on; else one is started")
    parser.add_argument("--database", default="hunt", help="name of the database to make")
    arguments = parser.parse_args()
    mutant = Mutant("none", "", ()) if arguments.mutant == "none" else find_mutant(arguments.mutant)
    plant(mutant)
    started = time.monotonic()
    found = hunt(mutant, arguments.budget, arguments.server, arguments.database)
    print(f"{found or 'survived'} ({time.monotonic() - started:.0f} s)")
    sys.exit(0 if found else 1)


def hunt(mutant: Mutant, budget: int, server: str | None, database: str) -> str | None:
    """How the planted bug was found, or None when it survived."""
    # Only now: whatever is imported before the bug is planted has none.
    from tests.faults import scenarios, schedule
    from tests.faults.movable_database import make_movable_database
    from tests.faults.world import World

    with _place(server) as (url, folder):
        address = make_movable_database(url, database)
        _break_schema(address, mutant.sql)
        world = World(address, folder)
        with contextlib.closing(world):
            for scene in scenarios.SCENES:
                wrong = scenarios.play(world, scene)
                if wrong:
                    return f"found by the scene '{scene}': {wrong[0]}"
            for seed in range(budget):
                verdict = schedule.run(world, f"hunt {seed}")
                if verdict.violations:
                    return f"found after {seed + 1} schedules: {verdict.violations[0]}"
    return None


@contextlib.contextmanager
def _place(server: str | None) -> Iterator[tuple]:
    import tempfile
    from pathlib import Path

    from sqlalchemy.engine import make_url

    from tests.faults.standalone import throw_away_server

    if server is None:
        with throw_away_server() as place:
            yield place
    else:
        with tempfile.TemporaryDirectory(prefix="hunt-") as folder:
            yield make_url(server), Path(folder)


def _break_schema(address, statements: str) -> None:
    from sqlalchemy import text

    from database.engine import connect_engine

    if statements:
        engine = connect_engine(address)
        with engine.begin() as conn:
            conn.execute(text(statements))
        engine.dispose()


if __name__ == "__main__":
    main()
