"""Planted secrets are found, in the files as they are and in what was once committed.

They are put together here, so that this file holds none itself.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from checks.leaks import violations

AWS_KEY = "AKIA" + "IOSFODNN7QWERTY2"
LIVE_CASHFREE = "cfsk_ma_" + "prod_" + "0f1e2d3c" + "4b5a6978" + "8796a5b4" + "c3d2e1f0" + "_1a2b3c4d"
GITHUB_TOKEN = "ghp_" + "wWPw5k4aXcaT" + "4fNP0UcnZwJU" + "VFk6LO0pINUx"
PRIVATE_KEY = "-----BEGIN RSA " + "PRIVATE KEY-----"
RANDOM = "c3VwZXIg" + "bG9uZyBzdHJpbmc" + "gc2hvdWxkIGNhdXNl"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("[tool]\n")
    _git(tmp_path, "init", "--quiet")
    _commit(tmp_path)
    return tmp_path


def _git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.com")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def _commit(root: Path) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--no-gpg-sign", "--message", "Change")


def _plant(root: Path, text: str, name: str = "app.py") -> None:
    path = root / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    _commit(root)


def test_s31_the_repository_and_its_history_hold_no_secret() -> None:
    assert violations() == []


@pytest.mark.parametrize("name", ["app.py", "tests/test_app.py", "notes.md", "deep.yaml"])
@pytest.mark.parametrize("secret", [AWS_KEY, LIVE_CASHFREE, GITHUB_TOKEN, PRIVATE_KEY, RANDOM])
def test_s31_a_planted_secret_is_found_and_not_repeated(repository: Path, secret: str, name: str) -> None:
    _plant(repository, f'first = 1\nvalue = "{secret}"\n', name)

    found = violations(repository)

    assert found and all(line.startswith(f"{name}:2: ") for line in found)
    assert secret not in "".join(found)


def test_s31_a_password_in_the_program_is_found(repository: Path) -> None:
    _plant(repository, 'password = "hunter' + '2 is mine"\n')

    assert violations(repository)[0].startswith("app.py:1: secret keyword?")


def test_s31_a_secret_that_was_removed_is_found_in_the_history(repository: Path) -> None:
    _plant(repository, f'value = "{AWS_KEY}"\n')
    _plant(repository, "value = read()\n")

    assert violations(repository)[0].startswith("app.py in commit ")


def test_s31_a_secret_that_only_a_merge_brought_is_found(repository: Path) -> None:
    _git(repository, "checkout", "--quiet", "-b", "side")
    _plant(repository, "side = 1\n", "side.py")
    _git(repository, "checkout", "--quiet", "-")
    _plant(repository, "main = 1\n", "main.py")
    _git(repository, "merge", "--quiet", "--no-ff", "--no-commit", "side")
    _plant(repository, f'value = "{AWS_KEY}"\n')
    _plant(repository, "value = read()\n")

    assert violations(repository)[0].startswith("app.py in commit ")


def test_s31_names_invented_values_and_variables_pass(repository: Path) -> None:
    _plant(
        repository,
        "password = settings.password\n"
        'url = "postgresql://user:<password>@host/name"\n'
        f'invented = "{RANDOM}"  # pragma: allowlist secret - an example of the standard\n',
    )

    assert violations(repository) == []


def test_s31_the_reason_that_ruff_wants_is_enough_for_a_name_and_not_for_a_key(repository: Path) -> None:
    mark = "# no" + "qa: S105 - a name"
    _plant(repository, f'RESET_PASSWORD = "reset_password"  {mark}\n')
    assert violations(repository) == []

    _plant(repository, f'RESET_PASSWORD = "{AWS_KEY}"  {mark}\n')
    assert violations(repository)[0].startswith("app.py:1: aws access key?")


def test_s31_a_mark_without_a_reason_does_not_count(repository: Path) -> None:
    _plant(repository, f'invented = "{RANDOM}"  # pragma: allowlist secret\n')

    assert len(violations(repository)) == 1


def test_s31_what_only_the_history_holds_passes_by_its_fingerprint(repository: Path) -> None:
    _plant(repository, f'value = "{RANDOM}"\n')
    _plant(repository, "value = read()\n")
    fingerprint = violations(repository)[0].rpartition("(")[2].rstrip(")")
    (repository / "pyproject.toml").write_text(
        f'[tool.leaks.invented_in_history]\n{fingerprint} = "an example"\n'
    )

    assert violations(repository) == []


def test_s31_an_untracked_file_is_not_the_repositorys(repository: Path) -> None:
    (repository / ".env").write_text(f"SECRET={AWS_KEY}\n")

    assert violations(repository) == []
