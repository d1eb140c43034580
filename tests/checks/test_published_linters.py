"""ruff and bandit, as `make check` runs them, find what they are there to find.

Each is run with its line of the Makefile, over planted files and with this repository's configuration.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from checks.source import ROOT

BIN = Path(sys.executable).parent
WEAK = "import hashlib\n\n\ndef digest(body: bytes) -> str:\n    return hashlib.md5(body).hexdigest()\n"
SOUND = WEAK.replace("md5", "sha256")
DANGEROUS = (
    ("B602", "import subprocess\nsubprocess.run('ls ' + input(), shell=True)\n"),
    ("B501", "import requests\nrequests.get('https://example.com', verify=False, timeout=1)\n"),
    ("B113", "import requests\nrequests.get('https://example.com')\n"),
    ("B307", "print(eval(input()))\n"),
    ("B301", "import pickle\nprint(pickle.loads(input().encode()))\n"),
    ("B701", "import jinja2\njinja2.Environment(autoescape=False)\n"),
    ("B110", "try:\n    print(1)\nexcept Exception:\n    pass\n"),
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / "web").mkdir()
    return tmp_path


def _check_lines() -> list[str]:
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    return [line.strip() for line in recipe[1].splitlines()]


def _run(project: Path, tool: str) -> subprocess.CompletedProcess[str]:
    """Run the line of `make check` that begins with this command."""
    (line,) = [text for text in _check_lines() if text.startswith(f"@$(BIN)/{tool}")]
    command = line.removeprefix("@").replace("$(BIN)", str(BIN))
    return subprocess.run(
        ["bash", "-eu", "-o", "pipefail", "-c", command], cwd=project, capture_output=True, text=True
    )


@pytest.mark.parametrize("tool", ["ruff check", "bandit"])
def test_s29_a_weak_hash_stops_the_check_and_a_sound_one_does_not(project: Path, tool: str) -> None:
    (project / "web" / "planted.py").write_text(WEAK)
    weak = _run(project, tool)
    (project / "web" / "planted.py").write_text(SOUND)
    sound = _run(project, tool)

    assert weak.returncode == 1 and re.search("S324|B324", weak.stdout)
    assert sound.returncode == 0, sound.stdout


def test_s29_bandit_finds_each_kind_of_danger(project: Path) -> None:
    for rule, source in DANGEROUS:
        (project / "web" / f"planted_{rule.lower()}.py").write_text(source)

    found = _run(project, "bandit")

    assert found.returncode == 1
    issues = found.stdout.split(">> Issue: ")
    for rule, _ in DANGEROUS:
        assert any(f"[{rule}:" in issue and f"planted_{rule.lower()}.py" in issue for issue in issues), rule


def test_s29_every_rule_that_bandit_leaves_to_ruff_is_asked_there(project: Path) -> None:
    (project / "web" / "planted.py").write_text(
        'import os\nimport subprocess\n\npassword = "hunter' + '2"\n'
        "os.execv(input(), [])\nsubprocess.run(input())\nsubprocess.run(['ls'])\n"
        "f(password='hunter" + "2')\n\n\ndef f(password='hunter" + "2'):\n    pass\n"
    )

    found = _run(project, "ruff check").stdout

    assert {"S105", "S106", "S107", "S603", "S606", "S607"} <= set(re.findall(r"\bS\d{3}\b", found))


def test_s29_every_check_of_our_own_is_part_of_make_check() -> None:
    modules = {
        path.stem
        for path in (ROOT / "checks").glob("*.py")
        if 'if __name__ == "__main__":' in path.read_text()
    }
    run = set(re.findall(r"-m checks\.(\w+)", "\n".join(_check_lines())))

    assert run == modules == {"floors", "layers", "leaks", "rules", "wording"}


@pytest.mark.parametrize("module", ["rules", "floors"])
def test_s29_a_check_of_our_own_ends_with_1_when_it_finds_something(project: Path, module: str) -> None:
    shutil.copytree(ROOT / "checks", project / "checks")
    (project / "requirements.txt").write_text("starlette==0.40.0\n")
    (project / "web" / "planted.py").write_text("def same(token, given):\n    return token == given\n")

    ended = subprocess.run(
        [sys.executable, "-m", f"checks.{module}"], cwd=project, capture_output=True, text=True
    )

    assert ended.returncode == 1
    assert re.search(r"secret-compared|CVE-2025-62727", ended.stderr)
