"""The only reader of the environment: typed, frozen, and failing with all problems in one message.

`load_settings()` reads the process environment over `.env` and the file of the chosen environment.
Importing this module reads nothing. Problems name variables and never show values.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Self

from dotenv import dotenv_values
from pydantic import BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, PydanticBaseSettingsSource, SettingsConfigDict

from domain import cashfree_keys, deployment, razorpay_keys
from domain.cashfree_keys import CASHFREE_HOSTS, CashfreeEnv
from domain.deployment import MarketDataProvider
from domain.placeholders import shared_secrets, weak_secrets
from domain.razorpay_keys import RAZORPAY_HOST, RazorpayEnv

ROOT = Path(__file__).resolve().parent

CASHFREE_SCRIPT = "https://sdk.cashfree.com/js/v3/cashfree.js"
RAZORPAY_SCRIPT = "https://checkout.razorpay.com/v1/checkout.js"

# In production: 32 characters of base64 are 192 bits; a token that opens figures alone may be shorter.
_SHORTEST_SECRETS = {
    "SECRET_KEY": 32,
    "PASSWORD_PEPPER": 32,
    "METRICS_TOKEN": 16,
    "RAZORPAY_WEBHOOK_SECRET": 16,
}

# The guide's own names for production values, accepted only there.
PRODUCTION_ALIASES = {
    "CASHFREE_PROD_CLIENT_ID": "CASHFREE_CLIENT_ID",
    "CASHFREE_PROD_CLIENT_SECRET": "CASHFREE_CLIENT_SECRET",  # pragma: allowlist secret - a variable's name
    "PROD_SENDER_EMAIL": "SENDER_EMAIL",
}


class AppEnv(StrEnum):
    DEVELOPMENT = "development"
    TEST = "test"
    PRODUCTION = "production"


class LatePayment(StrEnum):
    HONOUR = "honour"
    REFUND = "refund"


class ConfigError(Exception):
    """The environment does not describe an application that may start. The text lists every problem."""


def _split_commas(value: object) -> object:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


NameList = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split_commas)]
SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_commas)]


class Settings(BaseSettings):
    """Every setting of the application. Field names are the environment's names in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    app_env: AppEnv = AppEnv.DEVELOPMENT
    app_base_url: str = ""
    host: str = "127.0.0.1"
    port: int = Field(8501, ge=1, le=65535)
    trusted_proxies: NameList = ()
    data_dir: Path = Path(".data")
    database_url: SecretStr | None = None

    payment_gateway: str = Field("cashfree", pattern="^(cashfree|razorpay)$")
    cashfree_env: CashfreeEnv | None = None
    cashfree_client_id: str = ""
    cashfree_client_secret: SecretStr = SecretStr("")
    cashfree_webhook_secrets: SecretList = ()
    cashfree_api_version: str = Field("2025-01-01", pattern=r"^\d{4}-\d{2}-\d{2}$")
    api_base: str = ""
    razorpay_env: RazorpayEnv | None = None
    razorpay_key_id: str = ""
    razorpay_key_secret: SecretStr = SecretStr("")
    razorpay_webhook_secret: SecretList = ()
    razorpay_api_base: str = ""
    razorpay_unique_receipt: bool = False
    late_payment: LatePayment = LatePayment.HONOUR
    simulator_port: int = Field(0, ge=0, le=65535)

    smtp_server: str = ""
    smtp_port: int = Field(587, ge=1, le=65535)
    sender_email: str = ""
    sender_password: SecretStr = SecretStr("")

    admin_email: str = ""
    admin_password: SecretStr = SecretStr("")
    secret_key: SecretStr = SecretStr("")
    password_pepper: SecretStr = SecretStr("")
    password_pepper_previous: SecretStr = SecretStr("")
    metrics_token: SecretStr = SecretStr("")

    # Sessions that pages and mails stay behind the newest prices (the lag that a licence or the law asks for).
    data_lag_sessions: int = Field(0, ge=0, le=250)
    market_data_provider: MarketDataProvider = MarketDataProvider.NONE
    market_data_folder: str = ""

    business_name: str = "Sector RS"
    business_address: str = ""
    business_state: str = ""
    business_gstin: str = ""
    support_email: str = "support@sector-rs.example"
    support_phone: str = ""
    grievance_officer: str = ""
    sebi_registration: str = ""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        # Only what load_settings() hands over: precedence lives in one visible place.
        return (init_settings,)

    @model_validator(mode="before")
    @classmethod
    def _fill_derived(cls, values: dict[str, Any]) -> dict[str, Any]:
        filled = {key: value for key, value in values.items() if value != ""}
        port = str(filled.get("port", 8501))
        filled.setdefault("app_base_url", f"http://localhost:{port}")
        if port.isdigit():
            filled.setdefault("simulator_port", int(port) + 1)
        secret = filled.get("cashfree_client_secret", "")
        text = secret.get_secret_value() if isinstance(secret, SecretStr) else str(secret)
        return razorpay_keys.with_defaults(cashfree_keys.with_defaults(filled, text))

    @model_validator(mode="after")
    def _refuse_unsafe(self) -> Self:
        problems = list(_problems_anywhere(self))
        if self.app_env is AppEnv.PRODUCTION:
            problems += _problems_in_production(self)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def is_production(self) -> bool:
        return self.app_env is AppEnv.PRODUCTION

    @property
    def uses_simulator(self) -> bool:
        """Whether Cashfree is the simulator."""
        return self.cashfree_env is CashfreeEnv.SIMULATOR

    @property
    def postal_address(self) -> str:
        """The address of the business and its state, or an empty text."""
        return ", ".join(part for part in (self.business_address, self.business_state) if part)

    @property
    def has_razorpay(self) -> bool:
        """Whether Razorpay is configured at all. It need not be."""
        return self.razorpay_env is not None

    @property
    def configured_gateways(self) -> tuple[str, ...]:
        """The gateways at which money can be paid, the preferred one at the front."""
        every = ("cashfree", "razorpay") if self.has_razorpay else ("cashfree",)
        return tuple(sorted(every, key=lambda name: name != self.payment_gateway))

    @property
    def razorpay_uses_simulator(self) -> bool:
        return self.razorpay_env is RazorpayEnv.SIMULATOR

    @property
    def needs_simulator(self) -> bool:
        """Whether the simulator's process stands for any of the gateways."""
        return self.uses_simulator or self.razorpay_uses_simulator

    @property
    def simulator_url(self) -> str:
        return f"http://127.0.0.1:{self.simulator_port}"

    @property
    def cashfree_api_base(self) -> str:
        """Where the REST calls go, without a trailing slash."""
        if self.api_base:
            return self.api_base.rstrip("/")
        if self.uses_simulator:
            return f"{self.simulator_url}/pg"
        return CASHFREE_HOSTS[str(self.cashfree_env)]

    @property
    def cashfree_script_url(self) -> str:
        """The JavaScript SDK for the checkout document."""
        return f"{self.simulator_url}/js/v3/cashfree.js" if self.uses_simulator else CASHFREE_SCRIPT

    @property
    def cashfree_mode(self) -> str:
        """`mode` of the JavaScript SDK."""
        return "production" if self.cashfree_env is CashfreeEnv.PRODUCTION else "sandbox"

    @property
    def razorpay_url(self) -> str:
        """Where the REST calls go, without a trailing slash."""
        if self.razorpay_api_base:
            return self.razorpay_api_base.rstrip("/")
        return f"{self.simulator_url}/v1" if self.razorpay_uses_simulator else RAZORPAY_HOST

    @property
    def razorpay_script_url(self) -> str:
        """Standard Checkout's script for the checkout document."""
        return f"{self.simulator_url}/v1/checkout.js" if self.razorpay_uses_simulator else RAZORPAY_SCRIPT

    @property
    def secure_cookies(self) -> bool:
        return self.app_base_url.startswith("https://")


def load_settings(environ: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
    """Read the environment and the `.env` files beside the code. Raises ConfigError with every problem.

    Real variables win over files; `.env.production` (when APP_ENV=production) or `.env.sandbox` wins over
    `.env`. An empty variable counts as unset.
    """
    real = {key: value for key, value in (os.environ if environ is None else environ).items() if value}
    general = _read_file(root / ".env")
    is_production = {**general, **real}.get("APP_ENV") == AppEnv.PRODUCTION
    special = _read_file(root / (".env.production" if is_production else ".env.sandbox"))
    merged: dict[str, str] = {}
    for source in (general, special, real):
        merged |= _with_aliases(source) if is_production else source
    values = {name: merged[name.upper()] for name in Settings.model_fields if merged.get(name.upper())}
    # uvicorn's own variable would let it believe proxies that nobody named here.
    problems = ["FORWARDED_ALLOW_IPS is refused: TRUSTED_PROXIES names the proxies"] * (
        "FORWARDED_ALLOW_IPS" in real
    )
    try:
        settings = Settings(**values)  # type: ignore[arg-type]
    except ValidationError as exc:
        problems += _explain(exc)
    if problems:
        lines = "\n".join(f"  - {problem}" for problem in problems)
        raise ConfigError(f"The configuration cannot be used:\n{lines}")
    return _with_generated_secrets(settings, root)


def find_warnings(settings: Settings, root: Path = ROOT) -> tuple[str, ...]:
    """What an operator should know of a configuration that may start. Names variables and files, never values."""
    warnings = []
    if not settings.is_production and (root / ".env.production").is_file():
        warnings.append(
            f".env.production is present but not read: APP_ENV is {settings.app_env}, and no real payment is taken"
        )
    if settings.is_production and not settings.trusted_proxies:
        warnings.append(
            "TRUSTED_PROXIES is empty: behind a proxy every visitor has its address, and shares its limits"
        )
    if settings.is_production and settings.support_email == Settings.model_fields["support_email"].default:
        warnings.append("SUPPORT_EMAIL is not set: the address that pages show reaches nobody")
    return tuple(warnings)


def _with_aliases(source: dict[str, str]) -> dict[str, str]:
    """A source of settings with the guide's production names read as ours, which win where both are given."""
    return {
        PRODUCTION_ALIASES[name]: value for name, value in source.items() if name in PRODUCTION_ALIASES
    } | source


def _read_file(path: Path) -> dict[str, str]:
    return {key: value for key, value in dotenv_values(path).items() if value} if path.is_file() else {}


def _problems_anywhere(settings: Settings) -> Iterator[str]:
    yield from deployment.address_problems(settings.app_base_url, settings.trusted_proxies)
    is_local = deployment.is_local(settings.app_base_url)
    yield from cashfree_keys.key_problems(
        settings.cashfree_env,
        settings.cashfree_client_id,
        settings.cashfree_client_secret.get_secret_value(),
        is_local=is_local,
    )
    is_live = settings.cashfree_env == CashfreeEnv.PRODUCTION or settings.razorpay_env is RazorpayEnv.LIVE
    if is_live and settings.needs_simulator:
        yield "One gateway has live keys while the other is the simulator: buyers could not tell which pays"
    if settings.payment_gateway == "razorpay" and not settings.has_razorpay:
        yield "PAYMENT_GATEWAY=razorpay needs RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET"
    yield from razorpay_keys.key_problems(
        settings.razorpay_env,
        settings.razorpay_key_id,
        settings.razorpay_key_secret.get_secret_value(),
        _values(settings.razorpay_webhook_secret),
        is_local=is_local,
    )
    yield from deployment.market_data_problems(settings.market_data_provider, settings.market_data_folder)
    if settings.smtp_server and not settings.sender_email:
        yield "SMTP_SERVER is set but SENDER_EMAIL is not"
    yield from deployment.account_problems(settings.admin_email, settings.admin_password.get_secret_value())


def _problems_in_production(settings: Settings) -> Iterator[str]:
    has_database = settings.database_url is not None
    yield from deployment.production_problems(settings.app_base_url, has_database=has_database)
    yield from cashfree_keys.production_problems(
        settings.cashfree_env, settings.cashfree_client_secret.get_secret_value(), settings.api_base
    )
    if settings.razorpay_env is not None:
        yield from razorpay_keys.production_problems(
            settings.razorpay_env, _values(settings.razorpay_webhook_secret), settings.razorpay_url
        )
    yield from _weak_secrets(settings)


def _weak_secrets(settings: Settings) -> Iterator[str]:
    drawn = {
        "SECRET_KEY": _values([settings.secret_key]),
        "PASSWORD_PEPPER": _values([settings.password_pepper]),
        "METRICS_TOKEN": _values([settings.metrics_token]) if settings.metrics_token else [],
        "CASHFREE_CLIENT_SECRET": _values([settings.cashfree_client_secret]),
        "RAZORPAY_KEY_SECRET": _values([settings.razorpay_key_secret]),
        "RAZORPAY_WEBHOOK_SECRET": _values(settings.razorpay_webhook_secret),
    }
    yield from weak_secrets(drawn, _SHORTEST_SECRETS)
    # Cashfree signs with the client secret: one that is kept beside it for a rotation may be the same.
    yield from weak_secrets({"CASHFREE_WEBHOOK_SECRETS": _values(settings.cashfree_webhook_secrets)}, {})
    others = {
        "PASSWORD_PEPPER_PREVIOUS": _values([settings.password_pepper_previous]),
        "ADMIN_PASSWORD": _values([settings.admin_password]),
    }
    yield from shared_secrets({**drawn, **others})


def _values(held: Iterable[SecretStr]) -> list[str]:
    return [secret.get_secret_value() for secret in held]


def _explain(error: ValidationError) -> list[str]:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in problem["loc"]).upper()
        text = problem["msg"].removeprefix("Value error, ")
        lines += [f"{where}: {text}" if where else line for line in text.splitlines()]
    return lines


def _with_generated_secrets(settings: Settings, root: Path) -> Settings:
    """Outside production, secrets that are not set are made once and kept in DATA_DIR, readable by the owner."""
    data_dir = settings.data_dir if settings.data_dir.is_absolute() else root / settings.data_dir
    update: dict[str, Any] = {"data_dir": data_dir}
    for name in ("secret_key", "password_pepper"):
        if not settings.is_production and not getattr(settings, name).get_secret_value():
            update[name] = SecretStr(_generated_secret(data_dir / "secrets" / name))
    return settings.model_copy(update=update)


def _generated_secret(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of two processes that start together one writes, the other reads.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii").strip()
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        secret = secrets.token_urlsafe(48)
        file.write(secret)
    return secret
