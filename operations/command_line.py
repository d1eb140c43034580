"""The commands of `manage.py` and their arguments, read strictly: what is wrong is told in a sentence."""

from __future__ import annotations

import argparse
import re
from datetime import date, datetime
from pathlib import Path

from operations.moments import Moment, parse_moment


def build_parser(description: str | None) -> argparse.ArgumentParser:
    """The parser of `manage.py`. The name of the command is in `command`."""
    parser = argparse.ArgumentParser(prog="manage.py", description=description)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser("run", help="start the application")
    run.add_argument("--reload", action="store_true", help="reload pages when a file changes")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    admin = commands.add_parser("create-admin", help="create an admin's account")
    admin.add_argument("email")
    factor = commands.add_parser(
        "reset-second-factor", help="take the second factor from somebody who lost phone and recovery codes"
    )
    factor.add_argument("email")
    commands.add_parser("doctor", help="examine configuration, database, gateway and mail")
    commands.add_parser("worker", help="run background jobs in a process of their own")
    commands.add_parser("psql", help="open psql on the application's database; further arguments go to it")
    mail = commands.add_parser("send-test-mail", help="send a test mail with the SMTP settings")
    mail.add_argument("email")
    commands.add_parser("check", help="ask the database whether every invariant holds")
    audit = commands.add_parser("audit", help="prove that the audit log is as it was written")
    proofs = audit.add_subparsers(dest="action", required=True, metavar="action")
    verify = proofs.add_parser(
        "verify", help="follow the chain over all entries; exit code 1 where it breaks"
    )
    verify.add_argument(
        "--end",
        type=_digest,
        metavar="DIGEST",
        help="an end noted earlier, which must be a link of the chain",
    )
    commands.add_parser("sweep", help="ask the gateway about unfinished orders now, as each minute")
    reconcile = commands.add_parser(
        "reconcile", help="compare our books with the gateway's own account, and rebuild what is missing"
    )
    reconcile.add_argument(
        "--since", type=_moment, metavar="TIME", help="2026-11-20 or 2026-11-20T10:00 in India (3 days ago)"
    )
    reconcile.add_argument("--until", type=_moment, metavar="TIME", help="the same (now); a day counts whole")
    events = commands.add_parser("events", help="read and repeat the webhooks that came")
    actions = events.add_subparsers(dest="action", required=True, metavar="action")
    newest = actions.add_parser("list", help="the newest events")
    newest.add_argument("--status", choices=["new", "processed", "ignored"])
    newest.add_argument("--limit", type=_count, default=20, metavar="N")
    for action, help_text in (("show", "one event with its body"), ("replay", "process one event again")):
        actions.add_parser(action, help=help_text).add_argument("id", type=_event_id, metavar="ID")
    market = commands.add_parser("market", help="the prices that pages show: state, files, evening's update")
    steps = market.add_subparsers(dest="action", required=True, metavar="action")
    steps.add_parser("status", help="what is shown, where prices come from, how far they reach, what waits")
    steps.add_parser(
        "import", help="store a CSV file, a file of the exchange, or a folder of them"
    ).add_argument("path", type=Path, metavar="PATH")
    steps.add_parser("pack", help="pack the stored prices anew for the pages")
    update = steps.add_parser("update", help="ask the provider now, as each evening")
    update.add_argument("--day", type=_day, metavar="DAY", help="this day alone: 2026-11-20")
    return parser


def _day(words: str) -> date:
    try:
        return datetime.strptime(words, "%Y-%m-%d").date()  # noqa: DTZ007 - a day, no moment
    except ValueError as exc:
        raise argparse.ArgumentTypeError("write a day like 2026-11-20") from exc


def _moment(words: str) -> Moment:
    try:
        return parse_moment(words)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


def _digest(words: str) -> str:
    if not re.fullmatch("[0-9a-f]{64}", words):
        raise argparse.ArgumentTypeError("write the 64 hexadecimal digits that `audit verify` printed")
    return words


def _count(words: str) -> int:
    if not words.isdecimal() or len(words) > 4 or not 1 <= int(words) <= 1000:
        raise argparse.ArgumentTypeError("write a number from 1 to 1000")
    return int(words)


def _event_id(words: str) -> int:
    # The database's ids end at 2⁶³.
    if not words.isdecimal() or len(words) > 18:
        raise argparse.ArgumentTypeError("write the number that `events list` shows")
    return int(words)
