"""The command line: run, migrate, create-admin, doctor, worker, psql, send-test-mail.

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

import structlog

from config import ROOT, ConfigError, Settings, load_settings
from domain.errors import ProductError
from jobs.worker import work_for_ever
from mail.sender import MailNotSent
from operations.doctor import examine
from operations.logs import configure_logs
from operations.test_mail import send_test_mail
from user_management import create_admin
from wiring import build_services


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Its problems are told in a sentence, with exit code 1."""
    parser = argparse.ArgumentParser(prog="manage.py", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    run = commands.add_parser("run", help="start the application")
    run.add_argument("--reload", action="store_true", help="reload pages when a file changes")
    commands.add_parser("migrate", help="bring the database to the newest schema")
    admin = commands.add_parser("create-admin", help="create an admin's account")
    admin.add_argument("email")
    commands.add_parser("doctor", help="examine configuration, database, gateway and mail")
    commands.add_parser("worker", help="run background jobs in a process of their own")
    commands.add_parser("psql", help="open psql on the application's database; further arguments go to it")
    mail = commands.add_parser("send-test-mail", help="send a test mail with the SMTP settings")
    mail.add_argument("email")
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


def _doctor(settings: Settings, _options: argparse.Namespace) -> int:
    findings = examine(settings)
    for finding in findings:
        print(f"{'ok  ' if finding.is_good else 'BAD '} {finding.subject}: {finding.sentence}")
    return 0 if all(finding.is_good for finding in findings) else 1


def _worker(settings: Settings, _options: argparse.Namespace) -> int:
    configure_logs(ROOT)
    services = build_services(settings)
    try:
        asyncio.run(work_for_ever(services))
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


_COMMANDS: dict[str, Callable[[Settings, argparse.Namespace], int]] = {
    "run": _run,
    "migrate": _migrate,
    "create-admin": _create_admin,
    "doctor": _doctor,
    "worker": _worker,
    "psql": _psql,
    "send-test-mail": _send_test_mail,
}

if __name__ == "__main__":
    sys.exit(main())
