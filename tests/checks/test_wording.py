"""Words of advice are found where a reader would meet them, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.wording import Allowance, violations


def _found(root: Path, source: str, name: str = "ui/planted.py", *allowed: Allowance) -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return violations(root, allowed)


def test_no_page_and_no_mail_of_the_repository_gives_advice() -> None:
    assert violations() == []


@pytest.mark.parametrize(
    "sentence",
    [
        "Buy Realty now",
        "a buying opportunity",
        "IT was sold",
        "The sell-off goes on",
        "Price target 22,000",
        "targeting 5 % a month",
        "We recommend the leaders",
        "our recommendations of the week",
        "Realty will outperform",
        "Metal is likely to outperform",
        "Realty will out-perform NIFTY",
    ],
)
def test_a_word_of_advice_is_found(tmp_path: Path, sentence: str) -> None:
    [line] = _found(tmp_path, f"import streamlit as st\n\nst.caption({sentence!r})\n")

    assert line.startswith("ui/planted.py:3: wording: ")


@pytest.mark.parametrize(
    "source",
    [
        "TITLE = f'{name}: buy'\n",
        "TITLE = 'We recom' + 'mend ' + name\n",
        "TITLE = f'<b>{name}</b> will outperform'\n",
        "TITLE = f'''<a target=\"_self\" title=\"Buy {name}\">open</a>'''\n",
        "TITLE = {'buy': 1}\n",
    ],
)
def test_a_word_of_advice_is_found_however_it_is_put_together(tmp_path: Path, source: str) -> None:
    assert len(_found(tmp_path, source)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("mail/templates/report.txt.j2", "{{ sector }}: buy\n"),
        ("mail/templates/report.html.j2", "<p class='x'>{{ sector }}\nwill outperform</p>\n"),
        ("mail/templates/report.html.j2", "<img alt='Our target for {{ sector }}' src='cid:map'>\n"),
        ("ui/texts/terms.html", "<p>We recommend nothing but this.</p>\n"),
    ],
)
def test_templates_and_texts_are_read(tmp_path: Path, name: str, text: str) -> None:
    assert len(_found(tmp_path, text, name)) == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("ui/planted.py", '"""What a buyer sees before they buy."""\n# buy, sell, recommend\n'),
        ("ui/planted.py", 'def draw():\n    """Sell nothing."""\n'),
        ("ui/planted.py", 'LINK = f\'<a href="/{path}" target="_self">Open</a>\'\n'),
        ("web/planted.py", "SDK = 'cashfree.checkout({redirectTarget: \"_self\"})'\n"),
        ("ui/planted.py", "WORD = 'The buyer pays, the index outperformed NIFTY, a retargeted bestseller'\n"),
        (
            "mail/templates/report.html.j2",
            "{# buy #}<style>.target { color: red }</style><p>{{ target }}</p>",
        ),
        ("tests/planted.py", "WORD = 'buy'\n"),
    ],
)
def test_what_nobody_reads_is_left_alone(tmp_path: Path, name: str, text: str) -> None:
    assert _found(tmp_path, text, name) == []


def test_a_phrase_that_is_allowed_allows_itself_and_nothing_else(tmp_path: Path) -> None:
    allowed = Allowance("ui/planted.py", "what it bought", "a payment buys access")

    lines = _found(tmp_path, "A = 'See what it bought'\nB = 'Realty was bought'\n", "ui/planted.py", allowed)

    assert [line.split(": ")[0] for line in lines] == ["ui/planted.py:2"]


def test_an_allowance_without_need_or_reason_is_found(tmp_path: Path) -> None:
    idle = Allowance("ui/planted.py", "buy nothing", "nobody says so")
    silent = Allowance("ui/planted.py", "bought", " ")

    lines = _found(tmp_path, "A = 'bought'\n", "ui/planted.py", idle, silent)

    assert [line.split(": ")[1] for line in lines] == ["idle-allowance", "idle-allowance"]
