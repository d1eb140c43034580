"""Runs inside the official SDK's own environment: one step, its result as JSON.

Arguments: the simulator's origin and a step. What a step needs comes as JSON on standard input.
"""

import json
import sys

import razorpay
from razorpay.errors import BadRequestError, GatewayError, ServerError, SignatureVerificationError

KEYS = ("rzp_test_simulator", "simulator_secret")


def create(client: razorpay.Client, given: dict) -> dict:
    order = client.order.create(data={"amount": 499000, "currency": "INR", "receipt": "ORDER_1"} | given)
    found = client.order.all({"receipt": "ORDER_1"})
    edited = client.order.edit(order["id"], {"notes": {"plan": "annual"}})
    return {"order": order, "found": [one["id"] for one in found["items"]], "notes": edited["notes"]}


def read(client: razorpay.Client, given: dict) -> dict:
    payments = client.order.payments(given["order_id"])
    payment = client.payment.fetch(payments["items"][0]["id"])
    return {
        "order": client.order.fetch(given["order_id"])["status"],
        "payment": payment["status"],
        "listed": client.payment.all({"count": 5})["count"],
        "last4": client.payment.fetchCardDetails(payment["id"])["last4"],
    }


def capture(client: razorpay.Client, given: dict) -> dict:
    return {"status": client.payment.capture(given["payment_id"], 499000, {"currency": "INR"})["status"]}


def refund(client: razorpay.Client, given: dict) -> dict:
    headers = {"X-Refund-Idempotency": "refund-of-ORDER_1"}
    made = [client.payment.refund(given["payment_id"], {"amount": 1050}, headers=headers) for _ in range(2)]
    return {
        "ids": [one["id"] for one in made],
        "amount": client.refund.fetch(made[0]["id"])["amount"],
        "of_payment": client.payment.fetch_multiple_refund(given["payment_id"])["count"],
        "one": client.payment.fetch_refund_id(given["payment_id"], made[0]["id"])["status"],
        "all": client.refund.all()["count"],
    }


def upi(client: razorpay.Client, given: dict) -> dict:
    started = client.payment.createUpi(
        {
            "amount": 499000,
            "currency": "INR",
            "order_id": given["order_id"],
            "email": "p@shop.example",
            "contact": "+919876543210",
            "method": "upi",
            "upi": {"flow": "intent"},
        }
    )
    vpa = client.payment.validateVpa({"vpa": "success@razorpay"})
    return {"link": started["link"], "id": started["razorpay_payment_id"], "vpa": vpa["success"]}


def verify(client: razorpay.Client, given: dict) -> dict:
    outcome = {}
    for name, fields in given["returns"].items():
        try:
            outcome[name] = bool(client.utility.verify_payment_signature(fields))
        except SignatureVerificationError:
            outcome[name] = False
    webhook = given["webhook"]
    outcome["webhook"] = bool(
        client.utility.verify_webhook_signature(webhook["body"], webhook["signature"], webhook["secret"])
    )
    return outcome


def fail(client: razorpay.Client, given: dict) -> dict:
    try:
        client.order.fetch(given["order_id"])
    except (BadRequestError, GatewayError, ServerError) as error:
        return {"error": type(error).__name__, "words": str(error)}
    return {"error": None}


if __name__ == "__main__":
    steps = {
        "create": create,
        "read": read,
        "capture": capture,
        "refund": refund,
        "upi": upi,
        "verify": verify,
        "fail": fail,
    }
    sdk = razorpay.Client(auth=KEYS, base_url=sys.argv[1])
    print(json.dumps(steps[sys.argv[2]](sdk, json.load(sys.stdin))))
