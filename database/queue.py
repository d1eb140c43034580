"""Put jobs into the queue, inside the caller's transaction: a job exists if and only if its cause committed.

The names here are those of the tasks in `jobs/`; a test keeps them equal.
"""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

import procrastinate
from procrastinate.contrib.sqlalchemy import SQLAlchemyPsycopg2Connector
from procrastinate.exceptions import ConnectorException
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError


class Job(StrEnum):
    PROCESS_EVENT = "process_event"
    LOOK_AGAIN = "look_again"
    TERMINATE_ORDER = "terminate_order"
    EXECUTE_REFUND = "execute_refund"
    SEND_MAIL = "send_mail"


class JobQueue:
    """Defers jobs on the caller's connection."""

    def __init__(self, engine: Engine) -> None:
        self._app = procrastinate.App(connector=SQLAlchemyPsycopg2Connector())
        self._app.open(engine)

    def defer(
        self,
        conn: Connection,
        job: Job,
        *,
        lock: str | None = None,
        after: timedelta = timedelta(),
        **arguments: int | str,
    ) -> None:
        """Queue a job that commits or rolls back with the caller, to run at once or `after` a while.

        Jobs with the same lock run one at a time, and wait behind one that waits for its next try: orders
        are kept apart by their row locks instead, so that no event waits behind another.
        """
        task = self._app.configure_task(
            job,
            allow_unknown=True,
            lock=lock,
            connection=conn,
            schedule_in={"seconds": int(after.total_seconds())} if after else None,
        )
        try:
            task.defer(**arguments)
        except ConnectorException as exc:
            # The caller's edges know the database's errors by their usual names.
            if isinstance(exc.__cause__, SQLAlchemyError):
                raise exc.__cause__ from exc
            raise


def worker_is_alive(conn: Connection) -> bool:
    """True when a worker reported within half a minute; a live one does so every ten seconds."""
    alive: bool = conn.execute(
        text("""
        SELECT EXISTS (
            SELECT 1
            FROM procrastinate_workers
            WHERE last_heartbeat > now() - interval '30 seconds'
        )
        """)
    ).scalar_one()
    return alive
