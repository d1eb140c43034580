"""An environment of its own for a gateway's SDK, whose pinned dependencies fit no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / ".data"


def python_with(module: str, *packages: str, folder: str) -> Path:
    """Python of an environment that holds the packages; made on first use, kept afterwards. Skips without an index."""
    environment = FOLDER / folder
    python = environment / "bin" / "python"
    if _has(python, module):
        return python
    for what, command in (
        ("no environment for the SDK", [sys.executable, "-m", "venv", "--clear", str(environment)]),
        (
            f"{module} cannot be installed",
            [str(python), "-m", "pip", "install", "--quiet", "--retries", "1", *packages],
        ),
    ):
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"{what}: {done.stderr.strip()[-200:]}")
    return python


def _has(python: Path, module: str) -> bool:
    if not python.exists():
        return False
    return subprocess.run([str(python), "-c", f"import {module}"], capture_output=True).returncode == 0
