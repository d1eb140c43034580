"""Everything that is kept about a person, for that person: the right to see it (DPDP Act 2023, s. 11).

No secret, no hash of one, no mail's body, and nothing of anybody else: whoever acted for us is "our team".
"""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from accounts import brakes
from database import books, personal_data, users
from domain.accounts import INDIAN_STATES, User
from domain.errors import NotSignedIn
from wiring import Services

_OUR_TEAM = "our team"


def export_of(services: Services, actor: User) -> dict[str, object]:
    """What is kept about the actor, part by part. Amounts are in paise, times in UTC.

    Raises NotSignedIn and TooManyRequests. Each export is audited.
    """
    brakes.spend(services, (brakes.EXPORTS_BY_ACCOUNT, str(actor.id)))
    with services.engine.begin() as conn:
        if users.find(conn, actor.id) is None:
            raise NotSignedIn()
        now = services.now(conn)
        books.audit(conn, "data_exported", f"user:{actor.id}", actor_id=actor.id, detail={})
        account = personal_data.find_account(conn, actor.id)
        parts = personal_data.list_parts(conn, actor.id)
        audit = personal_data.list_audit(conn, actor.id)
    account["state"] = INDIAN_STATES.get(account["state_code"], "")
    return {
        "exported_at": now,
        "service": services.settings.business_name,
        "account": account,
        **parts,
        "what_was_done": [
            {
                "at": row["at"],
                "by": _who(row["actor_id"], actor.id),
                "what": row["action"],
                "about": row["object"],
                "detail": _without_others(row["detail"], actor.id),
            }
            for row in audit
        ],
    }


def export_file(services: Services, actor: User) -> bytes:
    """The same as a JSON file."""
    return json.dumps(export_of(services, actor), indent=2, ensure_ascii=False, default=_written).encode()


def _who(actor_id: UUID | None, own_id: UUID) -> str:
    if actor_id is None:
        return "our system"
    return "you" if actor_id == own_id else _OUR_TEAM


def _without_others(detail: dict[str, object], own_id: UUID) -> dict[str, object]:
    """An entry's detail in which no id names another person."""
    return {name: _OUR_TEAM if _is_of_another(value, own_id) else value for name, value in detail.items()}


def _is_of_another(value: object, own_id: UUID) -> bool:
    try:
        return isinstance(value, str) and UUID(value) != own_id
    except ValueError:
        return False


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"an export holds no {type(value).__name__}")
