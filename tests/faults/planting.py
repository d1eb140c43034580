"""Plants a mistake: modules are loaded from a changed text, in this process only."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import importlib.util
import sys
from collections.abc import Sequence
from pathlib import Path
from types import CodeType, ModuleType

from tests.faults.mistakes import Edit, Mutant


class _Planter(importlib.abc.MetaPathFinder):
    """Loads the edited modules from their changed text."""

    def __init__(self, mutant: Mutant) -> None:
        self._edits: dict[str, list[Edit]] = {}
        for edit in mutant.edits:
            self._edits.setdefault(edit.module, []).append(edit)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        edits = self._edits.get(fullname)
        if not edits:
            return None
        return importlib.util.spec_from_file_location(
            fullname, edits[0].path, loader=_Changed(fullname, str(edits[0].path), edits)
        )


class _Changed(importlib.machinery.SourceFileLoader):
    def __init__(self, fullname: str, path: str, edits: list[Edit]) -> None:
        super().__init__(fullname, path)
        self._edits = edits

    def get_code(self, fullname: str) -> CodeType:
        source = Path(self.path).read_text()
        for edit in self._edits:
            source = edit.apply(source)
        return compile(source, self.path, "exec")


def plant(mutant: Mutant) -> None:
    """Make every later import of the mutant's modules give the changed ones."""
    loaded = [edit.module for edit in mutant.edits if edit.module in sys.modules]
    if loaded:
        raise RuntimeError(f"imported too early to be changed: {loaded}")
    sys.meta_path.insert(0, _Planter(mutant))
