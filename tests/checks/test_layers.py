"""The layer check finds what it is there to find."""

from __future__ import annotations

import shutil
from pathlib import Path

from checks.layers import ROOT, violations


def test_the_repository_imports_downwards_only() -> None:
    assert violations() == []


def test_an_upward_import_is_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "domain").mkdir()
    (tmp_path / "domain" / "rules.py").write_text("import config\n")

    assert violations(tmp_path) == ["domain/rules.py:1: domain must not import config"]


def test_an_application_that_knows_the_simulator_is_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "wiring.py").write_text("import simulator.app\n")

    assert violations(tmp_path) == ["wiring.py:1: wiring and simulator know nothing of each other"]


def test_a_sideways_import_is_found(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.py").write_text("def f():\n    from ui import theme\n")

    assert violations(tmp_path) == ["web/page.py:2: web must not import ui"]
