"""Which tests a file defines: for pages that name the tests that show what they say."""

from __future__ import annotations

import ast
from functools import cache

from config import ROOT


@cache
def defined_in(path: str) -> frozenset[str]:
    """The tests that a file defines."""
    file = ROOT / path
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.is_file() else ast.Module([], [])
    return frozenset(
        node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
