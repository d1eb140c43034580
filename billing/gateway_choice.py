"""Which gateway a new order is opened at: the buyer's choice, the plan's, the setting's, or what is left of them."""

from __future__ import annotations

from database import plans
from domain.errors import GatewayUnavailable
from domain.plans import Plan, find_plan
from wiring import Services


def usable_gateways(services: Services, plan: str, *, besides: str | None = None) -> tuple[str, ...]:
    """The gateways with which a plan can be paid now, the one to offer first at the front. Asks none of them.

    Without those whose circuit breaker is open, and without the one that has just failed (`besides`). Empty when
    nobody can pay now. Raises UnknownPlan.
    """
    with services.engine.connect() as conn:
        chosen = find_plan(plans.list_current(conn), plan)
    return tuple(name for name in _reachable(services, chosen) if name != besides)


def choose_gateway(services: Services, plan: Plan, asked: str | None) -> str:
    """The gateway for a new order. Raises GatewayUnavailable for one that is asked for and not configured.

    The preferred gateway gives way to another while its circuit breaker is open; if all are, it is named all the
    same, and says so itself.
    """
    if asked is not None:
        if asked not in services.gateways:
            raise GatewayUnavailable(detail="a gateway was asked for that is not configured")
        return asked
    return next(iter(_reachable(services, plan)), _preferred(services, plan))


def _reachable(services: Services, plan: Plan) -> list[str]:
    preferred = _preferred(services, plan)
    names = sorted(services.gateways, key=lambda name: (name != preferred, name))
    return [name for name in names if services.gateways[name].is_reachable()]


def _preferred(services: Services, plan: Plan) -> str:
    if plan.gateway is not None and plan.gateway in services.gateways:
        return plan.gateway
    return services.settings.payment_gateway
