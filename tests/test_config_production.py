"""Production's settings: one good environment, and each weakness alone is refused by its name and without its value."""

from __future__ import annotations

import subprocess

import pytest

from config import ConfigError, find_warnings, load_settings

GOOD_PRODUCTION = {
    "APP_ENV": "production",
    "APP_BASE_URL": "https://rs.example",
    "DATABASE_URL": "postgresql://app:canary-password@db.internal/app",
    "CASHFREE_CLIENT_ID": "123456abc",
    "CASHFREE_CLIENT_SECRET": "cfsk_ma_prod_canary",
    "SECRET_KEY": "canary-Zr9v0qLxM3sUe7TgYw2NcHkB5dJf8aPo",  # pragma: allowlist secret - invented
    "PASSWORD_PEPPER": "canary-h4KtVn6WzQb1RmXy8GsCj3EuLd0FaPi7",  # pragma: allowlist secret - invented
}


def test_production_reads_its_own_file_and_not_the_sandboxs(tmp_path) -> None:
    (tmp_path / ".env.sandbox").write_text("BUSINESS_NAME=sandbox\n")
    (tmp_path / ".env.production").write_text("BUSINESS_NAME=production\n")

    assert load_settings(GOOD_PRODUCTION, root=tmp_path).business_name == "production"
    assert load_settings({}, root=tmp_path).business_name == "sandbox"


def test_the_guides_own_names_are_accepted_in_production_only(tmp_path) -> None:
    guide = {
        **{k: v for k, v in GOOD_PRODUCTION.items() if not k.startswith("CASHFREE")},
        "CASHFREE_PROD_CLIENT_ID": "live-id",
        "CASHFREE_PROD_CLIENT_SECRET": "cfsk_ma_prod_guide",
        "PROD_SENDER_EMAIL": "pay@rs.example",
    }

    settings = load_settings(guide, root=tmp_path)

    assert settings.cashfree_client_id == "live-id"
    assert settings.cashfree_client_secret.get_secret_value() == "cfsk_ma_prod_guide"
    assert settings.sender_email == "pay@rs.example"
    assert load_settings({**guide, "APP_ENV": "test", "APP_BASE_URL": ""}, root=tmp_path).uses_simulator


def test_the_guides_production_names_win_over_the_general_files_sandbox_keys(tmp_path) -> None:
    (tmp_path / ".env").write_text(
        "CASHFREE_CLIENT_ID=TEST1\nCASHFREE_CLIENT_SECRET=cfsk_ma_test_1\nSENDER_EMAIL=me@dev.example\n"
    )
    (tmp_path / ".env.production").write_text(
        "CASHFREE_PROD_CLIENT_ID=live-id\n"
        "CASHFREE_PROD_CLIENT_SECRET=cfsk_ma_prod_guide\n"  # pragma: allowlist secret - invented
        "PROD_SENDER_EMAIL=pay@rs.example\n"
    )
    real = {k: v for k, v in GOOD_PRODUCTION.items() if not k.startswith("CASHFREE")}

    settings = load_settings(real, root=tmp_path)

    assert settings.cashfree_client_id == "live-id"
    assert settings.sender_email == "pay@rs.example"


def test_a_good_production_environment_is_accepted(tmp_path) -> None:
    settings = load_settings(GOOD_PRODUCTION, root=tmp_path)

    assert settings.is_production
    assert settings.secure_cookies
    assert settings.cashfree_mode == "production"
    assert settings.cashfree_script_url == "https://sdk.cashfree.com/js/v3/cashfree.js"
    assert list(tmp_path.iterdir()) == []


def test_production_names_every_problem_at_once_and_shows_no_value(tmp_path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings(
            {
                "APP_ENV": "production",
                "APP_BASE_URL": "http://canary-host.example",
                "CASHFREE_CLIENT_ID": "canary-id",
                "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_canary",
                "API_BASE": "https://canary-gateway.example/pg",
                "SECRET_KEY": "canary-short",
                "ADMIN_EMAIL": "canary@rs.example",
            },
            root=tmp_path,
        )

    text = str(refused.value)
    for name in (
        "APP_BASE_URL",
        "DATABASE_URL",
        "CASHFREE_CLIENT_ID",
        "API_BASE",
        "SECRET_KEY",
        "PASSWORD_PEPPER",
        "ADMIN_EMAIL",
    ):
        assert name in text
    assert "canary" not in text


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CASHFREE_CLIENT_SECRET", "cfsk_ma_test_sandbox"),
        ("CASHFREE_ENV", "sandbox"),
        ("CASHFREE_ENV", "simulator"),
        ("APP_BASE_URL", "http://rs.example"),
        ("API_BASE", "https://evil.example/pg"),
        ("API_BASE", "http://api.cashfree.com/pg"),
        ("DATABASE_URL", ""),
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", "changeme-changeme-changeme-change"),
        ("SECRET_KEY", "please_CHANGE-ME_before_going_live_1"),
        ("SECRET_KEY", "k" * 40),
        ("SECRET_KEY", "q9" * 20),
        ("SECRET_KEY", "canary-h4KtVn6WzQb1RmXy8GsCj3EuLd0FaPi7"),  # pragma: allowlist secret - invented
        ("PASSWORD_PEPPER", ""),
        ("PASSWORD_PEPPER", "A real one? 0000000000000000000000000"),
        ("METRICS_TOKEN", "f3Ka9-short"),
        ("METRICS_TOKEN", "canary-Zr9v0qLxM3sUe7TgYw2NcHkB5dJf8aPo"),  # pragma: allowlist secret - invented
        ("METRICS_TOKEN", "your-secret-token-here"),
        ("CASHFREE_CLIENT_SECRET", ""),
        ("CASHFREE_CLIENT_SECRET", "cfsk_ma_prod_"),
        ("CASHFREE_CLIENT_SECRET", "cfsk_ma_prod_xxxxxxxxxxxxxxxx"),
        ("CASHFREE_WEBHOOK_SECRETS", "cfsk_ma_test_simulator"),
        ("APP_BASE_URL", "https://localhost"),
        ("APP_BASE_URL", "https://rs.localhost"),
        ("APP_BASE_URL", "https://127.0.0.2:8443"),
    ],
)
def test_production_refuses_each_weakness_alone_and_names_it(tmp_path, variable, value) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({**GOOD_PRODUCTION, variable: value}, root=tmp_path)

    named = "CASHFREE_CLIENT_SECRET" if variable == "CASHFREE_ENV" else variable
    assert named in str(refused.value)
    assert "canary" not in str(refused.value)


def test_production_accepts_secrets_as_the_documented_command_draws_them(tmp_path) -> None:
    drawn = {
        name: subprocess.run(
            ["openssl", "rand", "-base64", "48"], capture_output=True, text=True, check=True
        ).stdout.strip()
        for name in ("SECRET_KEY", "PASSWORD_PEPPER", "METRICS_TOKEN")
    }

    assert load_settings({**GOOD_PRODUCTION, **drawn}, root=tmp_path).is_production


def test_production_warns_of_a_missing_proxy_and_of_an_address_that_reaches_nobody(tmp_path) -> None:
    bare = load_settings(GOOD_PRODUCTION, root=tmp_path)
    told = load_settings(
        {**GOOD_PRODUCTION, "TRUSTED_PROXIES": "10.0.0.5", "SUPPORT_EMAIL": "help@rs.example"}, root=tmp_path
    )

    assert [text.partition(" ")[0] for text in find_warnings(bare, root=tmp_path)] == [
        "TRUSTED_PROXIES",
        "SUPPORT_EMAIL",
    ]
    assert find_warnings(told, root=tmp_path) == ()


def test_printing_settings_shows_no_secret(tmp_path) -> None:
    settings = load_settings(
        {
            **GOOD_PRODUCTION,
            "SENDER_PASSWORD": "canary",
            "ADMIN_EMAIL": "admin@rs.example",
            "ADMIN_PASSWORD": "canary-password",
            "METRICS_TOKEN": "canary-8sLw2QxYv5NcZr",
            "CASHFREE_WEBHOOK_SECRETS": "canary-old",
            "PASSWORD_PEPPER_PREVIOUS": "canary",
        },
        root=tmp_path,
    )

    assert "canary" not in f"{settings!r} {settings} {settings.model_dump()}"
