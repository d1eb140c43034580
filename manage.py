"""The command line: run, migrate, create-admin, doctor, worker, check, audit, reconcile, events, market and more.

Each command is a few lines around one use-case. `python manage.py --help` lists them.
"""

from __future__ import annotations

import argparse
import asyncio
import getpass
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date

import structlog
from sqlalchemy.exc import SQLAlchemyError

from accounts import second_factor
from billing import inbox, reconciliation
from config import ROOT, ConfigError, Settings, load_settings
from database.queue import worker_is_alive
from domain.errors import GatewayError, ProductError
from jobs.worker import work_until_told_to_stop
from mail.sender import MailNotSent
from operations import event_text, market_text
from operations.audit import in_sentences, verify_audit_log
from operations.check import all_hold, format_findings, run_checks
from operations.command_line import build_parser
from operations.doctor import examine
from operations.logs import configure_logs
from operations.moments import as_read
from operations.test_mail import send_test_mail
from sectors import market_import, market_status, market_update, shown
from user_management import create_admin
from wiring import Services, build_services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Its problems are told in a sentence, with exit code 1."""
    parser = build_parser(__doc__)
    options, options_of_psql = parser.parse_known_args(arguments)
    if options_of_psql and options.command != "psql":
        parser.error(f"unrecognized arguments: {' '.join(options_of_psql)}")
    options.rest = options_of_psql
    # People read this output: only warnings are logged into it.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    try:
        return _COMMANDS[options.command](load_settings(), options)
    except (ConfigError, MailNotSent) as exc:
        print(exc, file=sys.stderr)
        return 1
    except SQLAlchemyError as exc:
        print(
            f"The database cannot be used ({type(exc).__name__}): `manage.py doctor` says more.",
            file=sys.stderr,
        )
        return 1
    except ProductError as exc:
        fields = getattr(exc, "fields", {})
        print("\n".join([exc.user_message, *fields.values()]), file=sys.stderr)
        return 1


def _run(settings: Settings, options: argparse.Namespace) -> int:  # noqa: RET503 - exec does not return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError:
            print(f"Port {settings.port} is in use: stop what uses it, or set PORT.", file=sys.stderr)
            return 1
    print(f"Starting on {settings.app_base_url} ...", flush=True)
    os.chdir(ROOT)
    watcher = "auto" if options.reload else "none"
    os.execv(  # noqa: S606 - the same interpreter, fixed arguments
        sys.executable,
        [
            sys.executable, "-m", "streamlit", "run", "landing_page.py",
            "--server.port", str(settings.port), "--server.address", settings.host,
            "--server.fileWatcherType", watcher,
        ],
    )  # fmt: skip


def _migrate(settings: Settings, _options: argparse.Namespace) -> int:
    build_services(settings).close()
    print("The database is at the newest schema.")
    return 0


def _create_admin(settings: Settings, options: argparse.Namespace) -> int:
    password = os.environ.get("ADMIN_PASSWORD") or getpass.getpass("Password: ")
    services = build_services(settings)
    try:
        create_admin(services, email=options.email, password=password)
    finally:
        services.close()
    print("The admin can log in now.")
    return 0


def _reset_second_factor(settings: Settings, options: argparse.Namespace) -> int:
    print(
        "This takes the second factor from an account and logs it out everywhere. Its owner is told by mail."
    )
    try:
        typed = input("Type the email address again to go on: ")
    except EOFError:
        typed = ""
    if typed.strip().casefold() != options.email.strip().casefold():
        print("The addresses differ. Nothing was changed.", file=sys.stderr)
        return 1
    with closing(build_services(settings)) as services:
        is_done = second_factor.reset(services, email=options.email)
    print("It logs in with its password alone now." if is_done else "This account has no second factor.")
    if is_done and settings.is_production:
        print("An admin has to set up a new one at the next log-in.")
    return 0


def _doctor(settings: Settings, _options: argparse.Namespace) -> int:
    findings = examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.is_good else 'BAD '} {finding.subject}: {finding.sentence}")
    return 0 if all(finding.is_good for finding in findings) else 1


def _worker(settings: Settings, _options: argparse.Namespace) -> int:
    configure_logs(ROOT)
    services = build_services(settings)
    try:
        asyncio.run(work_until_told_to_stop(services))
    except KeyboardInterrupt:
        pass
    finally:
        services.close()
    return 0


def _psql(settings: Settings, options: argparse.Namespace) -> int:
    services = build_services(settings)
    program = "psql" if services.embedded is None else str(services.embedded.programs / "psql")
    address = services.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    # A child, not exec: the embedded server stops with its last user.
    code = os.spawnvp(os.P_WAIT, program, [program, address, *options.rest])  # noqa: S606 - no shell
    services.close()
    return code


def _send_test_mail(settings: Settings, options: argparse.Namespace) -> int:
    send_test_mail(settings, options.email)
    print("The mail server accepted the test mail.")
    return 0


def _check(settings: Settings, _options: argparse.Namespace) -> int:
    with closing(build_services(settings)) as services:
        findings = run_checks(services)
    print(format_findings(findings))
    return 0 if all_hold(findings) else 1


def _audit(settings: Settings, options: argparse.Namespace) -> int:
    with closing(build_services(settings)) as services:
        proof = verify_audit_log(services, earlier_end=options.end)
    print(in_sentences(proof))
    return 0 if proof.holds else 1


def _sweep(settings: Settings, _options: argparse.Namespace) -> int:
    with closing(build_services(settings)) as services:
        done = reconciliation.sweep(services)
    print(
        f"Asked about {done.asked} orders: {done.moved} moved, {done.failed} could not be asked. "
        f"Events queued again: {done.events_requeued}."
    )
    if done.is_cut_short:
        print(
            "The round was cut short: another one is under way, or the gateway limits us. The next goes on."
        )
    return 0


def _reconcile(settings: Settings, options: argparse.Namespace) -> int:
    with closing(build_services(settings)) as services:
        with services.engine.connect() as conn:
            now = services.now(conn)
        since = options.since.starts_at if options.since else now - reconciliation.NIGHTLY_WINDOW
        until = min(options.until.ends_at if options.until else now, now)
        if since >= until:
            print(f"--since must be before --until and before now ({as_read(now)}).", file=sys.stderr)
            return 1
        print(f"Comparing {as_read(since)} to {as_read(until)} ...", flush=True)
        try:
            found = reconciliation.reconcile(
                services, since=since, until=until, progress=lambda sentence: print(sentence, flush=True)
            )
        except GatewayError as exc:
            reason = f"{type(exc).__name__} {exc.detail}".strip()
            print(
                f"The gateway's account could not be read ({reason}). Run this again later.", file=sys.stderr
            )
            return 1
    print(
        f"{found.movements} movements of money, {found.looked} orders looked at, {found.recovered} rebuilt, "
        f"{len(found.unresolved)} unresolved."
    )
    for order_id in found.unresolved:
        print(f"  unresolved: {order_id}")
    return 1 if found.unresolved else 0


def _events(settings: Settings, options: argparse.Namespace) -> int:
    with closing(build_services(settings)) as services:
        if options.action == "list":
            print(event_text.table(inbox.list_events(services, status=options.status, limit=options.limit)))
            return 0
        if options.action == "show":
            shown = inbox.find_event(services, options.id)
            text = None if shown is None else event_text.page(shown)
        else:
            text = _replay(services, options.id)
    print(text or f"There is no event {options.id}.", file=sys.stdout if text else sys.stderr)
    return 0 if text else 1


def _replay(services: Services, event_id: int) -> str | None:
    before = inbox.replay_event_for_operator(services, event_id)
    if before is None:
        return None
    with services.engine.connect() as conn:
        is_worked_on = worker_is_alive(conn)
    return event_text.replayed(before, is_worked_on=is_worked_on)


def _market(settings: Settings, options: argparse.Namespace) -> int:
    with closing(build_services(settings)) as services:
        match options.action:
            case "status":
                status = market_status.read_status(services)
                print(market_text.status_text(status))
                return 0 if status.gate is None else 1
            case "import":
                done = market_import.import_path(
                    services, options.path, progress=lambda sentence: print(sentence, flush=True)
                )
                print(market_text.import_text(done))
                return 1 if done.held or done.broken else 0
            case "pack":
                version, why_not = shown.pack_now(services)
                print(f"Packed as {version}." if version else f"Nothing was packed: {why_not}")
                return 0 if version else 1
        return _update_market(services, options.day)


def _update_market(services: Services, day: date | None) -> int:
    if services.market_provider is None:
        print("There is no provider: set MARKET_DATA_PROVIDER, or use `market import`.", file=sys.stderr)
        return 1
    update = market_update.run_update(services, services.market_provider, day=day)
    print(market_text.update_text(update), file=sys.stderr if update.failure else sys.stdout)
    return 0 if update.is_clean else 1


_COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "run": _run,
    "migrate": _migrate,
    "create-admin": _create_admin,
    "reset-second-factor": _reset_second_factor,
    "doctor": _doctor,
    "worker": _worker,
    "psql": _psql,
    "send-test-mail": _send_test_mail,
    "check": _check,
    "audit": _audit,
    "sweep": _sweep,
    "reconcile": _reconcile,
    "events": _events,
    "market": _market,
}

if __name__ == "__main__":
    sys.exit(main())
