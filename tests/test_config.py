"""Settings: safe defaults on an empty environment, one order of precedence, and refusals that show no value."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config import ROOT, CashfreeEnv, ConfigError, LatePayment, Settings, find_warnings, load_settings


def test_an_empty_environment_is_a_working_practice_site(tmp_path) -> None:
    settings = load_settings({}, root=tmp_path)

    assert settings.app_env == "development"
    assert settings.uses_simulator
    assert (settings.host, settings.port, settings.simulator_port) == ("127.0.0.1", 8501, 8502)
    assert settings.app_base_url == "http://localhost:8501"
    assert settings.cashfree_api_base == "http://127.0.0.1:8502/pg"
    assert settings.cashfree_script_url == "http://127.0.0.1:8502/js/v3/cashfree.js"
    assert settings.cashfree_client_id == "TESTSIMULATOR"
    assert settings.cashfree_client_secret.get_secret_value() == "cfsk_ma_test_simulator"
    assert settings.database_url is None
    assert settings.data_dir == tmp_path / ".data"
    assert settings.late_payment is LatePayment.HONOUR
    assert not settings.secure_cookies


def test_another_port_moves_the_address_and_the_simulator_with_it(tmp_path) -> None:
    settings = load_settings({"PORT": "9000"}, root=tmp_path)

    assert (settings.app_base_url, settings.simulator_port) == ("http://localhost:9000", 9001)


@pytest.mark.parametrize(
    ("secret", "guessed", "base"),
    [
        ("cfsk_ma_test_0123456789", CashfreeEnv.SANDBOX, "https://sandbox.cashfree.com/pg"),
        ("an-older-form", CashfreeEnv.SANDBOX, "https://sandbox.cashfree.com/pg"),
        ("cfsk_ma_prod_0123456789", CashfreeEnv.PRODUCTION, "https://api.cashfree.com/pg"),
        ("cfsk_ma_test_simulator", CashfreeEnv.SIMULATOR, "http://127.0.0.1:8502/pg"),
    ],
)
def test_the_shape_of_the_keys_says_which_cashfree_is_meant(tmp_path, secret, guessed, base) -> None:
    settings = load_settings({"CASHFREE_CLIENT_ID": "TEST1", "CASHFREE_CLIENT_SECRET": secret}, root=tmp_path)

    assert settings.cashfree_env is guessed
    assert settings.cashfree_api_base == base


def test_the_environment_that_is_named_wins_over_the_shape(tmp_path) -> None:
    settings = load_settings(
        {
            "CASHFREE_ENV": "simulator",
            "CASHFREE_CLIENT_ID": "mine",
            "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_mine",
        },
        root=tmp_path,
    )

    assert settings.uses_simulator
    assert settings.cashfree_client_id == "mine"


def test_real_variables_win_over_the_special_file_and_that_over_the_general_one(tmp_path) -> None:
    (tmp_path / ".env").write_text(
        "BUSINESS_NAME=general\nSUPPORT_PHONE=general\nSMTP_SERVER=general\nSENDER_EMAIL=a@b.example\n"
    )
    (tmp_path / ".env.sandbox").write_text("BUSINESS_NAME=special\nSUPPORT_PHONE=special\n")

    settings = load_settings({"BUSINESS_NAME": "real"}, root=tmp_path)

    assert (settings.business_name, settings.support_phone, settings.smtp_server) == (
        "real",
        "special",
        "general",
    )


def test_an_empty_variable_counts_as_unset_everywhere(tmp_path) -> None:
    (tmp_path / ".env").write_text("BUSINESS_NAME=kept\nPORT=\n")

    settings = load_settings({"BUSINESS_NAME": "", "CASHFREE_ENV": "", "DATABASE_URL": ""}, root=tmp_path)

    assert (settings.business_name, settings.port, settings.database_url) == ("kept", 8501, None)
    assert settings.uses_simulator


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORT", "canary"),
        ("PORT", "0"),
        ("PORT", "70000"),
        ("APP_ENV", "canary"),
        ("CASHFREE_ENV", "canary"),
        ("CASHFREE_API_VERSION", "canary"),
        ("LATE_PAYMENT", "canary"),
        ("MARKET_DATA_PROVIDER", "canary"),
        ("MARKET_DATA_FOLDER", "canary"),
        ("APP_BASE_URL", "canary"),
        ("APP_BASE_URL", "http://localhost/canary"),
        ("APP_BASE_URL", "ftp://localhost"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_by_its_name_alone(tmp_path, variable, value) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({variable: value}, root=tmp_path)

    assert variable in str(refused.value)
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize(
    "environ",
    [
        {"CASHFREE_CLIENT_ID": "only-an-id"},
        {"CASHFREE_CLIENT_SECRET": "cfsk_ma_test_only"},
        {"CASHFREE_CLIENT_ID": " padded", "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_1"},
        {"CASHFREE_CLIENT_ID": "a", "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_1\n"},
        {"CASHFREE_ENV": "sandbox", "CASHFREE_CLIENT_ID": "a", "CASHFREE_CLIENT_SECRET": "cfsk_ma_prod_1"},
        {"CASHFREE_ENV": "production", "CASHFREE_CLIENT_ID": "a", "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_1"},
        {"APP_BASE_URL": "https://rs.example"},
        {"SMTP_SERVER": "smtp.example"},
        {"MARKET_DATA_PROVIDER": "nse-folder"},
        {"ADMIN_PASSWORD": "TestPass123"},
    ],
)
def test_settings_that_contradict_each_other_are_refused(tmp_path, environ) -> None:
    with pytest.raises(ConfigError):
        load_settings(environ, root=tmp_path)


@pytest.mark.parametrize("proxies", ["*", "nginx", "0.0.0.0/0", "::/0", "10.0.0.1/24", "10.0.0.1,,evil"])
def test_a_proxy_that_is_everybody_or_nobody_is_refused(tmp_path, proxies) -> None:
    with pytest.raises(ConfigError, match="TRUSTED_PROXIES"):
        load_settings({"TRUSTED_PROXIES": proxies}, root=tmp_path)


def test_proxies_are_named_by_address_or_network(tmp_path) -> None:
    settings = load_settings({"TRUSTED_PROXIES": "10.0.0.5, 10.1.0.0/16,::1"}, root=tmp_path)

    assert settings.trusted_proxies == ("10.0.0.5", "10.1.0.0/16", "::1")


def test_the_servers_own_list_of_proxies_is_refused_beside_every_other_problem(tmp_path) -> None:
    with pytest.raises(ConfigError) as refused:
        load_settings({"FORWARDED_ALLOW_IPS": "*", "PORT": "0"}, root=tmp_path)

    assert "TRUSTED_PROXIES" in str(refused.value)
    assert "PORT" in str(refused.value)


def test_a_production_file_beside_another_environment_is_worth_one_warning(tmp_path) -> None:
    (tmp_path / ".env.production").write_text("APP_BASE_URL=https://canary.example\n")

    (warning,) = find_warnings(load_settings({}, root=tmp_path), root=tmp_path)

    assert ".env.production" in warning
    assert "canary" not in warning
    assert find_warnings(load_settings({}, root=tmp_path), root=tmp_path / "elsewhere") == ()


def test_generated_secrets_stay_the_same_and_only_their_owner_reads_them(tmp_path) -> None:
    first = load_settings({}, root=tmp_path)
    second = load_settings({}, root=tmp_path)

    assert len(first.secret_key.get_secret_value()) >= 32
    assert first.secret_key == second.secret_key
    assert first.password_pepper == second.password_pepper
    assert first.secret_key != first.password_pepper
    for name in ("secret_key", "password_pepper"):
        assert stat.S_IMODE((tmp_path / ".data" / "secrets" / name).stat().st_mode) == 0o600


def test_a_secret_that_is_set_is_used_and_none_is_written(tmp_path) -> None:
    settings = load_settings({"SECRET_KEY": "mine", "PASSWORD_PEPPER": "mine-too"}, root=tmp_path)

    assert settings.secret_key.get_secret_value() == "mine"
    assert list(tmp_path.iterdir()) == []


def test_comma_lists_are_split_and_trimmed(tmp_path) -> None:
    settings = load_settings({"CASHFREE_WEBHOOK_SECRETS": "one, two,,"}, root=tmp_path)

    assert [secret.get_secret_value() for secret in settings.cashfree_webhook_secrets] == ["one", "two"]


def test_the_address_of_the_business_ends_with_its_state(tmp_path) -> None:
    address = {"BUSINESS_ADDRESS": "12 MG Road, Bengaluru 560001", "BUSINESS_STATE": "Karnataka"}

    assert load_settings(address, root=tmp_path).postal_address == "12 MG Road, Bengaluru 560001, Karnataka"
    assert load_settings({}, root=tmp_path).postal_address == ""


def test_settings_cannot_be_changed_and_read_no_environment_by_themselves(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("BUSINESS_NAME", "from the process")

    settings = load_settings({}, root=tmp_path)

    assert settings.business_name != "from the process"
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1
    assert Settings.model_config["frozen"]


def test_importing_every_module_needs_no_environment_and_leaves_no_trace(tmp_path) -> None:
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for folder in [
            "accounts",
            "analyzer",
            "billing",
            "database",
            "domain",
            "gateways",
            "jobs",
            "mail",
            "market_data",
            "operations",
            "reports",
            "sectors",
            "ui",
            "web",
        ]
        for path in sorted((ROOT / folder).rglob("*.py"))
        if "migrations" not in path.parts
    ]
    names += [
        "config",
        "wiring",
        "payment_handler",
        "user_management",
        "cashfree_integration",
        "landing_page",
    ]
    program = f"""
import importlib, os, pathlib, sys, threading
for name in {names!r}:
    importlib.import_module(name)
import wiring
assert wiring._services is None
assert not [p for p in pathlib.Path('.').iterdir()], 'files were written'
assert not [c for c in pathlib.Path('/proc/self/task').glob('*/children') if c.read_text().strip()]
"""
    before = _files_of(ROOT)

    done = subprocess.run(
        [sys.executable, "-B", "-c", program],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert _files_of(ROOT) == before


def _files_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if path.name in {".data", "payments.log"}}
