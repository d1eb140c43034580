"""Which calls of a coroutine stop the event loop: directly, or somewhere below one of our own functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from checks.source import FUNCTIONS, Function, Project, last_part, own_nodes

# By qualified name. A name that ends in "." stands for everything in that module.
BLOCKING = (
    "time.sleep",
    "requests.",
    "urllib.request.",
    "http.client.",
    "smtplib.",
    "socket.create_connection",
    "socket.getaddrinfo",
    "subprocess.",
    "os.system",
    "shutil.",
    "builtins.open",
    "builtins.input",
    "bcrypt.hashpw",
    "bcrypt.checkpw",
    "psycopg2.connect",
    "psycopg.connect",
    "wiring.get_services",
)
# By method, whatever it is called on: files and statements.
BLOCKING_METHODS = frozenset({
    "read_text", "read_bytes", "write_text", "write_bytes",
    "execute", "executemany", "exec_driver_sql", "scalars",
})  # fmt: skip
# By method, when it is called on something of this name.
BLOCKING_OF = {"engine": frozenset({"begin", "connect", "dispose"})}


def blocking_calls(project: Project) -> Iterator[tuple[ast.Call, str]]:
    """Every blocking call that a coroutine makes itself, with what it ends in."""
    known: dict[int, str | None] = {}
    for module in project.modules.values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.AsyncFunctionDef):
                for call in _direct_calls(project, node):
                    why = _why(project, call, known)
                    if why is not None:
                        yield call, why


def _direct_calls(project: Project, function: Function) -> Iterator[ast.Call]:
    for node in own_nodes(function):
        if isinstance(node, ast.Call) and not _is_awaited(project, node):
            yield node


def _is_awaited(project: Project, call: ast.Call) -> bool:
    above = project.parent(call)
    if isinstance(above, ast.withitem):
        return isinstance(project.parent(above), ast.AsyncWith)
    return isinstance(above, ast.Await) or (isinstance(above, ast.AsyncFor) and above.iter is call)


def _why(project: Project, call: ast.Call, known: dict[int, str | None]) -> str | None:
    name = project.qualified(call.func) or ""
    if any(name.startswith(entry) if entry.endswith(".") else name == entry for entry in BLOCKING):
        return f"{name.removeprefix('builtins.')} blocks"
    if isinstance(call.func, ast.Attribute):
        owner = last_part(call.func.value).lstrip("_")
        if call.func.attr in BLOCKING_METHODS or call.func.attr in BLOCKING_OF.get(owner, ()):
            return f"{call.func.attr} blocks"
    function = _called(project, call)
    if function is None or _is_read_once(project, function):
        return None
    if id(function) not in known:
        known[id(function)] = None
        reasons = (_why(project, inner, known) for inner in _direct_calls(project, function))
        known[id(function)] = next((reason for reason in reasons if reason is not None), None)
    below = known[id(function)]
    return None if below is None else f"{function.name} > {below}"


def _is_read_once(project: Project, function: ast.FunctionDef) -> bool:
    """`@cache` without parameters: one small file at the first request, and never again."""
    names = {project.qualified(d) for d in function.decorator_list}
    return "functools.cache" in names and not function.args.args and not function.args.kwonlyargs


def _called(project: Project, call: ast.Call) -> ast.FunctionDef | None:
    """Our own plain function, or the method of the same object, that a call runs."""
    found = project.definition(call.func)
    if isinstance(call.func, ast.Attribute) and last_part(call.func.value) == "self":
        home = next((a for a in project.ancestors(call) if isinstance(a, ast.ClassDef)), None)
        methods = [] if home is None else [n for n in home.body if isinstance(n, FUNCTIONS)]
        found = next((m for m in methods if m.name == call.func.attr), None)
    return found if isinstance(found, ast.FunctionDef) else None
