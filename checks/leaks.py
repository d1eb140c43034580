"""Secrets in the repository: every line of every tracked file, and every line that a commit behind this one added.

The looking is detect-secrets' plugins, run here without their asking the network whether a find is live, and
once for each different line. An invented secret that has to stand in a file says so beside it, with a reason
(`pragma: allowlist secret - why`); what only the history holds is in `[tool.leaks]`, with a reason too.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from detect_secrets.filters import heuristic
from detect_secrets.filters.allowlist import is_line_allowlisted
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.settings import default_settings, get_plugins
from detect_secrets.util.code_snippet import CodeSnippet

from checks.source import ROOT

# Hashes by the thousand, and nothing else; `make lock` writes them.
_LOCKS = frozenset({"requirements.txt", "requirements-dev.txt"})
# Tests are full of invented passwords and addresses of databases with them. What has the shape or the randomness
# of a real key counts there as everywhere.
_NOT_IN_TESTS = frozenset({"Secret Keyword", "Basic Auth Credentials"})
# Whether a word is a password because its variable is called so, ruff asks too: one reason is enough.
_REASON_FOR_RUFF = re.compile(r"# noqa: S10[567] - \S")
# detect-secrets takes the mark alone; here it counts with a reason only.
_REASON = re.compile(r"allowlist (?:nextline )?secret - \S")


class CashfreeDetector(RegexBasedDetector):
    """The shape of a live client secret: what would hurt most here, and no plugin knows it."""

    secret_type = "Cashfree live secret"  # noqa: S105 - a name
    denylist = (re.compile(r"cfsk_ma_prod_[0-9a-f]{16,}(?:_[0-9a-f]{4,})?"),)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, and where it is or was."""

    place: str
    path: str
    text: str
    above: str = ""


def violations(root: Path = ROOT) -> list[str]:
    """One line for each thing that looks like a secret. The thing itself is not repeated."""
    known = _known(root)
    current = list(_tracked_lines(root))
    here = {line.text for line in current}
    former = (line for line in _committed_lines(root) if line.text not in here)
    found = []
    with default_settings():
        plugins = [CashfreeDetector(), *(p for p in get_plugins() if isinstance(p, BasePlugin))]
        # An invented secret was invented in the history too.
        invented = set()
        for line in current:
            for kind, value in _look(plugins, line):
                if _is_explained(line, kind):
                    invented.add(value)
                else:
                    found.append(_sentence(line, kind, value))
        for line in former:
            found += [
                _sentence(line, kind, value)
                for kind, value in _look(plugins, line)
                if value not in invented and _fingerprint(value) not in known
            ]
    return found


def _look(plugins: Iterable[BasePlugin], line: Line) -> Iterator[tuple[str, str]]:
    """The kinds and values of what looks like a secret in a line."""
    is_test = line.path.startswith("tests/")
    for plugin in plugins:
        if is_test and plugin.secret_type in _NOT_IN_TESTS:
            continue
        for hit in plugin.analyze_line(filename=line.path, line=line.text, line_number=1):
            value = hit.secret_value or ""
            if not _is_harmless(value, line.text, plugin):
                yield plugin.secret_type, value


def _is_harmless(value: str, text: str, plugin: BasePlugin) -> bool:
    """detect-secrets' own heuristics: counters, UUIDs, placeholders and names of variables."""
    return (
        heuristic.is_sequential_string(value)
        or heuristic.is_potential_uuid(value)
        or heuristic.is_likely_id_string(value, text, plugin)
        or heuristic.is_templated_secret(value)
        or heuristic.is_prefixed_with_dollar_sign(value)
        or heuristic.is_not_alphanumeric_string(value)
        or heuristic.is_indirect_reference(text)
    )


def _is_explained(line: Line, kind: str) -> bool:
    if kind == "Secret Keyword" and _REASON_FOR_RUFF.search(line.text):
        return True
    if not _REASON.search(line.text) and not _REASON.search(line.above):
        return False
    snippet = CodeSnippet(snippet=[line.above, line.text], start_line=0, target_index=1)
    return is_line_allowlisted(line.path, line.text, snippet)


def _sentence(line: Line, kind: str, value: str) -> str:
    return f"{line.place}: {kind.lower()}? Withdraw it if it is real, or say why it is not ({_fingerprint(value)})"


def _fingerprint(value: str) -> str:
    return hashlib.sha256(value.encode()).hexdigest()[:16]


def _known(root: Path) -> frozenset[str]:
    table = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"].get("leaks", {})
    return frozenset(table.get("invented_in_history", {}))


def _tracked_lines(root: Path) -> Iterator[Line]:
    for name in _git(root, "ls-files", "-z").split("\0"):
        path = root / name
        if not name or PurePosixPath(name).name in _LOCKS or not path.is_file():
            continue
        try:
            texts = path.read_text(encoding="utf-8").splitlines()
        except UnicodeDecodeError:
            continue  # a picture or a font: nothing that can be read as text
        for number, text in enumerate(texts, start=1):
            yield Line(f"{name}:{number}", name, text, texts[number - 2] if number > 1 else "")


def _committed_lines(root: Path) -> Iterator[Line]:
    """Each different line that a commit added, with the newest commit that did. A shallow clone holds few."""
    log = _git(
        root, "log", "-m", "-p", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv",
        "--no-renames", "--format=commit %h",
    )  # fmt: skip
    seen: set[tuple[bool, str]] = set()
    commit = path = ""
    for text in log.splitlines():
        if text.startswith("commit "):
            commit = text.removeprefix("commit ")
        elif text.startswith("+++ "):
            path = text.removeprefix("+++ ").removeprefix("b/")
        elif text.startswith("+") and PurePosixPath(path).name not in _LOCKS:
            key = (path.startswith("tests/"), text)
            if key not in seen:
                seen.add(key)
                yield Line(f"{path} in commit {commit}", path, text[1:])


def _git(root: Path, *arguments: str) -> str:
    return subprocess.run(  # noqa: S603 - git with fixed arguments
        ["git", "-C", str(root), *arguments],  # noqa: S607 - git is where the caller's PATH has it
        check=True,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
    ).stdout


if __name__ == "__main__":
    problems = violations()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
