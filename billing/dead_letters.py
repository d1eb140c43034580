"""Jobs that no worker brings to an end: those a killed worker left behind, and those whose tries are over.

The first are given back to the queue. The second are dead letters: each has an alarm, and an admin replays it
when its reason is gone. All jobs are safe to repeat.
"""

from __future__ import annotations

import structlog

from accounts.authority import require_admin
from billing.alarms import job_alarm, raise_alarm
from database import books, queue
from database.queue import PERIODIC, DeadLetter
from domain.accounts import User
from wiring import Services

__all__ = ["DeadLetter", "list_dead_letters", "replay_dead_letter", "retry_stalled_jobs"]

log = structlog.get_logger()

# More than anybody replays by hand; a longer list has one cause, and psql.
_NEWEST = 200


def retry_stalled_jobs(services: Services) -> int:
    """Give back what killed workers left behind, and say how many jobs. Safe to run anywhere, any number at once.

    A job that was left behind as often as jobs are tried becomes a dead letter with an alarm. A periodic
    job is not given back: its next run comes by itself.
    """
    with services.engine.begin() as conn:
        stalled = queue.retry_stalled(conn)
        for job in stalled:
            log.warning("job_stalled", job=job.name, job_id=job.id, is_given_back=job.has_tries)
            if not job.has_tries and job.name not in PERIODIC:
                raise_alarm(
                    services,
                    conn,
                    job_alarm(job.name, job.id),
                    f"Job {job.name} {job.id} was left behind by its worker again and again, and gave up: "
                    "it may be what kills the worker.",
                )
        queue.delete_old_runs(conn)
    return sum(job.has_tries for job in stalled)


def list_dead_letters(services: Services, actor: User) -> list[DeadLetter]:
    """The newest jobs whose tries are over. Raises Forbidden unless the actor is an admin."""
    with services.engine.connect() as conn:
        require_admin(conn, actor)
        return queue.list_dead_letters(conn, limit=_NEWEST)


def replay_dead_letter(services: Services, actor: User, job_id: int) -> bool:
    """Run a dead letter again, with all its tries, and resolve its alarm. Raises Forbidden for all but admins.

    True when this call did it: the second click of two finds no dead letter any more.
    """
    with services.engine.begin() as conn:
        require_admin(conn, actor)
        name = queue.replay(conn, job_id)
        if name is None:
            return False
        books.resolve_alarm(conn, job_alarm(name, job_id), now=services.now(conn), actor_id=actor.id)
        books.audit(conn, "dead_letter_replayed", f"job:{job_id}", actor_id=actor.id, detail={"job": name})
    log.info("dead_letter_replayed", job=name, job_id=job_id)
    return True
