"""Find by itself what a person could reach: use-cases, routes, and who names which use-case in a page or a route."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import payment_handler

ROOT = Path(__file__).parents[2]
# Where use-cases live: the row of the layers that owns transactions.
PLACES = ("payment_handler", "user_management", "accounts", "billing", "reports", "sectors", "operations")
# What draws pages and answers requests for people.
FACES = ("ui", "web", "admin_panel", "landing_page")


def find_use_cases() -> dict[str, Callable[..., Any]]:
    """Every public function or class that is handed the services, by its dotted name, and all of the guide's names."""
    found: dict[str, Callable[..., Any]] = {}
    for module in _modules(PLACES):
        for name, thing in vars(module).items():
            if name.startswith("_") or getattr(thing, "__module__", "") != module.__name__:
                continue
            is_the_guides = module is payment_handler and name in payment_handler.__all__
            handed = _constructor(thing) if inspect.isclass(thing) else thing
            if (inspect.isfunction(handed) and _is_handed_services(handed)) or (
                is_the_guides and inspect.isfunction(thing)
            ):
                found[f"{module.__name__}.{name}"] = thing
    return found


def find_by_name(dotted: str) -> Callable[..., Any] | None:
    """The function of this dotted name, or None when it or its module is not there."""
    module, _, name = dotted.rpartition(".")
    if not module:
        return None
    try:
        return getattr(importlib.import_module(module), name, None)
    except ModuleNotFoundError:
        return None


def people_parameters(use_case: Callable[..., Any]) -> list[inspect.Parameter]:
    """The parameters that say who acts or whose data it is."""
    parameters = inspect.signature(use_case).parameters.values()
    return [parameter for parameter in parameters if str(parameter.annotation).split(" ")[0] == "User"]


def find_namings(wanted: set[str], faces: tuple[str, ...] = FACES) -> set[tuple[str, str]]:
    """Where pages and routes name one of these functions: pairs of file and dotted name, aliases followed."""
    return {
        (str(path.relative_to(ROOT)), dotted)
        for face in faces
        for path in _files(face)
        for dotted in namings_in(path.read_text())
        if dotted in wanted
    }


def namings_in(source: str) -> Iterator[str]:
    """The dotted names, each as where it is defined, of everything of ours that a source text names."""
    tree = ast.parse(source)
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                aliases[alias.asname or alias.name.partition(".")[0]] = (
                    alias.name if alias.asname else alias.name.partition(".")[0]
                )
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                aliases[alias.asname or alias.name] = f"{node.module}.{alias.name}"
    for dotted in aliases.values():
        yield _home(dotted)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            root, _, rest = ast.unparse(node).partition(".")
            if root in aliases:
                yield _home(f"{aliases[root]}.{rest}")


def _home(dotted: str) -> str:
    """Where a function is defined that another module hands on."""
    if dotted.partition(".")[0] not in PLACES:
        return dotted
    thing = find_by_name(dotted)
    if inspect.isfunction(thing) or inspect.isclass(thing):
        return f"{thing.__module__}.{thing.__qualname__}"
    return dotted


def _modules(places: tuple[str, ...]) -> Iterator[ModuleType]:
    for place in places:
        module = importlib.import_module(place)
        yield module
        for info in pkgutil.walk_packages(getattr(module, "__path__", []), f"{place}."):
            yield importlib.import_module(info.name)


def _files(face: str) -> Iterator[Path]:
    if (ROOT / f"{face}.py").exists():
        yield ROOT / f"{face}.py"
    else:
        yield from sorted((ROOT / face).rglob("*.py"))


def _constructor(cls: type) -> object:
    return vars(cls).get("__init__")


def _is_handed_services(function: Callable[..., Any]) -> bool:
    """True when the first argument, after `self`, is the services: all that a use-case needs from the world."""
    names = [name for name in inspect.signature(function).parameters if name != "self"]
    return names[:1] == ["services"]
