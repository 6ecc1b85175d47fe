"""Use cases over several contexts, what follows elsewhere from events, and what comes due by the calendar."""

from collections.abc import Mapping
from typing import Final

#: What comes due by the calendar, by name: the module whose ``source`` makes it of a house, the contexts it is about.
SOURCES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "complaint_reviews": ("csdomain.flows.list_reviews", ("complaints",)),
    "customer_grading": ("csdomain.flows.grade_customers", ("customers",)),
    "campaigns": ("csdomain.flows.run_campaigns", ("messages",)),
}
#: What follows elsewhere, by name: the module whose ``consequence`` makes it of a house, the contexts it is about.
CONSEQUENCES: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "cases_of_leavers": ("csdomain.flows.tell_of_leavers", ("complaints",)),
    "papers_follow_customers": ("csdomain.flows.follow_representatives", ("customers",)),
    "orders_follow_bills": ("csdomain.flows.bill_orders", ("orders", "payments")),
    "contract_greetings": ("csdomain.flows.greet_contracts", ("renewals", "messages")),
}
