"""What the documents say is what the code does."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import domain.errors
from config import Settings
from web.routes import build_routes

ROOT = Path(__file__).resolve().parent.parent


def test_every_setting_is_in_the_example_and_in_the_documentation() -> None:
    settings = {name.upper() for name in Settings.model_fields}

    example = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    documented = set(
        re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs/configuration.md").read_text(), re.MULTILINE)
    )

    assert example == settings
    assert documented == settings


def test_the_example_file_changes_nothing() -> None:
    from dotenv import dotenv_values

    from config import load_settings

    example = {k: v or "" for k, v in dotenv_values(ROOT / ".env.example").items()}
    given = load_settings({**example, "DATA_DIR": "/nonexistent", "SECRET_KEY": "x", "PASSWORD_PEPPER": "y"})
    default = load_settings({"DATA_DIR": "/nonexistent", "SECRET_KEY": "x", "PASSWORD_PEPPER": "y"})

    assert given == default


def test_every_direct_dependency_has_its_reason() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    text = (ROOT / "docs/dependencies.md").read_text()

    missing = [name for name in names if name.split("[")[0] not in text]

    assert missing == []


def test_every_error_is_in_the_drawn_tree() -> None:
    tree = domain.errors.__doc__ or ""
    classes = [
        name
        for name, value in vars(domain.errors).items()
        if isinstance(value, type) and issubclass(value, domain.errors.ProductError)
    ]

    assert [name for name in classes if name not in tree] == []


def test_every_link_of_a_document_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = [
        f"{document.name}: {target}"
        for document in documents
        for target in re.findall(r"\]\(([^)#]+)\)", document.read_text())
        if not target.startswith("http") and not (document.parent / target).exists()
    ]

    assert broken == []


def test_every_file_a_decision_names_exists() -> None:
    missing = [
        f"{decision.name}: {path}"
        for decision in sorted((ROOT / "docs/decisions").glob("*.md"))
        for path in re.findall(r"`((?:tests|checks|domain|docs)/[\w/.]+\.\w+)`", decision.read_text())
        if not (ROOT / path).exists()
    ]

    assert missing == []


def test_the_readme_stays_short_and_shows_both_commands() -> None:
    text = (ROOT / "README.md").read_text()

    assert len(text.splitlines()) <= 120
    assert "make run" in text
    assert "make test" in text


def test_every_make_target_of_the_documents_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    documents = (ROOT / "README.md").read_text() + (ROOT / "CONTRIBUTING.md").read_text()

    assert set(re.findall(r"(?:`|^)make ([a-z-]+)", documents, re.MULTILINE)) <= targets


def test_our_routes_have_no_wildcard_origin_and_every_webhook_has_both_spellings() -> None:
    paths = {route.path for route in build_routes()}  # type: ignore[attr-defined]

    assert {"/webhooks/cashfree", "/webhooks/cashfree/"} <= paths


def test_no_secret_file_is_tracked() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()

    assert [name for name in tracked if name.startswith(".env") and name != ".env.example"] == []
