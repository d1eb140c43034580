"""Words that no page and no mail may say about the market: they would turn a description into advice.

Read are the strings of the folders below, without docstrings, and the templates and texts; of HTML its text and
the attributes that are shown. `target="_self"` and a comment are no text. What is meant otherwise stands in ALLOWED,
with a reason. `python -m checks.wording` prints what was found; it ends with 1 when there is anything.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# Whatever a reader may meet is written in one of these: pages, mails, documents, errors and what was done.
_PLACES = (
    "landing_page.py", "admin_panel.py", "payment_handler.py", "user_management.py", "ui", "sectors", "mail", "web",
    "accounts", "billing", "domain", "market_data", "analyzer",
)  # fmt: skip
_FORBIDDEN = re.compile(
    r"\b(buy(s|ing)?|bought|sell(s|ing)?|sold|target(s|ed|ing)?|recommend(s|ed|ing|ations?)?"
    r"|(will|shall|going\s+to|likely\s+to|expected\s+to)\s+(out|under)-?perform|overweight|underweight)\b",
    re.IGNORECASE,
)
_SHOWN_ATTRIBUTES = frozenset({"alt", "aria-label", "title", "placeholder", "label", "value", "content"})
_NOT_TEXT = frozenset({"style", "script"})
_MARKUP = re.compile(r"<[a-zA-Z/!]")
_TEMPLATE_CODE = re.compile(r"{#.*?#}|{%.*?%}|{{.*?}}", re.DOTALL)
# Stands for a value of an f-string or a template: it parts words, as the value would.
_HOLE = "0"


@dataclass(frozen=True, slots=True)
class Allowance:
    """One phrase of one file that says something else, and why it may stay."""

    file: str
    phrase: str
    reason: str


_ACCESS = "what a payment bought is a period of access, not a security"
ALLOWED: tuple[Allowance, ...] = (
    Allowance("accounts/deletion.py", "Your billing page shows what it bought", _ACCESS),
    Allowance("mail/templates/refund.html.j2", "The period that this payment bought", _ACCESS),
    Allowance("mail/templates/refund.txt.j2", "The period that this payment bought", _ACCESS),
    Allowance("ui/activation.py", "the access that it bought", _ACCESS),
    Allowance("ui/admin_refund.py", "This money bought no access", _ACCESS),
    Allowance("ui/admin_refund.py", "the access that this order bought", _ACCESS),
)


@dataclass(frozen=True, slots=True)
class _Text:
    """Something that is shown, and the line where it begins."""

    line: int
    words: str


def violations(root: Path = ROOT, allowed: tuple[Allowance, ...] = ALLOWED) -> list[str]:
    """One line for each forbidden word, and for each allowance that allows nothing or has no reason."""
    used: set[Allowance] = set()
    found = []
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        here = [allowance for allowance in allowed if allowance.file == name]
        for shown in _texts(path):
            for word in _FORBIDDEN.finditer(shown.words):
                allowance = next((a for a in here if _covers(a, shown.words, word)), None)
                if allowance is None:
                    # Of a file that is all text, the word's own line is known.
                    below = shown.words.count("\n", 0, word.start()) if path.suffix != ".py" else 0
                    found.append(
                        f'{name}:{shown.line + below}: wording: "{word[0]}" in "{_around(shown.words, word)}"'
                    )
                else:
                    used.add(allowance)
    found += [
        f'checks/wording.py: idle-allowance: "{a.phrase}" is not in {a.file}, or no reason is given'
        for a in allowed
        if a not in used or not a.reason.strip()
    ]
    return sorted(found)


def _files(root: Path) -> Iterator[Path]:
    for place in _PLACES:
        here = root / place
        paths = [here] if here.is_file() else sorted(here.rglob("*"))
        yield from (path for path in paths if path.suffix in {".py", ".j2", ".html", ".txt", ".md"})


def _texts(path: Path) -> Iterator[_Text]:
    source = path.read_text(encoding="utf-8")
    if path.suffix != ".py":
        # Lines stay where they are, so that a finding can name one.
        holes = _TEMPLATE_CODE.sub(lambda code: _HOLE + "\n" * code[0].count("\n"), source)
        yield from _shown(holes, 1) if ".html" in path.name else [_Text(1, holes)]
        return
    for line, words in _strings(ast.parse(source)):
        yield from _shown(words, line) if _MARKUP.search(words) else [_Text(line, words)]


def _strings(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every string that is no docstring; what is put together with `+` or in an f-string is one."""
    skipped: set[ast.AST] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            skipped.add(node.value)
            continue
        words = _joined(node)
        if words is not None and isinstance(node, ast.expr):
            skipped.update(_parts(node))
            yield node.lineno, words


def _joined(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return "".join(_joined(part) or _HOLE for part in node.values)
        case ast.BinOp(op=ast.Add()):
            left, right = _joined(node.left), _joined(node.right)
            return None if left is None and right is None else f"{left or _HOLE}{right or _HOLE}"
    return None


def _parts(node: ast.expr) -> Iterator[ast.AST]:
    """The pieces that were joined; what stands inside of a value is a string of its own."""
    if isinstance(node, ast.JoinedStr):
        yield from (part for part in node.values if isinstance(part, ast.Constant))
    elif isinstance(node, ast.BinOp):
        for side in (node.left, node.right):
            if _joined(side) is not None:
                yield side
                yield from _parts(side)


class _Reader(HTMLParser):
    """The text of HTML, and the attributes that are read out or shown."""

    def __init__(self, first_line: int) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Text] = []
        self._first_line = first_line
        self._is_code = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._is_code = tag in _NOT_TEXT
        shown = [value for name, value in attrs if name in _SHOWN_ATTRIBUTES and value]
        self.found += [_Text(self._line, value) for value in shown]

    def handle_endtag(self, tag: str) -> None:
        self._is_code = self._is_code and tag not in _NOT_TEXT

    def handle_data(self, data: str) -> None:
        if not self._is_code:
            self.found.append(_Text(self._line, data))

    @property
    def _line(self) -> int:
        return self._first_line + self.getpos()[0] - 1


def _shown(markup: str, line: int) -> list[_Text]:
    reader = _Reader(line)
    reader.feed(markup)
    reader.close()
    return reader.found


def _covers(allowance: Allowance, words: str, word: re.Match[str]) -> bool:
    at = words.find(allowance.phrase)
    while at >= 0:
        if at <= word.start() and word.end() <= at + len(allowance.phrase):
            return True
        at = words.find(allowance.phrase, at + 1)
    return False


def _around(words: str, word: re.Match[str]) -> str:
    return " ".join(words[max(0, word.start() - 30) : word.end() + 30].split())


if __name__ == "__main__":
    problems = violations()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
