"""What a run may cost."""

from training.registry import Plan
from training.settings import OPENAI


def objection(plan: Plan, cost: float | None) -> str:
    """Return why a run that costs so much (USD; None where nobody knows) must not be started, or ""."""
    limit = plan.spending_limit_usd
    if cost is None and (not limit or plan.base_url.rstrip("/") == OPENAI):
        return (
            f"What {plan.base!r} costs is not known, so the spending limit of ${limit:,.2f} cannot be kept:"
            " choose a model whose price `sarah data check` lists."
        )
    if cost is not None and cost > limit:
        return (
            f"The run would cost about ${cost:,.2f}, more than its spending limit of ${limit:,.2f}:"
            " raise SARAH_SPENDING_LIMIT or the run's own limit, or learn fewer examples or epochs."
        )
    return ""
