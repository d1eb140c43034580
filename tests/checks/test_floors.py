"""A pin below a floor is found, and so is a floor that guards nothing."""

from __future__ import annotations

import re
from pathlib import Path

from checks.floors import FLOORS, LOCK, ROOT, violations


def _lock_with(root: Path, package: str, pins: str) -> list[str]:
    lock = (ROOT / LOCK).read_text(encoding="utf-8")
    changed, count = re.subn(rf"^{package}==\S+", pins, lock, flags=re.MULTILINE)
    assert count
    (root / LOCK).write_text(changed, encoding="utf-8")
    return violations(root)


def test_s30_the_lock_keeps_every_floor() -> None:
    assert violations() == []


def test_s30_an_old_starlette_is_found_with_both_of_its_holes(tmp_path: Path) -> None:
    found = _lock_with(tmp_path, "starlette", "starlette==0.40.0")

    assert [re.sub(r":\d+:", ":", line) for line in found] == [
        f"{LOCK}: starlette 0.40.0 is open to CVE-2025-62727 (a Range header costs quadratic time); "
        "take 0.49.1 or newer",
        f"{LOCK}: starlette 0.40.0 is open to CVE-2026-48818 (a UNC path makes Windows send its credentials); "
        "take 1.1.0 or newer",
    ]


def test_s30_the_release_that_closed_the_hole_passes_and_its_candidate_does_not(tmp_path: Path) -> None:
    assert _lock_with(tmp_path, "starlette", "starlette==1.1.0") == []
    assert _lock_with(tmp_path, "starlette", "starlette==1.1") == []
    assert _lock_with(tmp_path, "starlette", "starlette==1.1.0rc1") != []


def test_s30_every_floor_finds_an_older_release(tmp_path: Path) -> None:
    for floor in FLOORS:
        assert any(
            floor.cve in line for line in _lock_with(tmp_path, floor.package, f"{floor.package}==0.0.1")
        )


def test_s30_of_two_pins_for_two_pythons_the_old_one_is_found(tmp_path: Path) -> None:
    found = _lock_with(
        tmp_path, "h11", "h11==0.16.0 ; python_version >= '3.12'\nh11==0.14.0 ; python_version < '3.12'"
    )

    assert len(found) == 1 and "h11 0.14.0 is open to CVE-2025-43859" in found[0]


def test_s30_a_floor_without_a_pin_is_found(tmp_path: Path) -> None:
    found = _lock_with(tmp_path, "certifi", "somebody-else==1.0")

    assert found == [f"{LOCK}:1: certifi is not pinned; remove its floor (CVE-2024-39689)"]
