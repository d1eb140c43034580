"""Row S26: no address that somebody gave us is ever asked. Few modules speak to other hosts, each to one it is told."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# What can open a connection. The database's drivers are told one address by the configuration.
SPEAKING = ("requests", "urllib.request", "urllib3", "http.client", "smtplib", "socket", "ftplib", "telnetlib", "httpx",
            "httpx2", "aiohttp", "websockets", "xmlrpc", "psycopg", "psycopg2")  # fmt: skip
# Every module of the application that may, and whom it asks.
ALLOWED = {
    "gateways/http.py": "the gateway, whose host the configuration names",
    "gateways/breakable_adapter.py": "the same connection, to be broken off",
    "mail/sender.py": "the mail server that the configuration names",
    "operations/simulator_process.py": "the simulator, on this machine",
    "manage.py": "asks whether its own port is free",
}
NOT_THE_APPLICATION = ("tests", "checks", "benchmarks", "simulator")


def speaking_modules() -> Iterator[str]:
    for top in sorted(ROOT.iterdir()):
        if top.name.startswith(".") or top.name in NOT_THE_APPLICATION:
            continue
        for path in [top] if top.suffix == ".py" else sorted(top.rglob("*.py")):
            if speaks(path.read_text(encoding="utf-8")):
                yield path.relative_to(ROOT).as_posix()


def speaks(source: str) -> bool:
    """True when the source imports something that can open a connection."""
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        if any(name == known or name.startswith(f"{known}.") for name in names for known in SPEAKING):
            return True
    return False


def test_s26_only_known_modules_speak_to_other_hosts() -> None:
    assert set(speaking_modules()) == set(ALLOWED)


def test_s26_a_module_that_could_speak_is_seen() -> None:
    for line in ("import requests", "from urllib import request", "from http.client import HTTPSConnection",
                 "import urllib3.util"):  # fmt: skip
        assert speaks(line)
    assert not speaks("from urllib.parse import urlsplit\nimport requestsx")
