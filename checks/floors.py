"""Version floors: a lock file may not go back below the release that closed a known hole.

An advisory service is not always within reach (`make audit` asks one when it is); this table is. A floor for a
package that the lock does not hold is an error too: it would guard nothing.
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from checks.source import ROOT

LOCK = "requirements.txt"


@dataclass(frozen=True, slots=True)
class Floor:
    """The first release without a hole."""

    package: str
    version: str
    cve: str
    hole: str


FLOORS = (
    Floor("certifi", "2024.7.4", "CVE-2024-39689", "trusts the withdrawn roots of GLOBALTRUST"),
    Floor(
        "h11", "0.16.0", "CVE-2025-43859", "accepts malformed chunks: requests can be smuggled past a proxy"
    ),
    Floor("idna", "3.7", "CVE-2024-3651", "a long domain name keeps a core busy"),
    Floor("jinja2", "3.1.6", "CVE-2025-27516", "the |attr filter leaves the sandbox"),
    Floor("pillow", "11.3.0", "CVE-2025-48379", "writes beyond a buffer when it saves DDS"),
    Floor("protobuf", "6.31.1", "CVE-2025-4565", "nested messages exhaust the stack"),
    Floor("pyarrow", "14.0.1", "CVE-2023-47248", "reading a foreign file runs its code"),
    Floor(
        "python-multipart", "0.0.18", "CVE-2024-53981", "a byte after the last boundary costs a log line each"
    ),
    Floor("python-multipart", "0.0.22", "CVE-2026-24486", "a file name with a path writes where it likes"),
    Floor("python-multipart", "0.0.26", "CVE-2026-40347", "a large preamble or epilogue keeps a core busy"),
    Floor(
        "requests", "2.32.4", "CVE-2024-47081", "a crafted URL gets the .netrc credentials of another host"
    ),
    Floor("starlette", "0.49.1", "CVE-2025-62727", "a Range header costs quadratic time"),
    Floor("starlette", "1.1.0", "CVE-2026-48818", "a UNC path makes Windows send its credentials"),
    Floor("streamlit", "1.54.0", "CVE-2026-33682", "a UNC path makes Windows send its credentials"),
    Floor("urllib3", "2.6.0", "CVE-2025-66418", "an endless chain of encodings exhausts the memory"),
    Floor("urllib3", "2.6.0", "CVE-2025-66471", "a small compressed stream fills the memory"),
    Floor("urllib3", "2.6.3", "CVE-2026-21441", "the body of a redirect is decompressed without a limit"),
    Floor("urllib3", "2.7.0", "CVE-2026-44432", "a partly read body is decompressed without a limit"),
)

_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(\[[^\]]*\])?==(?P<version>[^\s;\\]+)")


def violations(root: Path = ROOT) -> list[str]:
    """One line for each pin below a floor, and for each floor without a pin."""
    pins = _pins(root / LOCK)
    found = []
    for floor in FLOORS:
        if floor.package not in pins:
            found.append(f"{LOCK}:1: {floor.package} is not pinned; remove its floor ({floor.cve})")
        # A package may be pinned twice, for two versions of Python.
        found += [
            f"{LOCK}:{line}: {floor.package} {version} is open to {floor.cve} ({floor.hole}); "
            f"take {floor.version} or newer"
            for line, version in pins.get(floor.package, [])
            if _order(version) < _order(floor.version)
        ]
    return found


def _order(version: str) -> tuple[int, ...]:
    """For comparing. What is no plain release, `1.1.0rc1` say, comes before every floor: a person looks at it."""
    if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", version):
        return ()
    numbers = [int(number) for number in version.split(".")]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def _pins(lock: Path) -> dict[str, list[tuple[int, str]]]:
    pins: dict[str, list[tuple[int, str]]] = {}
    for number, text in enumerate(lock.read_text(encoding="utf-8").splitlines(), start=1):
        if match := _PIN.match(text):
            name = re.sub(r"[-_.]+", "-", match["name"]).lower()
            pins.setdefault(name, []).append((number, match["version"]))
    return pins


if __name__ == "__main__":
    problems = violations()
    sys.stderr.write("".join(f"{problem}\n" for problem in problems))
    sys.exit(1 if problems else 0)
