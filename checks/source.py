"""The application's Python as trees that know each other: who is who's parent, and what a name stands for.

Names are followed through imports between our own modules and no further. What cannot be followed resolves to
None, and every rule takes that for the worse case. Read by `checks.rules`; nothing here judges.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

Function = ast.FunctionDef | ast.AsyncFunctionDef
Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Written by other rules: tests plant what the rules forbid.
_APART = frozenset({"tests"})


@dataclass(slots=True)
class Module:
    """One file, and what is bound at its top level."""

    path: Path
    name: str
    lines: list[str]
    tree: ast.Module
    # None: bound more than once, so that nobody can say what it holds.
    values: dict[str, ast.expr | None] = field(default_factory=dict)
    functions: dict[str, Function] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    # The name here -> "package.module" or "package.module.name".
    imports: dict[str, str] = field(default_factory=dict)


class Project:
    """Every module of the application below a folder."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self.modules = {module.name: module for module in _read(root)}
        self._module_of = {id(module.tree): module for module in self.modules.values()}
        self._parents: dict[int, ast.AST] = {}
        # Names and attributes by their last part, to find who mentions a function.
        self._mentions: dict[str, list[ast.expr]] = defaultdict(list)
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                for child in ast.iter_child_nodes(node):
                    self._parents[id(child)] = node
                if isinstance(node, ast.Name | ast.Attribute):
                    self._mentions[last_part(node)].append(node)

    def parent(self, node: ast.AST) -> ast.AST | None:
        return self._parents.get(id(node))

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """From the parent up to the module."""
        above = self.parent(node)
        while above is not None:
            yield above
            above = self.parent(above)

    def module_of(self, node: ast.AST) -> Module:
        *_, top = (node, *self.ancestors(node))
        return self._module_of[id(top)]

    def place(self, node: ast.AST) -> str:
        line = getattr(node, "lineno", 1)
        return f"{self.module_of(node).path.relative_to(self.root)}:{line}"

    def calls(self) -> Iterator[ast.Call]:
        for module in self.modules.values():
            yield from (node for node in ast.walk(module.tree) if isinstance(node, ast.Call))

    def qualified(self, node: ast.expr) -> str | None:
        """`st.html` after `import streamlit as st` is "streamlit.html"; a name of this module has its module's name."""
        if isinstance(node, ast.Attribute):
            base = self.qualified(node.value)
            return None if base is None else f"{base}.{node.attr}"
        if not isinstance(node, ast.Name):
            return None
        module = self.module_of(node)
        if node.id in module.imports:
            return module.imports[node.id]
        is_ours = node.id in module.values or node.id in module.functions or node.id in module.classes
        return f"{module.name}.{node.id}" if is_ours else f"builtins.{node.id}"

    def definition(self, node: ast.expr) -> ast.expr | Function | ast.ClassDef | None:
        """What a name or dotted name was bound to at the top level of one of our modules, once."""
        name = self.qualified(node)
        return None if name is None else self._find(name)

    def _find(self, name: str) -> ast.expr | Function | ast.ClassDef | None:
        home, _, last = name.rpartition(".")
        module = self.modules.get(home)
        if module is None:
            return None
        if last in module.imports:
            return self._find(module.imports[last]) if module.imports[last] != name else None
        return module.functions.get(last) or module.classes.get(last) or module.values.get(last)

    def named(self, last: str) -> list[ast.expr]:
        """Every name, and every attribute, that is written so."""
        return self._mentions[last]

    def mentions(self, function: Function) -> list[ast.expr]:
        """Where one of our top-level functions is named, its definition apart."""
        return [node for node in self.named(function.name) if self.definition(node) is function]


def last_part(node: ast.expr) -> str:
    """`token_hash` of `row.token_hash`; "" of what has no name."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def own_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function's body that run when it is called: not those of functions written inside it."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (*FUNCTIONS, ast.Lambda)):
            waiting.extend(ast.iter_child_nodes(node))


def _read(root: Path) -> Iterator[Module]:
    tops = (p for p in sorted(root.iterdir()) if not p.name.startswith(".") and p.name not in _APART)
    for top in tops:
        for path in [top] if top.suffix == ".py" else sorted(top.rglob("*.py")) if top.is_dir() else []:
            parts = path.relative_to(root).with_suffix("").parts
            text = path.read_text(encoding="utf-8")
            module = Module(
                path, ".".join(parts).removesuffix(".__init__"), text.splitlines(), ast.parse(text)
            )
            _fill(module)
            yield module


def _fill(module: Module) -> None:
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                bound = alias.asname or alias.name.split(".")[0]
                module.imports[bound] = alias.name if alias.asname else bound
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            for alias in node.names:
                module.imports[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        elif isinstance(node, ast.Global):
            module.values.update(dict.fromkeys(node.names))
    for node in module.tree.body:
        if isinstance(node, FUNCTIONS):
            module.functions[node.name] = node
        elif isinstance(node, ast.ClassDef):
            module.classes[node.name] = node
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                _bind(module, target, node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            _bind(module, node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            _bind(module, node.target, None)


def _bind(module: Module, target: ast.expr, value: ast.expr | None) -> None:
    if isinstance(target, ast.Name):
        module.values[target.id] = None if target.id in module.values else value
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            _bind(module, part, None)
