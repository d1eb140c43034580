"""The audit log is a chain: what is changed, removed or slipped in breaks it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from database import audit_chain, books
from manage import main
from operations.audit import in_sentences, verify_audit_log


@pytest.fixture
def entries(engine, services):
    """Five entries, each of a transaction of its own."""
    for number in range(5):
        with engine.begin() as conn:
            books.audit(conn, "tested", f"thing:{number}", actor_id=None, detail={"number": number})
    return services


def test_an_untouched_log_holds(entries) -> None:
    proof = verify_audit_log(entries)

    assert proof.holds
    assert proof.end.length == 5
    assert "as it was written" in in_sentences(proof)


def test_an_empty_log_holds(services) -> None:
    proof = verify_audit_log(services)

    assert (proof.holds, proof.end.length, proof.end.digest) == (True, 0, "0" * 64)


def test_a_long_log_may_be_read_for_longer_than_a_page(entries, monkeypatch) -> None:
    allowed = []

    def find_end(conn):
        allowed.append(conn.execute(text("SHOW statement_timeout")).scalar_one())
        return audit_chain.ChainEnd(0, "")

    monkeypatch.setattr("operations.audit.audit_chain.find_end", find_end)
    verify_audit_log(entries)

    assert allowed == ["10min"]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE audit_log SET detail = '{\"number\": 7}' WHERE object = 'thing:2'", "was changed"),
        ("UPDATE audit_log SET at = at + interval '1 microsecond' WHERE object = 'thing:2'", "was changed"),
        ("UPDATE audit_log SET actor_id = gen_random_uuid() WHERE object = 'thing:2'", "was changed"),
        ("UPDATE audit_log SET action = 'other' WHERE object = 'thing:4'", "was changed"),
        ("DELETE FROM audit_log WHERE object = 'thing:2'", "its entry is gone"),
        ("DELETE FROM audit_chain WHERE position = 3", "links are missing before it"),
        ("DELETE FROM audit_chain WHERE position = 1", "links are missing before it"),
        ("INSERT INTO audit_log (action, object) VALUES ('forged', 'thing:9')", "no link of the chain"),
        (
            "UPDATE audit_chain SET digest = sha256('x') WHERE position = 5",
            "was changed",
        ),
    ],
)
def test_s25_a_log_that_was_tampered_with_does_not_hold(entries, statement, said) -> None:
    with entries.engine.begin() as conn:
        # Who owns the database can switch triggers off.
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text(statement))

    proof = verify_audit_log(entries)

    assert not proof.holds
    assert said in in_sentences(proof)


def test_s25_a_chain_that_was_cut_or_rebuilt_does_not_know_the_end_that_was_noted(entries) -> None:
    before = verify_audit_log(entries).end.digest
    with entries.engine.begin() as conn:
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        conn.execute(text("DELETE FROM audit_chain WHERE position > 3"))
        conn.execute(text("DELETE FROM audit_log WHERE object IN ('thing:3', 'thing:4')"))

    assert verify_audit_log(entries).holds
    assert not verify_audit_log(entries, earlier_end=before).holds
    assert verify_audit_log(entries, earlier_end=verify_audit_log(entries).end.digest).holds


@pytest.mark.parametrize("table", ["audit_log", "audit_chain"])
def test_s25_nobody_changes_or_removes_an_entry(entries, table) -> None:
    for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
        with entries.engine.connect() as conn, pytest.raises(Exception, match="append-only"):
            conn.execute(text(statement))


def test_a_rolled_back_entry_leaves_no_link(entries) -> None:
    with entries.engine.connect() as conn:
        books.audit(conn, "undone", "thing:6", actor_id=None, detail={})
        conn.rollback()

    assert verify_audit_log(entries).end.length == 5


def test_entries_that_commit_at_once_form_one_chain(services) -> None:
    barrier = threading.Barrier(8)

    def work(number: int) -> None:
        barrier.wait(10)
        for step in range(5):
            with services.engine.begin() as conn:
                for half in range(2):
                    books.audit(conn, "tested", f"{number}:{step}:{half}", actor_id=None, detail={})

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    proof = verify_audit_log(services)
    assert proof.holds
    assert proof.end.length == 80


def test_the_command_says_where_the_chain_breaks(entries, monkeypatch, capsys) -> None:
    monkeypatch.setattr("manage.load_settings", lambda: entries.settings)
    monkeypatch.setattr("manage.build_services", lambda _settings: entries)
    good = main(["audit", "verify"])
    end = audit_chain.find_end(entries.engine.connect()).digest
    known = main(["audit", "verify", "--end", end])
    unknown = main(["audit", "verify", "--end", "0" * 64])
    said = capsys.readouterr().out

    assert (good, known, unknown) == (0, 0, 1)
    assert f"5 entries, end {end}" in said
    with pytest.raises(SystemExit):
        main(["audit", "verify", "--end", "xyz"])
