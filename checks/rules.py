"""Rules of this repository on SQL, HTML, async routes and the comparing of secrets. Tests are not read.

A finding is silenced where it stands, with a comment that gives a reason: `# allowed: <rule> - <reason>`. One
that silences nothing, or has no reason, is a finding itself; so is a `noqa` or `nosec` without a reason.
`python -m checks.rules` prints what was found; it ends with 1 when there is anything.
"""

from __future__ import annotations

import ast
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from checks.blocking import blocking_calls
from checks.source import FUNCTIONS, ROOT, Module, Project, last_part
from checks.trust import Policy, Trust

# What runs a statement, and for our own forms of a statement the place it is in.
_RUNS_SQL = frozenset({"execute", "executemany", "exec_driver_sql", "executescript", "scalar", "scalars"})
_STATEMENT = frozenset({"query", "sql", "sqltext", "statement"})
_HOLDS_SQL = frozenset({"sqlalchemy.text", "database.invariants.rule.Invariant"})

# Escaping, or an alphabet without `<`, `>`, `&` and quotes.
_HTML = Policy(
    calls=frozenset({
        "html.escape", "urllib.parse.urlencode", "urllib.parse.quote", "markupsafe.escape",
        "base64.b64encode",
        "builtins.len", "builtins.int", "builtins.round", "builtins.sum", "builtins.abs", "builtins.max",
        # Amounts, dates and signs are made of digits, month names and signs of ours.
        "domain.money.format_rupees",
        "domain.wording.format_date", "domain.wording.format_moment", "domain.wording.format_clock",
        "domain.wording.format_signed",
        # Files of this repository.
        "ui.components._read_text", "ui.theme._stylesheet",
    }),
    # Templates escape by themselves (bandit's B701 sees to it); what draws cells and lists is checked
    # where it is named.
    methods=frozenset({"render", "cell", "draw"}),
    types=frozenset({"int", "float", "Decimal", "bool", "date", "datetime", "UUID", "timedelta", "Literal"}),
    allows_numbers=True,
)  # fmt: skip
# The classes that hold a function which writes HTML, and which of their fields it is.
_HOLDS_WRITERS = {"ui.admin_table.Column": (1, "cell"), "admin_panel.Listing": (1, "draw")}

_SECRET_WORDS = frozenset({
    "csrf", "digest", "hash", "hexdigest", "hmac", "mac", "mic", "otp", "passphrase", "password",
    "pepper", "secret", "sig", "signature", "token",
})  # fmt: skip
# Names of what a secret has, not of the secret.
_ABOUT_SECRETS = frozenset({
    "at", "count", "field", "header", "id", "key", "kind", "length", "name", "path", "prefix",
    "status", "type", "url", "version",
})  # fmt: skip

_ALLOWED = re.compile(r"#\s*allowed:\s*(?P<rule>[a-z-]*)(?P<reason>\s+-\s+\S.*)?")
# Other tools' words for "not here". A bare noqa would silence every rule there is.
_SILENCES = re.compile(r"#\s*(noqa|nosec|pragma: allowlist)\b")
_SILENCES_WELL = re.compile(
    r"#\s*(noqa: [A-Z0-9, ]+|nosec [B0-9, ]+|pragma: allowlist (nextline )?secret) - \S"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place where a rule is broken."""

    rule: str
    node: ast.AST
    sentence: str


def sql_built(project: Project) -> Iterator[Finding]:
    """SQL is constant text: whatever is put into it must be written in the program. Values are parameters."""
    trust = Trust(project, Policy())
    for call in project.calls():
        name = project.qualified(call.func)
        if name in _HOLDS_SQL:
            statements = [*call.args, *(keyword.value for keyword in call.keywords)]
        elif isinstance(call.func, ast.Attribute) and call.func.attr in _RUNS_SQL:
            named = [keyword.value for keyword in call.keywords if keyword.arg in _STATEMENT]
            statements = call.args[:1] or named
        else:
            continue
        for statement in statements:
            # What is inside text(...) is looked at there.
            is_text = isinstance(statement, ast.Call) and project.qualified(statement.func) in _HOLDS_SQL
            part = None if is_text else trust.foreign_part(statement)
            if part is not None:
                yield Finding(
                    "sql-built",
                    call,
                    f"`{_shown(part)}` is no constant; give it to the statement as a parameter",
                )


def html_unescaped(project: Project) -> Iterator[Finding]:
    """HTML is constant text and escaped values."""
    trust = Trust(project, _HTML)
    for call in project.calls():
        name = project.qualified(call.func) or ""
        part = None
        if (isinstance(call.func, ast.Attribute) and call.func.attr == "html") or name.endswith(
            ".HTMLResponse"
        ):
            shown = [*call.args[:1], *(k.value for k in call.keywords if k.arg in {"body", "content"})]
            part = trust.foreign_part(shown[0]) if shown else None
        elif name in _HOLDS_WRITERS:
            part = trust.foreign_return(_given(call, *_HOLDS_WRITERS[name]))
        if part is not None:
            yield Finding("html-unescaped", call, f"put `{_shown(part)}` through html.escape")


def unsafe_html(project: Project) -> Iterator[Finding]:
    """`unsafe_allow_html` is used nowhere: st.html takes HTML, everything else is text."""
    for call in project.calls():
        if any(keyword.arg == "unsafe_allow_html" for keyword in call.keywords):
            yield Finding("unsafe-html", call, "use st.html with escaped values instead of unsafe_allow_html")


def blocking_in_async(project: Project) -> Iterator[Finding]:
    """A coroutine waits for nothing but coroutines: what blocks it blocks every request of the process."""
    for call, why in blocking_calls(project):
        yield Finding("blocking-in-async", call, f"{why}; run it in a thread (run_in_threadpool, to_thread)")


def secret_compared(project: Project) -> Iterator[Finding]:
    """Secrets are compared in constant time."""
    trust = Trust(project, Policy())
    for module in project.modules.values():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            sides = [node.left, *node.comparators]
            # Nothing is learnt from the time of a comparison with what is written in the program.
            if any(trust.foreign_part(side) is None for side in sides):
                continue
            secret = next((side for side in sides if _is_secret(side)), None)
            if secret is not None:
                yield Finding(
                    "secret-compared", node, f"compare `{_shown(secret)}` with hmac.compare_digest, as bytes"
                )


def text_compared(project: Project) -> Iterator[Finding]:
    """compare_digest gets bytes: of text outside ASCII it raises, which a caller can cause."""
    for call in project.calls():
        if last_part(call.func) == "compare_digest":
            for value in call.args:
                if _is_text(project, value):
                    yield Finding("text-compared", call, f"encode `{_shown(value)}` before compare_digest")


RULES: tuple[Callable[[Project], Iterator[Finding]], ...] = (
    sql_built,
    html_unescaped,
    unsafe_html,
    blocking_in_async,
    secret_compared,
    text_compared,
)


def violations(root: Path = ROOT) -> list[str]:
    """One line for each finding that no reason stands beside, and for each silence without need or reason."""
    project = Project(root)
    allowed = {name: _allowances(module) for name, module in project.modules.items()}
    used: set[tuple[str, int]] = set()
    found = []
    for rule in RULES:
        for finding in rule(project):
            module = project.module_of(finding.node)
            lines = range(finding.node.lineno, (finding.node.end_lineno or 0) + 1)  # type: ignore[attr-defined]
            reason = next((n for n in lines if allowed[module.name].get(n) == finding.rule), None)
            if reason is None:
                found.append(f"{project.place(finding.node)}: {finding.rule}: {finding.sentence}")
            else:
                used.add((module.name, reason))
    for name, module in project.modules.items():
        shown = module.path.relative_to(root)
        found += [
            f"{shown}:{n}: idle-allowance: nothing here breaks {rule or 'a rule'}, or no reason is given"
            for n, rule in allowed[name].items()
            if (name, n) not in used
        ]
        found += [
            f"{shown}:{n}: silent: name the rule and give a reason (`- why`)" for n in _silences(module)
        ]
    return sorted(found)


def _comments(module: Module) -> Iterator[tuple[int, str]]:
    tokens = tokenize.generate_tokens(iter(f"{line}\n" for line in module.lines).__next__)
    return ((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)


def _allowances(module: Module) -> dict[int, str]:
    if not any(_ALLOWED.search(line) for line in module.lines):
        return {}
    matches = ((n, _ALLOWED.search(comment)) for n, comment in _comments(module))
    return {n: match["rule"] if match["reason"] else "" for n, match in matches if match}


def _silences(module: Module) -> list[int]:
    """Lines that silence another tool without naming the rule and a reason."""
    if not any(_SILENCES.search(line) for line in module.lines):
        return []
    return [n for n, c in _comments(module) if len(_SILENCES.findall(c)) > len(_SILENCES_WELL.findall(c))]


def _given(call: ast.Call, at: int, name: str) -> ast.expr:
    """The argument at a place or of a name; the call itself when there is none."""
    named = next((keyword.value for keyword in call.keywords if keyword.arg == name), None)
    return named or (call.args[at] if at < len(call.args) else call)


def _is_secret(node: ast.expr) -> bool:
    if isinstance(node, ast.Call):
        return last_part(node.func) in {"digest", "hexdigest", "sign"}
    name = last_part(node)
    words = name.lower().split("_")
    is_constant = isinstance(node, ast.Attribute) and name.isupper()  # a member of an enumeration
    return not is_constant and bool(_SECRET_WORDS & set(words)) and words[-1] not in _ABOUT_SECRETS


def _is_text(project: Project, node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return isinstance(node.value, str)
        case ast.JoinedStr():
            return True
        case ast.Call():
            return last_part(node.func) in {"hexdigest", "decode", "str", "get"}
        case ast.Name():
            scope = next((a for a in project.ancestors(node) if isinstance(a, FUNCTIONS)), None)
            given = [] if scope is None else [*scope.args.args, *scope.args.kwonlyargs]
            return any(
                a.arg == node.id and a.annotation and ast.unparse(a.annotation) == "str" for a in given
            )
    return False


def _shown(node: ast.AST) -> str:
    written = ast.unparse(node)
    return written if len(written) <= 60 else f"{written[:57]}..."


if __name__ == "__main__":
    problems = violations()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
