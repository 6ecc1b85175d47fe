"""Decisions of complaints as pure functions over values."""

from .amounts import case_total, decider, form_amount
from .notices import require_nothing_internal
from .returns import check_delivery, returned_in_full
from .reviews import month_of, review_due

#: What is decided by a policy, for the reference.
POLICIES = (
    case_total,
    form_amount,
    decider,
    require_nothing_internal,
    check_delivery,
    returned_in_full,
    review_due,
    month_of,
)
__all__ = [
    "POLICIES",
    "case_total",
    "check_delivery",
    "decider",
    "form_amount",
    "month_of",
    "require_nothing_internal",
    "returned_in_full",
    "review_due",
]
