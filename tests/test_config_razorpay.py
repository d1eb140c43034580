"""Razorpay's settings: the simulator beside Cashfree's, nothing where nothing is set, only live keys in production."""

from __future__ import annotations

import pytest

from config import ConfigError, load_settings
from domain.razorpay_keys import RazorpayEnv
from gateways.razorpay_account import account_from
from tests.test_config_production import GOOD_PRODUCTION
from wiring import build_gateways

LIVE = {
    "RAZORPAY_KEY_ID": "rzp_live_Abc123",
    "RAZORPAY_KEY_SECRET": "canary-x7Qm2Vr9TnZc4Lp8",  # pragma: allowlist secret - invented
    "RAZORPAY_WEBHOOK_SECRET": "canary-h5Wd8Kf3YsBj6Gt1",  # pragma: allowlist secret - invented
}


def refusal(environ: dict[str, str], tmp_path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_settings(environ, root=tmp_path)
    return str(caught.value)


def test_an_empty_environment_has_both_simulators(tmp_path) -> None:
    settings = load_settings({}, root=tmp_path)

    assert settings.razorpay_env is RazorpayEnv.SIMULATOR
    assert settings.razorpay_key_id == "rzp_test_simulator"
    assert settings.razorpay_key_secret.get_secret_value() == "simulator_secret"
    assert [s.get_secret_value() for s in settings.razorpay_webhook_secret] == ["simulator_webhook_secret"]
    assert settings.razorpay_url == "http://127.0.0.1:8502/v1"
    assert settings.razorpay_script_url == "http://127.0.0.1:8502/v1/checkout.js"
    assert sorted(build_gateways(settings)) == ["cashfree", "razorpay"]


def test_beside_real_cashfree_keys_razorpay_is_not_configured_unless_it_has_keys(tmp_path) -> None:
    keys = {"CASHFREE_CLIENT_ID": "TEST1", "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_0123456789"}

    bare = load_settings(keys, root=tmp_path)
    both = load_settings({**keys, "RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "s"}, root=tmp_path)

    assert (bare.has_razorpay, sorted(build_gateways(bare))) == (False, ["cashfree"])
    assert (both.razorpay_env, sorted(build_gateways(both))) == (RazorpayEnv.TEST, ["cashfree", "razorpay"])


@pytest.mark.parametrize(
    ("key_id", "guessed", "base"),
    [
        ("rzp_test_Abc123", RazorpayEnv.TEST, "https://api.razorpay.com/v1"),
        ("rzp_test_simulator", RazorpayEnv.SIMULATOR, "http://127.0.0.1:8502/v1"),
    ],
)
def test_the_shape_of_the_key_says_which_razorpay_is_meant(tmp_path, key_id, guessed, base) -> None:
    settings = load_settings({"RAZORPAY_KEY_ID": key_id, "RAZORPAY_KEY_SECRET": "s"}, root=tmp_path)

    assert (settings.razorpay_env, settings.razorpay_url) == (guessed, base)


def test_the_option_of_unique_receipts_is_off_until_it_is_wanted(tmp_path) -> None:
    plain, wanted = (
        load_settings(environ, root=tmp_path) for environ in ({}, {"RAZORPAY_UNIQUE_RECEIPT": "true"})
    )

    assert (account_from(plain).unique_receipt, account_from(wanted).unique_receipt) == (False, True)
    assert "RAZORPAY_UNIQUE_RECEIPT" in refusal({"RAZORPAY_UNIQUE_RECEIPT": "perhaps"}, tmp_path)


def test_live_keys_beside_the_simulator_are_refused(tmp_path) -> None:
    """Its pages say that no real money moves."""
    told = refusal({"RAZORPAY_KEY_ID": "rzp_live_Abc123", "RAZORPAY_KEY_SECRET": "canary"}, tmp_path)

    assert "One gateway has live keys while the other is the simulator" in told


def test_several_webhook_secrets_count_while_one_replaces_the_other(tmp_path) -> None:
    settings = load_settings({"RAZORPAY_WEBHOOK_SECRET": "new, old"}, root=tmp_path)

    assert [s.get_secret_value() for s in settings.razorpay_webhook_secret] == ["new", "old"]


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        ({"RAZORPAY_KEY_ID": "rzp_test_1"}, "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET belong together"),
        ({"RAZORPAY_KEY_SECRET": "s"}, "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET belong together"),
        ({"RAZORPAY_ENV": "test"}, "RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET belong together"),
        ({"RAZORPAY_ENV": "sandbox"}, "RAZORPAY_ENV"),
        ({"RAZORPAY_ENV": "live", "RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "s"}, "needs live keys"),
        ({"RAZORPAY_ENV": "test", **LIVE}, "was given live keys"),
        ({"RAZORPAY_ENV": "simulator", **LIVE}, "was given live keys"),
        ({"RAZORPAY_KEY_ID": "rzp_test_1 ", "RAZORPAY_KEY_SECRET": "s"}, "RAZORPAY_KEY_ID holds white space"),
        ({"RAZORPAY_KEY_ID": "rzp_test_1", "RAZORPAY_KEY_SECRET": "s\n"}, "RAZORPAY_KEY_SECRET holds white space"),
        ({"RAZORPAY_WEBHOOK_SECRET": "two words"}, "RAZORPAY_WEBHOOK_SECRET holds white space"),
        (
            {"RAZORPAY_ENV": "simulator", "APP_BASE_URL": "https://rs.example", "CASHFREE_CLIENT_ID": "1",
             "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_1"},
            "RAZORPAY_ENV=simulator is refused unless APP_BASE_URL is a local address",
        ),
        (
            {"PAYMENT_GATEWAY": "razorpay", "CASHFREE_CLIENT_ID": "1", "CASHFREE_CLIENT_SECRET": "cfsk_ma_test_1"},
            "PAYMENT_GATEWAY=razorpay needs RAZORPAY_KEY_ID",
        ),
        ({"PAYMENT_GATEWAY": "paypal"}, "PAYMENT_GATEWAY"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused_by_name_and_without_its_value(tmp_path, environ, sentence) -> None:
    told = refusal(environ, tmp_path)

    assert sentence in told
    assert "canary" not in told


def test_production_runs_without_razorpay_and_with_its_live_keys(tmp_path) -> None:
    bare = load_settings(GOOD_PRODUCTION, root=tmp_path)
    live = load_settings({**GOOD_PRODUCTION, **LIVE, "PAYMENT_GATEWAY": "razorpay"}, root=tmp_path)

    assert not bare.has_razorpay
    assert (live.razorpay_env, live.payment_gateway) == (RazorpayEnv.LIVE, "razorpay")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"RAZORPAY_KEY_ID": "rzp_test_1"}, "must be live keys in production"),
        ({"RAZORPAY_ENV": "simulator", "RAZORPAY_KEY_ID": "rzp_test_simulator"}, "RAZORPAY_ENV=simulator is refused"),
        ({"RAZORPAY_WEBHOOK_SECRET": ""}, "RAZORPAY_WEBHOOK_SECRET is empty"),
        ({"RAZORPAY_WEBHOOK_SECRET": "changeme"}, "RAZORPAY_WEBHOOK_SECRET must hold at least 16 characters"),
        ({"RAZORPAY_WEBHOOK_SECRET": "change_me_change_me"}, "RAZORPAY_WEBHOOK_SECRET looks like a placeholder"),
        ({"RAZORPAY_WEBHOOK_SECRET": LIVE["RAZORPAY_KEY_SECRET"]}, "and RAZORPAY_WEBHOOK_SECRET must differ"),
        (
            {"RAZORPAY_WEBHOOK_SECRET": f"{LIVE['RAZORPAY_KEY_SECRET']},{LIVE['RAZORPAY_WEBHOOK_SECRET']}"},
            "and RAZORPAY_WEBHOOK_SECRET must differ",
        ),
        ({"RAZORPAY_KEY_SECRET": "changeme"}, "RAZORPAY_KEY_SECRET looks like a placeholder"),
        ({"RAZORPAY_KEY_SECRET": GOOD_PRODUCTION["SECRET_KEY"]}, "must differ"),
        ({"RAZORPAY_API_BASE": "https://razorpay.evil.example/v1"}, "RAZORPAY_API_BASE must be Razorpay's host"),
        ({"RAZORPAY_API_BASE": "http://api.razorpay.com/v1"}, "RAZORPAY_API_BASE must be Razorpay's host"),
    ],
)  # fmt: skip
def test_production_refuses_each_weakness_and_names_it(tmp_path, changes, sentence) -> None:
    told = refusal({**GOOD_PRODUCTION, **LIVE, **changes}, tmp_path)

    assert sentence in told
    assert "canary" not in told


def test_printing_settings_and_gateways_shows_no_secret(tmp_path) -> None:
    settings = load_settings({**GOOD_PRODUCTION, **LIVE}, root=tmp_path)

    assert "canary" not in repr(settings) + repr(build_gateways(settings))
