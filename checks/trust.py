"""Follows a text to where its parts were written, to say whether any part comes from outside the program.

Parts are followed through local variables, loops, appended lists, our own functions' returns, and the arguments
that our own functions are called with. What cannot be followed counts as foreign. A `Policy` says which calls
and types make a foreign value harmless: none for SQL, escaping and numbers for HTML.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from checks.source import COMPREHENSIONS, FUNCTIONS, Comprehension, Function, Project, last_part, own_nodes

# Methods of texts and containers that return nothing but what they were given.
_PASSING = frozenset({
    "capitalize", "copy", "format", "get", "items", "join", "keys", "lower", "lstrip",
    "removeprefix", "removesuffix", "replace", "rstrip", "split", "splitlines", "strip",
    "substitute", "title", "upper", "values",
})  # fmt: skip
_PASSING_BUILTINS = frozenset(
    f"builtins.{name}" for name in ("dict", "enumerate", "list", "reversed", "sorted", "tuple", "zip")
)
_ADDING = frozenset({"append", "extend", "insert", "add", "update"})
_NUMERIC_OPERATORS = (ast.Sub, ast.Div, ast.FloorDiv, ast.Pow)
_NUMERIC_FORMAT = re.compile(r"[-+]?[0-9]*,?(\.[0-9]+)?[dfg%]|,|%.+")


@dataclass(frozen=True, slots=True)
class Policy:
    """What makes a foreign value harmless."""

    # Qualified names of functions.
    calls: frozenset[str] = frozenset()
    # Methods, by name, whatever they are called on.
    methods: frozenset[str] = frozenset()
    # Annotations of parameters, as written; `Literal[...]` when True.
    types: frozenset[str] = frozenset()
    allows_numbers: bool = False


@dataclass(slots=True)
class Trust:
    """Finds the foreign part of an expression under one policy."""

    project: Project
    policy: Policy
    # What is being followed: a loop in the program adds no parts that are not looked at already.
    _following: set[tuple[int, str]] = field(default_factory=set)

    def foreign_part(self, node: ast.expr | None) -> ast.expr | None:
        """The first part that was not written in the program, or None when all of it was."""
        match node:
            case None | ast.Constant() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return None
            case ast.JoinedStr():
                return self._first(part for part in node.values if isinstance(part, ast.FormattedValue))
            case ast.FormattedValue():
                return None if self._is_number(node) else self.foreign_part(node.value)
            case ast.BinOp():
                if self.policy.allows_numbers and isinstance(node.op, _NUMERIC_OPERATORS):
                    return None
                return self._first([node.left, node.right])
            case ast.IfExp():
                return self._first([node.body, node.orelse])
            case ast.BoolOp():
                return self._first(node.values)
            case ast.Tuple() | ast.List() | ast.Set():
                return self._first(node.elts)
            case ast.Dict():
                return self._first(node.values)
            case ast.Starred() | ast.Subscript() | ast.NamedExpr() | ast.Await():
                return self.foreign_part(node.value)
            case ast.ListComp() | ast.SetComp() | ast.GeneratorExp():
                return self.foreign_part(node.elt)
            case ast.DictComp():
                return self._first([node.key, node.value])
            case ast.Call():
                return self._of_call(node)
            case ast.Name():
                return self._of_name(node)
            case ast.Attribute():
                return self._of_definition(node)
        return node

    def foreign_return(self, node: ast.expr) -> ast.expr | None:
        """The first foreign part of what a function, named or written in place, returns."""
        if isinstance(node, ast.Lambda):
            return self.foreign_part(node.body)
        if isinstance(node, ast.Call) and self.project.qualified(node.func) == "functools.partial":
            return self.foreign_return(node.args[0])
        function = self.project.definition(node)
        return self._of_returns(function) if isinstance(function, FUNCTIONS) else node

    def _first(self, nodes: Iterator[ast.expr] | list[ast.expr]) -> ast.expr | None:
        return next((found for node in nodes if (found := self.foreign_part(node)) is not None), None)

    def _is_number(self, part: ast.FormattedValue) -> bool:
        """Formatted as a number or a date: a text would raise."""
        spec = ast.unparse(part.format_spec)[2:-1] if part.format_spec else ""
        return self.policy.allows_numbers and _NUMERIC_FORMAT.fullmatch(spec) is not None

    def _of_call(self, node: ast.Call) -> ast.expr | None:
        name = self.project.qualified(node.func) or ""
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        if name in self.policy.calls:
            return None
        if name in _PASSING_BUILTINS or name == "sqlalchemy.text":
            return self._first(given)
        function = self.project.definition(node.func)
        if isinstance(function, FUNCTIONS):
            return node if self._of_returns(function) is not None else None
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in self.policy.methods:
                return None
            if node.func.attr in _PASSING:
                # What a table is asked for stays outside; what it answers with is its own.
                return self._first([node.func.value, *(given[1:] if node.func.attr == "get" else given)])
        return node if not isinstance(node.func, ast.Name) else self._of_given_function(node, node.func)

    def _of_given_function(self, node: ast.Call, name: ast.Name) -> ast.expr | None:
        """A call of a parameter: None when everybody passes a function that returns what is ours."""
        function = next((a for a in self.project.ancestors(name) if isinstance(a, FUNCTIONS)), None)
        argument = None if function is None else _argument(function, name.id)
        if function is None or argument is None:
            return node
        mentions = self.project.mentions(function)
        passed = [_passed(self.project, function, argument, mention) for mention in mentions]
        is_ours = bool(passed) and all(p is not None and self.foreign_return(p) is None for p in passed)
        return None if is_ours else node

    def _of_returns(self, function: Function) -> ast.expr | None:
        if not self._enter(function, "return"):
            return None
        try:
            returned = [n.value for n in own_nodes(function) if isinstance(n, ast.Return) and n.value]
            return self._first(returned)
        finally:
            self._leave(function, "return")

    def _of_name(self, node: ast.Name) -> ast.expr | None:
        for scope in self.project.ancestors(node):
            if isinstance(scope, COMPREHENSIONS) and (bound := _bound_by(scope, node.id)):
                return self._of_binding(scope, node, bound)
            if isinstance(scope, FUNCTIONS):
                bound = list(_bindings(scope, node.id))
                argument = _argument(scope, node.id)
                if argument is not None and self._of_parameter(scope, argument) is not None:
                    return node
                if argument is not None or bound:
                    return self._of_binding(scope, node, bound)
            if isinstance(scope, ast.Lambda) and any(a.arg == node.id for a in _arguments(scope.args)):
                return node
        return self._of_definition(node)

    def _of_binding(self, scope: ast.AST, node: ast.Name, bound: list[ast.expr]) -> ast.expr | None:
        if not self._enter(scope, node.id):
            return None
        try:
            return node if self._first(bound) is not None else None
        finally:
            self._leave(scope, node.id)

    def _of_definition(self, node: ast.Name | ast.Attribute) -> ast.expr | None:
        found = self.project.definition(node)
        if isinstance(found, ast.expr) and not self._is_added_to(node, found):
            return node if self.foreign_part(found) is not None else None
        return node

    def _is_added_to(self, node: ast.Name | ast.Attribute, found: ast.expr) -> bool:
        """Whether somebody, somewhere, puts something into this list or table."""
        if isinstance(found, ast.Constant | ast.JoinedStr | ast.Tuple):
            return False
        for mention in self.project.named(last_part(node)):
            above = self.project.parent(mention)
            is_stored = isinstance(above, ast.Subscript) and isinstance(above.ctx, ast.Store)
            is_added = isinstance(above, ast.Attribute) and above.attr in _ADDING
            if (is_stored or is_added) and self.project.definition(mention) is found:
                return True
        return False

    def _of_parameter(self, function: Function, argument: ast.arg) -> ast.arg | None:
        """None when the type is harmless, or when everybody who calls the function passes what is ours."""
        if argument.annotation is not None and self._is_harmless(argument.annotation):
            return None
        if not self._enter(function, argument.arg):
            return None
        try:
            mentions = self.project.mentions(function)
            passed = [_passed(self.project, function, argument, mention) for mention in mentions]
            is_ours = bool(passed) and all(p is not None and self.foreign_part(p) is None for p in passed)
            return None if is_ours else argument
        finally:
            self._leave(function, argument.arg)

    def _is_harmless(self, annotation: ast.expr) -> bool:
        parts = [annotation]
        while parts:
            part = parts.pop()
            if isinstance(part, ast.BinOp) and isinstance(part.op, ast.BitOr):
                parts += [part.left, part.right]
                continue
            alias = self.project.definition(part)
            shown = ast.unparse(alias if isinstance(alias, ast.expr) else part)
            is_literal = shown.startswith("Literal[") and "Literal" in self.policy.types
            if shown != "None" and not is_literal and shown not in self.policy.types:
                return False
        return True

    def _enter(self, node: ast.AST, what: str) -> bool:
        is_new = (id(node), what) not in self._following
        self._following.add((id(node), what))
        return is_new

    def _leave(self, node: ast.AST, what: str) -> None:
        self._following.discard((id(node), what))


def _arguments(arguments: ast.arguments) -> list[ast.arg]:
    extra = [a for a in (arguments.vararg, arguments.kwarg) if a is not None]
    return [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]


def _argument(function: Function, name: str) -> ast.arg | None:
    return next((a for a in _arguments(function.args) if a.arg == name), None)


def _passed(project: Project, function: Function, argument: ast.arg, mention: ast.expr) -> ast.expr | None:
    """What this mention of the function passes for the parameter; None when nobody can say."""
    call = project.parent(mention)
    if not isinstance(call, ast.Call) or call.func is not mention:
        return None
    named = next((k.value for k in call.keywords if k.arg == argument.arg), None)
    if named is not None:
        return named
    ordered = [*function.args.posonlyargs, *function.args.args]
    at = ordered.index(argument) if argument in ordered else len(call.args)
    if any(isinstance(a, ast.Starred) for a in call.args):
        return None
    if at < len(call.args):
        return call.args[at]
    if any(k.arg is None for k in call.keywords):
        return None
    if argument in ordered:
        from_end = at - len(ordered)
        defaults = function.args.defaults
        return defaults[from_end] if -from_end <= len(defaults) else None
    if argument in function.args.kwonlyargs:
        return function.args.kw_defaults[function.args.kwonlyargs.index(argument)]
    return None


def _bound_by(scope: Comprehension, name: str) -> list[ast.expr]:
    return list(chain.from_iterable(_parts(g.target, g.iter, name) for g in scope.generators))


def _bindings(function: Function, name: str) -> Iterator[ast.expr]:
    """Every expression that a local name may hold, or hold a part of."""
    for node in own_nodes(function):
        match node:
            case ast.Assign():
                for target in node.targets:
                    yield from _parts(target, node.value, name)
            case ast.AnnAssign(value=ast.expr()) | ast.AugAssign() | ast.NamedExpr():
                yield from _parts(node.target, node.value, name)  # type: ignore[arg-type]
            case ast.For() | ast.AsyncFor():
                yield from _parts(node.target, node.iter, name)
            case ast.withitem(optional_vars=ast.expr()):
                yield from _parts(node.optional_vars, node.context_expr, name)  # type: ignore[arg-type]
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=attr)) if owner == name:
                if attr in _ADDING:
                    yield from node.args


def _parts(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    match target:
        case ast.Name():
            if target.id == name:
                yield value
        case ast.Subscript():
            yield from _parts(target.value, value, name)
        case ast.Starred():
            yield from _parts(target.value, value, name)
        case ast.Tuple() | ast.List():
            known = value.elts if isinstance(value, ast.Tuple | ast.List) else []
            is_pairwise = len(known) == len(target.elts)
            for index, part in enumerate(target.elts):
                yield from _parts(part, known[index] if is_pairwise else value, name)
