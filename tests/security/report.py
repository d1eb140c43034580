"""Writes what a large run found into docs/security_report.md."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

# By the row of the security checklist that a test's name begins with.
TRIED = {
    "s02": "Sign-ins of known and unknown accounts at the real cost of a hash: counted and timed.",
    "s06": "Streamlit sessions resumed by their id from another client, while their owner is there and after.",
    "s10": "Hostile texts through every field, into every page, mail and file, in Chromium under the policy.",
    "s11": "Texts that a spreadsheet would calculate, in our own exports.",
    "s15": "Forged webhooks, and genuine signatures over bodies that cannot be read.",
    "s20": "Every element the pages use, drawn under the policy and without it, compared pixel by pixel.",
}
_ROW = re.compile(r"::test_(s\d\d)_(\w+)")


def write_report(
    path: Path,
    *,
    passed: Sequence[str],
    failed: Sequence[str],
    numbers: Mapping[str, float],
    names: Mapping[str, Sequence[str]],
    cores: int,
    minutes: float,
) -> None:
    """Write the report of one large run: what was tried, how often, and what did not hold."""
    lines = [
        "# Security probes",
        "",
        "Written by `make security`; `make test` runs the same with small numbers. What is counted is what passed.",
        "",
        "No test failed." if not failed else "**These tests failed:**",
        *(f"- `{test}`" for test in failed),
        "",
        f"Machine: {cores} cores. Time: {minutes:.0f} minutes.",
        "",
        "| what | how many |",
        "|---|---:|",
        *(f"| {name} | {number:,.0f} |" for name, number in sorted(numbers.items())),
    ]
    for name, found in sorted(names.items()):
        lines += ["", f"## {name[0].upper()}{name[1:]}", ""]
        lines += [f"- {line}" for line in sorted(set(found))]
    lines += ["", "## What was tried", ""]
    for row, what in TRIED.items():
        tests = sorted({_sentence(test) for test in passed if f"::test_{row}_" in test})
        if tests:
            lines += [f"**{row.upper()}** {what}", "", *(f"- {test}" for test in tests), ""]
    path.write_text("\n".join(lines).rstrip() + "\n")


def _sentence(test: str) -> str:
    found = _ROW.search(test)
    return test if found is None else found[2].replace("_", " ")
