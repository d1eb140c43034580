"""Writes what a large run found into docs/faults.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

# The words of the fault catalogue, shortened.
MEANINGS = {
    "F10": "killed before or after the gateway's call for an order",
    "F11": "time-out although the gateway made the order",
    "F12": "no connection, 4xx, 5xx, HTML, half a reply, a slow one, a huge one, a redirect",
    "F13": "plan changed between two tries",
    "F14": "double click, two tabs",
    "F15": "price tampered with",
    "F16": "price changed between order and payment",
    "F17": "the reply names another order or amount",
    "F18": "two payable orders of one purchase are both paid",
    "F19": "the gateway is away for an hour",
    "F20": "return before the webhook",
    "F21": "webhook before the return",
    "F22": "neither arrives",
    "F23": "forged return",
    "F24": "paid later, in another application",
    "F25": "failed, then paid; pending for hours",
    "F26": "paid after expiry or termination",
    "F27": "two successes on one order",
    "F28": "amount or currency differs",
    "F29": "paid for a closed account",
    "F30": "killed between receiving a webhook and having worked on it",
    "F31": "the same webhook many times",
    "F32": "webhooks in any order",
    "F33": "webhooks that are late, unknown or of another environment",
    "F34": "forged webhooks",
    "F35": "genuine webhooks with hostile content",
    "F36": "endless, huge and broken-off bodies",
    "F37": "no database, or a stuck one, when a webhook arrives",
    "F38": "blocking work in the event loop",
    "F39": "the gateway stops sending webhooks",
    "F40": "webhook, return, sweep and admin at once",
    "F41": "two orders of one buyer settle together",
    "F42": "the database refuses a statement for concurrency",
    "F43": "a commit whose answer is lost",
    "F60": "PostgreSQL stopped and started under load",
    "F61": "the last day of our database is lost",
    "F62": "connections are terminated",
    "F63": "the database's disk is full",
}


def write_report(
    path: Path,
    *,
    rows: Mapping[str, int],
    numbers: Mapping[str, float],
    names: Mapping[str, Sequence[str]],
    failed: Sequence[str],
    cores: int,
    minutes: float,
) -> None:
    """Write the report of one large run: how much was tried, what was caught, and each row with its count."""
    lines = [
        "# Fault tests",
        "",
        "Written by `make faults`; `make test` runs the same with small numbers. Any schedule replays from its seed:",
        "`python -m tests.faults.schedule --seed N`. What is counted below is what passed.",
        "",
        "No test failed." if not failed else "**These tests failed:**",
        *(f"- `{test}`" for test in failed),
        "",
        f"Machine: {cores} cores. Time: {minutes:.0f} minutes.",
        "",
        "| what | how many |",
        "|---|---:|",
    ]
    lines += [f"| {name} | {number:,.0f} |" for name, number in sorted(numbers.items())]
    if numbers.get("seconds of schedules"):
        rate = numbers.get("schedules", 0) / numbers["seconds of schedules"]
        lines.append(f"| schedules per second and core | {rate:.1f} |")
    for name, found in sorted(names.items()):
        lines += ["", f"## {name[0].upper()}{name[1:]}: {len(found)}", ""]
        lines += [f"- {line}" for line in sorted(set(found))]
    lines += ["", "## Rows of the fault catalogue", "", "| row | fault | exercised |", "|---|---|---:|"]
    lines += [f"| {row} | {MEANINGS[row]} | {count:,} |" for row, count in rows.items()]
    path.write_text("\n".join(lines) + "\n")
