"""The file with a person's data, at its address: for the browser that is theirs, and for no other."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from user_management import register


def test_s33_a_member_gets_their_own_data_as_a_file_that_nothing_keeps(client, user, sign_in_as) -> None:
    sign_in_as(user)

    answer = client.get("/account/export")

    assert answer.status_code == 200
    assert answer.headers["content-disposition"] == 'attachment; filename="my-account.json"'
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.json()["account"]["email"] == "asha@example.com"


def test_s13_nothing_in_the_address_chooses_whose_data_it_is(services, client, user, sign_in_as) -> None:
    other = register(
        services, full_name="Nila Sen", email="nila@example.com", username="nila", phone="8888888888",
        state="Goa", password="TestPass123",
    )  # fmt: skip
    sign_in_as(user)

    answer = client.get("/account/export", params={"user_id": str(other.id), "username": "nila"})

    assert answer.json()["account"]["username"] == "asha"
    assert "nila" not in answer.text


@pytest.mark.parametrize("token", ["", "x", "\u00e9", "y" * 10_000])
def test_s13_whoever_is_not_logged_in_is_led_to_the_log_in(client, user, token) -> None:
    answer = client.get("/account/export", headers={"cookie": f"session={token}".encode()})

    assert (answer.status_code, answer.headers["location"]) == (303, "/login?next=account")
    assert answer.headers["cache-control"] == "no-store"
    assert "asha" not in answer.text


def test_s06_a_session_that_ended_gets_nothing(services, client, user, sign_in_as) -> None:
    sign_in_as(user)
    with services.engine.begin() as conn:
        conn.execute(text("UPDATE sessions SET revoked_at = now()"))

    assert client.get("/account/export").status_code == 303


def test_s13_a_session_that_lacks_its_second_factor_gets_nothing(services, client, user, sign_in_as) -> None:
    sign_in_as(user)
    with services.engine.begin() as conn:
        conn.execute(
            text("INSERT INTO second_factors (user_id, nonce, confirmed_at) VALUES (:id, :nonce, now())"),
            {"id": user.id, "nonce": b"n" * 32},
        )

    assert client.get("/account/export").status_code == 303


def test_an_export_too_many_is_told_in_a_sentence(client, user, sign_in_as) -> None:
    sign_in_as(user)
    for _ in range(10):
        client.get("/account/export")

    answer = client.get("/account/export")

    assert (answer.status_code, answer.headers["content-type"].split(";")[0]) == (429, "text/plain")


def test_an_export_cannot_be_sent_for_by_a_form(client, user, sign_in_as) -> None:
    sign_in_as(user)

    ours = {"origin": "http://localhost:8501", "sec-fetch-site": "same-origin"}

    assert client.post("/account/export").status_code == 403
    assert client.post("/account/export", headers=ours).status_code == 405


@pytest.mark.parametrize(
    ("method", "headers"),
    [("HEAD", {}), ("GET", {"sec-fetch-site": "cross-site"}), ("GET", {"sec-fetch-site": "same-site"})],
)
def test_s08_a_link_on_another_site_uses_no_export_up(
    services, client, user, sign_in_as, method, headers
) -> None:
    sign_in_as(user)

    answer = client.request(method, "/account/export", headers=headers)

    assert answer.status_code == 403
    with services.engine.connect() as conn:
        audited = conn.execute(text("SELECT count(*) FROM audit_log WHERE action = 'data_exported'"))
        assert audited.scalar_one() == 0
