"""Each rule finds what it is there to find, and leaves its clean twin alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from checks.rules import violations


def _found(root: Path, source: str, name: str = "planted.py") -> list[str]:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return violations(root)


def _ids(lines: list[str]) -> list[str]:
    return [line.split(": ")[1] for line in lines]


def test_s29_the_repository_keeps_the_rules() -> None:
    assert violations() == []


_SQL = "from sqlalchemy import text\nCOLUMNS = 'a, b'\nNAMES = ('a', 'b')\n"


@pytest.mark.parametrize(
    "body",
    [
        "    conn.execute(text(f'SELECT 1 FROM t WHERE n = {name}'))",
        "    conn.execute(text('SELECT ' + name))",
        "    conn.execute('SELECT %s' % name)",
        "    conn.exec_driver_sql('SELECT {}'.format(name))",
        "    conn.executemany('SELECT ' + ', '.join(name), [])",
        "    conn.execute(text(name))",
        "    conn.execute(statement=name)",
        "    sql = f'SELECT {name}'\n    conn.execute(text(sql))",
        "    sql = 'SELECT 1'\n    sql += name\n    conn.execute(text(sql))",
        "    parts = ['SELECT']\n    parts.append(name)\n    conn.execute(text(' '.join(parts)))",
        "    for part in ('a', name):\n        op.execute(part)",
        "    conn.execute(text(f'SELECT {unknown()}'))",
    ],
)
def test_s12_sql_built_from_a_value_is_found(tmp_path: Path, body: str) -> None:
    assert _ids(_found(tmp_path, f"{_SQL}def read(conn, op, name):\n{body}\n")) == ["sql-built"]


@pytest.mark.parametrize(
    "body",
    [
        "    conn.execute(text('SELECT 1 FROM t WHERE n = :n'), {'n': name})",
        "    conn.execute(text(f'SELECT {COLUMNS} FROM t WHERE n = :n'), {'n': name})",
        "    conn.execute(text('SELECT ' + ', '.join(f't.{n}' for n in NAMES)))",
        "    conn.execute(text('SELECT %s' % COLUMNS))",
        "    sql = 'SELECT 1' if name else f'SELECT {COLUMNS}'\n    conn.execute(text(sql), {'n': name})",
        "    for part in NAMES:\n        op.execute(part)",
    ],
)
def test_s12_sql_of_constants_passes(tmp_path: Path, body: str) -> None:
    assert _found(tmp_path, f"{_SQL}def read(conn, op, name):\n{body}\n") == []


def test_s12_a_condition_is_followed_to_everybody_who_passes_one(tmp_path: Path) -> None:
    shared = (
        f"{_SQL}def _find(conn, condition, value):\n"
        "    return conn.execute(text(f'SELECT 1 WHERE {condition}'), {'value': value})\n"
        "def by_id(conn, value):\n    return _find(conn, 'id = :value', value)\n"
    )

    assert _found(tmp_path, shared) == []
    assert _ids(_found(tmp_path, f"{shared}def by(conn, n):\n    return _find(conn, f'{{n}} = 1', n)\n")) == [
        "sql-built"
    ]


def test_s12_a_constant_of_another_module_is_one_and_a_changed_name_is_none(tmp_path: Path) -> None:
    (tmp_path / "columns.py").write_text("ALL = 'a, b'\nCHANGED = 'a'\nCHANGED = input()\n")
    read = "from sqlalchemy import text\nimport columns\nfrom columns import ALL\ndef read(conn):\n"

    assert _found(tmp_path, f"{read}    conn.execute(text(f'SELECT {{ALL}}, {{columns.ALL}}'))\n") == []
    assert _ids(_found(tmp_path, f"{read}    conn.execute(text(f'SELECT {{columns.CHANGED}}'))\n")) == [
        "sql-built"
    ]


def test_s12_a_list_that_is_added_to_is_no_constant(tmp_path: Path) -> None:
    read = f"{_SQL}PARTS = ['a']\ndef read(conn):\n    conn.execute(text(', '.join(PARTS)))\n"

    assert _found(tmp_path, read) == []
    assert _ids(_found(tmp_path, f"{read}def add(name):\n    PARTS.append(name)\n")) == ["sql-built"]


def test_s12_a_statement_beside_unpacked_values_is_followed(tmp_path: Path) -> None:
    one = f"{_SQL}def _one(conn, sql, **values):\n    conn.execute(text(sql), values)\n"

    assert _found(tmp_path, f"{one}def read(conn, **v):\n    _one(conn, 'SELECT 1', **v)\n") == []
    assert _ids(_found(tmp_path, f"{one}def read(conn, **v):\n    _one(conn, **v)\n")) == ["sql-built"]


_HTML = (
    "import streamlit as st\nfrom html import escape\nfrom typing import Literal\nTone = Literal['', 'bad']\n"
)


@pytest.mark.parametrize(
    "body",
    [
        "    st.html(f'<p>{user.name}</p>')",
        "    st.html('<p>' + name)",
        "    lines = []\n    lines.append(f'<li>{name}</li>')\n    st.html(''.join(lines))",
        "    st.html(''.join(f'<li>{row.name}</li>' for row in user.rows))",
        "    st.html(_cell(name))",
        "    st.html(body=name)",
    ],
)
def test_s29_a_value_that_is_not_escaped_is_found_in_html(tmp_path: Path, body: str) -> None:
    source = f"{_HTML}def _cell(text):\n    return f'<td>{{text}}</td>'\ndef draw(user, name):\n{body}\n"

    assert _ids(_found(tmp_path, source)) == ["html-unescaped"]


@pytest.mark.parametrize(
    "body",
    [
        "    st.html(f'<p>{escape(user.name)}</p>')",
        "    lines = [f'<li>{escape(name)}</li>']\n    st.html(''.join(lines))",
        "    st.html(f'<p>{user.share:.1f} % of {len(user.rows)}</p>')",
        "    st.html(_badge(name, 'bad'))",
    ],
)
def test_s29_escaped_values_numbers_and_fixed_words_pass_in_html(tmp_path: Path, body: str) -> None:
    badge = "def _badge(text, tone: Tone = ''):\n    return f'<b class=\"{tone}\">{escape(text)}</b>'\n"

    assert _found(tmp_path, f"{_HTML}{badge}def draw(user, name):\n{body}\n") == []


def test_s29_what_draws_a_cell_is_followed(tmp_path: Path) -> None:
    table = "class Column:\n    pass\n"
    cells = "from ui.admin_table import Column\nfrom html import escape\n"
    _found(tmp_path, table, "ui/admin_table.py")

    assert _found(tmp_path, f"{cells}A = [Column('a', lambda row: escape(row.a))]\n") == []
    assert _ids(_found(tmp_path, f"{cells}A = [Column('a', lambda row: row.a)]\n")) == ["html-unescaped"]


def test_s29_unsafe_allow_html_is_found(tmp_path: Path) -> None:
    found = _found(tmp_path, "import streamlit as st\nst.markdown('<b>x</b>', unsafe_allow_html=True)\n")

    assert found == [
        "planted.py:2: unsafe-html: use st.html with escaped values instead of unsafe_allow_html"
    ]


@pytest.mark.parametrize(
    "body",
    [
        "    time.sleep(1)",
        "    requests.get('https://example.com', timeout=1)",
        "    open('file')",
        "    Path('file').read_text()",
        "    subprocess.run(['true'])",
        "    services.engine.connect()",
        "    get_services()",
        "    read()",
    ],
)
def test_s29_a_blocking_call_in_a_coroutine_is_found(tmp_path: Path, body: str) -> None:
    _found(tmp_path, "def get_services():\n    return 1\n", "wiring.py")

    assert _ids(_found(tmp_path, _coroutine(body))) == ["blocking-in-async"]


@pytest.mark.parametrize(
    "body",
    [
        "    await asyncio.sleep(1)",
        "    await asyncio.to_thread(read)",
        "    await run_in_threadpool(get_services)",
        "    def later():\n        time.sleep(1)\n    await asyncio.to_thread(later)",
        "    await session.execute('SELECT 1')",
        "    async with services.engine.begin() as conn:\n        pass",
        "    _once()",
    ],
)
def test_s29_what_is_awaited_or_runs_in_a_thread_passes(tmp_path: Path, body: str) -> None:
    assert _found(tmp_path, _coroutine(body)) == []


def _coroutine(body: str) -> str:
    return (
        "import asyncio, requests, subprocess, time\nfrom functools import cache\nfrom pathlib import Path\n"
        "from starlette.concurrency import run_in_threadpool\nfrom wiring import get_services\n"
        "def read():\n    return Path('file').read_text()\n@cache\ndef _once():\n    return read()\n"
        f"async def route(services, session):\n{body}\n"
    )


@pytest.mark.parametrize(
    "compared",
    [
        "given == request.signature",
        "token != given",
        "hmac.new(key, body, 'sha256').hexdigest() == given",
        "row.token_hash == given",
    ],
)
def test_s16_a_secret_compared_with_equals_is_found(tmp_path: Path, compared: str) -> None:
    source = f"import hmac\ndef check(request, given, token, key, body, row):\n    return {compared}\n"

    assert _ids(_found(tmp_path, source)) == ["secret-compared"]


@pytest.mark.parametrize(
    "compared",
    [
        "hmac.compare_digest(token, given)",
        "token == ''",
        "request.token_kind == given",
        "request.kind == Kind.TOKEN",
        "request.amount == given",
    ],
)
def test_s29_comparing_what_is_no_secret_passes(tmp_path: Path, compared: str) -> None:
    assert _found(tmp_path, f"import hmac\ndef check(request, given, token):\n    return {compared}\n") == []


def test_s16_text_given_to_compare_digest_is_found(tmp_path: Path) -> None:
    head = "import hmac\ndef check(given: str, mac):\n    return hmac.compare_digest"

    assert _found(tmp_path, f"{head}(given.encode(), mac.digest())\n") == []
    assert _ids(_found(tmp_path, f"{head}(given, mac.digest())\n")) == ["text-compared"]
    assert _ids(_found(tmp_path, f"{head}(given.encode(), mac.hexdigest())\n")) == ["text-compared"]


def test_a_finding_is_silenced_by_its_rule_and_a_reason_only(tmp_path: Path) -> None:
    line = "def check(token, given):\n    return token == given  # allowed: "

    assert _found(tmp_path, f"{line}secret-compared - both are public\n") == []
    assert _ids(_found(tmp_path, f"{line}secret-compared\n")) == ["idle-allowance", "secret-compared"]
    assert _ids(_found(tmp_path, f"{line}sql-built - both are public\n")) == [
        "idle-allowance",
        "secret-compared",
    ]


def test_a_silence_without_need_is_found(tmp_path: Path) -> None:
    assert _ids(_found(tmp_path, "x = 1  # allowed: sql-built - it was once\n")) == ["idle-allowance"]


def test_another_tool_is_silenced_by_rule_and_reason_only(tmp_path: Path) -> None:
    mark = "# no" + "qa"

    assert _found(tmp_path, f"x = 1  {mark}: S105 - published\n") == []
    assert _ids(_found(tmp_path, f"x = 1  {mark}: S105\n")) == ["silent"]
    assert _ids(_found(tmp_path, f"x = 1  {mark}\n")) == ["silent"]
    assert _ids(_found(tmp_path, "x = 1  # no" + "sec\n")) == ["silent"]
