"""Violations of the invariants of access: subscriptions, periods and grants."""

from __future__ import annotations

from tests.database.planted.violation import plant

PLANTED = (
    plant(
        "I04",
        "the period is gone",
        "DELETE FROM subscription_periods WHERE payment_id = {kept}",
        "UPDATE subscriptions SET status = 'pending', current_period_end = NULL WHERE id = {subscription}",
    ),
    plant(
        "I05",
        "two periods",
        "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_payment_key",
        "INSERT INTO subscription_periods (subscription_id, plan_id, payment_id, starts_at, ends_at, revoked_at)"
        " SELECT subscription_id, plan_id, payment_id, ends_at, ends_at + interval '1 day', now()"
        " FROM subscription_periods WHERE payment_id = {returned}",
    ),
    plant(
        "I06",
        "active without a period",
        "UPDATE subscriptions SET status = 'active' WHERE id = {idle_subscription}",
    ),
    plant(
        "I06",
        "the period has no reason",
        "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_one_reason",
        "UPDATE subscription_periods SET grant_id = NULL WHERE grant_id IS NOT NULL",
        also="J13",
    ),
    plant(
        "I07",
        "overlapping periods",
        "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_no_overlap",
        "UPDATE subscription_periods SET starts_at = starts_at - interval '1 day'"
        " WHERE grant_id = (SELECT max(id) FROM grants)",
    ),
    plant(
        "I08",
        "another end",
        "UPDATE subscriptions SET current_period_end = current_period_end + interval '1 day' WHERE id = {subscription}",
    ),
    plant(
        "I13",
        "access stays",
        "UPDATE subscription_periods SET revoked_at = NULL WHERE payment_id = {returned}",
        "UPDATE subscriptions s SET status = 'active', current_period_end = p.ends_at FROM subscription_periods p"
        " WHERE p.subscription_id = s.id AND p.payment_id = {returned}",
    ),
    plant("I29", "given by no admin", "UPDATE users SET role = 'subscriber' WHERE id = {admin}"),
    plant("I29", "not in the audit log", "DELETE FROM audit_log WHERE object LIKE 'grant:%'", also="J15"),
    plant(
        "I29",
        "without a reason",
        "ALTER TABLE grants DROP CONSTRAINT grants_reason_given",
        "UPDATE grants SET reason = ' ' WHERE id = (SELECT max(id) FROM grants)",
    ),
    plant(
        "J12",
        "a live period is stored as expired",
        "UPDATE subscriptions SET status = 'expired' WHERE id = {subscription}",
    ),
    plant(
        "J13",
        "a period for somebody else",
        "UPDATE grants SET user_id = {visitor} WHERE id = (SELECT max(id) FROM grants)",
    ),
)
