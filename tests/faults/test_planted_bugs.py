"""Deliberate mistakes, planted one at a time in a process of its own: the fault tests find every one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from database.embedded import EmbeddedServer
from tests.faults.hunt import BUDGET
from tests.faults.mistakes import Mutant
from tests.faults.mutants import MUTANTS, SMALL, find_mutant
from tests.faults.report import MEANINGS

ROOT = Path(__file__).parents[2]
# The hunts of a whole budget, many times over: a hunt that hangs must not hang the run.
_PATIENCE_SECONDS = 900


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "planted" in metafunc.fixturenames:
        is_large = metafunc.config.getoption("--faults") == "large"
        chosen = MUTANTS if is_large else [find_mutant(name) for name in SMALL]
        metafunc.parametrize("planted", chosen, ids=[mutant.name for mutant in chosen])


def test_a_planted_bug_is_found(
    planted: Mutant, server: EmbeddedServer, exercised: Callable[..., None], measured: Callable[..., None]
) -> None:
    hunt = _hunt(server, planted.name, f"hunt_{MUTANTS.index(planted)}")

    assert hunt.returncode == 0, f"{planted.name}: {hunt.stdout}{hunt.stderr}"
    exercised(planted.row)
    measured("planted bugs caught", f"{planted.name} ({planted.row})")


def test_the_hunt_finds_nothing_where_nothing_was_planted(
    server: EmbeddedServer, pytestconfig: pytest.Config
) -> None:
    is_large = pytestconfig.getoption("--faults") == "large"

    hunt = _hunt(server, "none", "hunt_none", budget=BUDGET if is_large else 2)

    assert hunt.returncode == 1, hunt.stdout + hunt.stderr
    assert hunt.stdout.startswith("survived")


def test_every_mistake_of_the_registry_can_be_planted() -> None:
    names = [mutant.name for mutant in MUTANTS]
    assert len(set(names)) == len(names) >= 30
    assert set(SMALL) <= set(names)
    for mutant in MUTANTS:
        assert mutant.row in MEANINGS, mutant.name
        changed: dict[Path, str] = {}
        for edit in mutant.edits:
            changed[edit.path] = edit.apply(changed.get(edit.path) or edit.path.read_text())
        for path, source in changed.items():
            assert source != path.read_text(), mutant.name
            compile(source, str(path), "exec")


def _hunt(
    server: EmbeddedServer, mutant: str, database: str, *, budget: int = BUDGET
) -> subprocess.CompletedProcess[str]:
    address = server.url.render_as_string(hide_password=False)
    try:
        return subprocess.run(
            [sys.executable, "-m", "tests.faults.hunt", "--mutant", mutant, "--budget", str(budget),
             "--server", address, "--database", database],
            cwd=ROOT, capture_output=True, text=True, timeout=_PATIENCE_SECONDS, check=False,
        )  # fmt: skip
    finally:
        admin = create_engine(server.url.set(drivername="postgresql+psycopg2"), isolation_level="AUTOCOMMIT")
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)"))
        admin.dispose()
