"""What was done in a world, in words, so that a failure can be read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Steps:
    """The lines of the story so far."""

    lines: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        self.lines.append(line)
