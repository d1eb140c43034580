"""A job whose tries are over waits for an admin, and one whose worker was killed does not wait at all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from sqlalchemy import text

from billing.alarms import report_job
from billing.dead_letters import list_dead_letters, replay_dead_letter, retry_stalled_jobs
from database.queue import RETRY_LIMIT, Job
from domain.accounts import Role, User
from domain.errors import Forbidden, GatewayTimeout
from tests.books import rows
from user_management import create_admin
from wiring import Services


@pytest.fixture
def admin(services: Services) -> Iterator[User]:
    admin = create_admin(services, email="admin@example.com", password="AdminPass123")
    with services.engine.begin() as conn:
        # The job that sends the link of a new account is not what these tests are about.
        conn.execute(text("DELETE FROM procrastinate_jobs"))
    yield admin


def test_a_dead_letter_is_shown_with_its_arguments_tries_and_alarm(live_services, admin) -> None:
    job_id = _dead_letter(live_services)

    (letter,) = list_dead_letters(live_services, admin)

    assert (letter.job_id, letter.job, letter.arguments, letter.attempts) == (
        job_id, "send_mail", {"email_id": 7}, 1,
    )  # fmt: skip
    assert letter.failed_at is not None
    assert letter.alarm is not None
    assert letter.alarm.startswith(f"Job send_mail {job_id} gave up (GatewayTimeout)")


def test_neither_a_job_under_way_nor_a_failed_periodic_run_is_a_dead_letter(live_services, admin) -> None:
    with live_services.engine.begin() as conn:
        live_services.queue.defer(conn, Job.SEND_MAIL, email_id=7)
        conn.execute(
            text("""
            INSERT INTO procrastinate_jobs (queue_name, task_name, status)
            VALUES ('default', 'retry_stalled_jobs', 'failed')
            """)
        )

    assert list_dead_letters(live_services, admin) == []


def test_a_replayed_dead_letter_has_all_its_tries_and_no_alarm(live_services, admin) -> None:
    job_id = _dead_letter(live_services)

    replayed = replay_dead_letter(live_services, admin, job_id)

    assert replayed
    assert list_dead_letters(live_services, admin) == []
    assert rows(
        live_services, "SELECT id, status::text, attempts, lock, args, scheduled_at FROM procrastinate_jobs"
    ) == [(job_id, "todo", 0, "mail:7", {"email_id": 7}, None)]
    assert rows(live_services, "SELECT resolved_at IS NOT NULL, resolved_by FROM alarms") == [
        (True, admin.id)
    ]
    assert rows(
        live_services, "SELECT actor_id, object, detail FROM audit_log WHERE action = 'dead_letter_replayed'"
    ) == [(admin.id, f"job:{job_id}", {"job": "send_mail"})]


def test_the_second_click_of_two_replays_nothing(live_services, admin) -> None:
    job_id = _dead_letter(live_services)

    clicks = [replay_dead_letter(live_services, admin, job_id) for _ in range(2)]

    assert clicks == [True, False]
    assert rows(live_services, "SELECT count(*) FROM audit_log WHERE action = 'dead_letter_replayed'") == [
        (1,)
    ]


def test_what_is_no_dead_letter_cannot_be_replayed(live_services, admin) -> None:
    assert replay_dead_letter(live_services, admin, 12345) is False


def test_only_an_admin_sees_and_replays_dead_letters(live_services, user) -> None:
    job_id = _dead_letter(live_services)

    for actor in (user, replace(user, role=Role.ADMIN)):
        with pytest.raises(Forbidden):
            list_dead_letters(live_services, actor)
        with pytest.raises(Forbidden):
            replay_dead_letter(live_services, actor, job_id)

    assert rows(live_services, "SELECT status::text FROM procrastinate_jobs WHERE id = :id", id=job_id) == [
        ("failed",)
    ]


def test_a_stalled_job_is_given_back_and_its_last_try_calls_a_person(live_services, admin) -> None:
    with live_services.engine.begin() as conn:
        live_services.queue.defer(conn, Job.SEND_MAIL, email_id=7)
    kept = []

    for _ in range(RETRY_LIMIT + 1):
        _leave_behind(live_services)
        kept.append(retry_stalled_jobs(live_services))

    assert kept == [1] * RETRY_LIMIT + [0]
    (letter,) = list_dead_letters(live_services, admin)
    assert letter.alarm is not None
    assert "was left behind by its worker again and again" in letter.alarm


def test_a_stalled_periodic_job_calls_nobody(live_services) -> None:
    with live_services.engine.begin() as conn:
        live_services.queue.defer(conn, Job.RETRY_STALLED_JOBS)
    _leave_behind(live_services)

    assert retry_stalled_jobs(live_services) == 0
    assert rows(live_services, "SELECT count(*) FROM alarms") == [(0,)]
    assert rows(live_services, "SELECT status::text FROM procrastinate_jobs") == [("failed",)]


def _dead_letter(services: Services) -> int:
    """A mail's job that failed for good, as a worker writes it down."""
    with services.engine.begin() as conn:
        services.queue.defer(conn, Job.SEND_MAIL, lock="mail:7", email_id=7)
        job_id: int = conn.execute(
            text(
                "SELECT id FROM procrastinate_fetch_job_v2(NULL, (SELECT procrastinate_register_worker_v1()))"
            )
        ).scalar_one()
        conn.execute(text("SELECT procrastinate_finish_job_v1(:id, 'failed', false)"), {"id": job_id})
    report_job(services, "send_mail", job_id, GatewayTimeout(), is_over=True)
    return job_id


def _leave_behind(services: Services) -> None:
    """A worker takes the job, and was last heard of a minute ago."""
    with services.engine.begin() as conn:
        conn.execute(
            text(
                "SELECT id FROM procrastinate_fetch_job_v2(NULL, (SELECT procrastinate_register_worker_v1()))"
            )
        )
        conn.execute(text("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '1 minute'"))
