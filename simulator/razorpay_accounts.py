"""The merchant accounts and who may call in their name."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from simulator import razorpay_errors as errors
from simulator.gateway import Gateway
from simulator.razorpay_ids import new_id
from simulator.razorpay_records import RazorpayAccount
from simulator.records import Endpoint


def accounts(gateway: Gateway) -> dict[str, RazorpayAccount]:
    """Every account by key id. The one the environment names is always among them, with its secrets."""
    keys, known = gateway.razorpay, gateway.store.razorpay_accounts
    own = known.get(keys.key_id)
    if own is None:
        add(
            gateway,
            key_id=keys.key_id,
            key_secret=keys.key_secret,
            webhook_secret=keys.webhook_secret,
        )
        register_own_webhook(gateway)
    else:
        own.key_secret, own.webhook_secret = keys.key_secret, keys.webhook_secret
    return known


def primary(gateway: Gateway) -> RazorpayAccount:
    """The account that the environment names."""
    return accounts(gateway)[gateway.razorpay.key_id]


def add(gateway: Gateway, *, key_id: str, key_secret: str, webhook_secret: str) -> RazorpayAccount:
    """Open an account with every switch at its default."""
    account = RazorpayAccount(
        key_id=key_id, key_secret=key_secret, webhook_secret=webhook_secret, account_id=new_id("acc")
    )
    gateway.store.save(account)
    return account


def register_own_webhook(gateway: Gateway) -> None:
    """Make sure of the webhook the simulator was started with."""
    keys, endpoints = gateway.razorpay, gateway.store.endpoints
    if not keys.webhook_url:
        return
    known = [e for e in endpoints.values() if e.gateway == "razorpay" and e.url == keys.webhook_url]
    endpoint = known[0] if known else Endpoint(new_id(), keys.webhook_url, "", gateway="razorpay")
    endpoint.key_id, endpoint.secret = keys.key_id, keys.webhook_secret
    gateway.store.save(endpoint)


def signed_in(gateway: Gateway, authorization: str, *, is_public: bool = False) -> RazorpayAccount:
    """Return the account of Basic credentials. A public call needs the key id alone. Raises RazorpayError."""
    given_id, given_secret = _credentials(authorization)
    account = accounts(gateway).get(given_id)
    if account is None:
        raise errors.not_signed_in()
    is_right = hmac.compare_digest(given_secret.encode(), account.key_secret.encode())
    if not is_right and not (is_public and given_secret == ""):
        raise errors.not_signed_in()
    return account


def by_public_key(gateway: Gateway, key_id: str) -> RazorpayAccount:
    """Return the account a browser names. Raises RazorpayError."""
    account = accounts(gateway).get(key_id)
    if account is None:
        raise errors.not_signed_in()
    return account


def checkout_signature(account: RazorpayAccount, order_id: str, payment_id: str) -> str:
    """hex(HMAC-SHA256(key secret, order id | payment id)), which the browser carries to the merchant."""
    message = f"{order_id}|{payment_id}".encode()
    return hmac.new(account.key_secret.encode(), message, hashlib.sha256).hexdigest()


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, encoded = authorization.partition(" ")
    # The gateway knows this scheme in this spelling only.
    if scheme != "Basic":
        raise errors.not_signed_in()
    try:
        user, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError) as exc:
        raise errors.not_signed_in() from exc
    return user, secret
