"""What a deliberate mistake is: edits of modules' texts, each old text there exactly once, and SQL beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Edit:
    """One change of one module's text."""

    module: str
    old: str
    new: str

    @property
    def path(self) -> Path:
        return ROOT / f"{self.module.replace('.', '/')}.py"

    def apply(self, source: str) -> str:
        """The text with the mistake. Raises ValueError unless the old text is there exactly once."""
        if source.count(self.old) != 1:
            raise ValueError(f"{self.module} has {source.count(self.old)} times: {self.old!r}")
        return source.replace(self.old, self.new)


@dataclass(frozen=True)
class Mutant:
    """One deliberate mistake."""

    name: str
    row: str
    edits: tuple[Edit, ...]
    sql: str = ""


def mistake(name: str, row: str, *edits: tuple[str, str, str], sql: str = "") -> Mutant:
    return Mutant(name, row, tuple(Edit(*edit) for edit in edits), sql)
