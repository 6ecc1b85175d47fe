"""Decisions of complaints as pure functions over values."""

from .amounts import case_total as case_total
from .amounts import decider as decider
from .amounts import form_amount as form_amount
from .notices import Internal as Internal
from .notices import as_figure as as_figure
from .notices import as_heading as as_heading
from .notices import as_name as as_name
from .notices import as_words as as_words
from .notices import disclosed as disclosed
from .notices import require_nothing_internal as require_nothing_internal
from .returns import check_delivery as check_delivery
from .returns import returned_in_full as returned_in_full
from .reviews import a_month as a_month
from .reviews import month_of as month_of
from .reviews import review_due as review_due

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
