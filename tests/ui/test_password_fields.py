"""Every field for a password is masked, and says to a password manager which one it wants."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from config import ROOT

KINDS = {"current-password", "new-password"}


def password_fields(source: str) -> Iterator[dict[str, str]]:
    """The named arguments of each text field whose label speaks of a password."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".text_input"):
            label = ast.unparse(node.args[0]) if node.args else ""
            if "password" in label.casefold():
                yield {word.arg or "": ast.unparse(word.value).strip("'") for word in node.keywords}


def test_every_password_is_masked_and_named_for_password_managers() -> None:
    fields = [
        field
        for path in sorted((ROOT / "ui").glob("*.py"))
        for field in password_fields(path.read_text(encoding="utf-8"))
    ]

    assert fields
    assert {field.get("type") for field in fields} == {"password"}
    assert {field.get("autocomplete") for field in fields} <= KINDS


def test_a_field_that_shows_what_is_typed_is_seen() -> None:
    (field,) = password_fields("st.text_input('New password', key='a')")

    assert "type" not in field
