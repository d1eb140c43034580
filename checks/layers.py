"""Imports go downwards only, the top-level modules included: import-linter sees packages, not single files.

The order is `[tool.layers]` in pyproject.toml. Modules named in one line may import each other when the line
is in `together`; otherwise neither sees the other.
"""

from __future__ import annotations

import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def violations(root: Path = ROOT) -> list[str]:
    """One line for each import that goes up or sideways."""
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["layers"]
    layers = [line.split() for line in table["order"]]
    together = {frozenset(line.split()) for line in table["together"]}
    apart = set(table["apart"])
    level = {name: index for index, names in enumerate(layers) for name in names}
    found = []
    for path, name in _modules(root, [*level, *apart]):
        for line, imported in _imports(path):
            if imported != name and (
                (imported in apart and name in level) or (name in apart and imported in level)
            ):
                found.append(
                    f"{path.relative_to(root)}:{line}: {name} and {imported} know nothing of each other"
                )
                continue
            if imported not in level or name not in level or imported == name:
                continue
            is_up = level[imported] < level[name]
            is_sideways = level[imported] == level[name] and not any(
                {name, imported} <= group for group in together
            )
            if is_up or is_sideways:
                found.append(f"{path.relative_to(root)}:{line}: {name} must not import {imported}")
    return found


def _modules(root: Path, names: Iterable[str]) -> Iterator[tuple[Path, str]]:
    for name in names:
        file = root / f"{name}.py"
        paths = [file] if file.is_file() else sorted((root / name).rglob("*.py"))
        yield from ((path, name) for path in paths)


def _imports(path: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.lineno, node.module.split(".")[0]


if __name__ == "__main__":
    problems = violations()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
