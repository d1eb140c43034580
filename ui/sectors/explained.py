"""Formulas of `analyzer.registry` as pages show them: set in HTML, as help of a column, as a link beside a figure.

They are set with our own few tags: a mathematics library would load a quarter of a megabyte for two dozen lines.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import urlencode

from analyzer.registry import PART, formula, plain
from sectors.studies import Study
from ui.sectors.frame import View

# The name in the address of /method.
FORMULA = "formula"

_OVER = re.compile(r"\[\[(.+?)\|(.+?)\]\]")
# An index below or above, or a letter by itself, which is a quantity; "a" is an article.
_TOKEN = re.compile(
    r"(?P<mark>[_^])(?:\{(?P<group>[^}]*)\}|(?P<one>\S))|(?<!\w)(?<!')(?P<letter>[B-Zb-z])(?![A-Za-z])"
)


def set_formula(line: str) -> str:
    """A line of the registry's notation as HTML. It is read out as the text that `plain` makes of it."""
    parts = "".join(f'<span class="part">{_with_fractions(part)}</span>' for part in line.split(PART))
    return f'<span class="set" role="math" aria-label="{escape(plain(line))}">{parts}</span>'


def how_link(view: View, key: str, text: str = "How is this computed?") -> str:
    """A quiet link to the figure's formula, at the same close and benchmark."""
    address = "/method?" + urlencode({FORMULA: formula(key).key, **view.query})
    return f'<a class="how" href="{escape(address)}" target="_self">{escape(text)}</a>'


def help_of(key: str) -> str:
    """The registry's sentence, for the help of a column or field."""
    return formula(key).short


def study_note(study: Study) -> str:
    """A study as what it is: fixed text about other prices than those of the page."""
    return (
        '<aside class="study" aria-label="A study on other prices"><b>A study, not these prices.</b> '
        f"{escape(study.on)}, {escape(study.when)}. "
        f"{escape(study.finding)} Nothing of it is computed from the prices on this page.</aside>"
    )


def _with_fractions(text: str) -> str:
    parts, at = [], 0
    for over in _OVER.finditer(text):
        parts.append(_set(text[at : over.start()]))
        parts.append(f'<span class="over"><span>{_set(over[1])}</span><span>{_set(over[2])}</span></span>')
        at = over.end()
    parts.append(_set(text[at:]))
    return "".join(parts)


def _set(text: str) -> str:
    parts, at = [], 0
    for token in _TOKEN.finditer(text):
        parts.append(escape(text[at : token.start()]))
        inner = token["group"] or token["one"]
        if token["letter"]:
            parts.append(f"<i>{escape(token['letter'])}</i>")
        elif token["mark"] == "_":
            parts.append(f"<sub>{_set(inner)}</sub>")
        else:
            parts.append(f"<sup>{_set(inner)}</sup>")
        at = token.end()
    parts.append(escape(text[at:]))
    return "".join(parts)
