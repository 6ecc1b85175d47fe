"""The stock's decisions, pure functions over values: what may be given, from which lots, how long it lasts."""

from .allocation import Allocation, Outcome, allocate, available, share_of_cost
from .consumption import Consumption, DateTooLate, InvalidConsumption, Refill, refill
from .returns import Undone, undo
from .stock import InvalidDay, Stock, local_date, usable

__all__ = [
    "Allocation",
    "Consumption",
    "DateTooLate",
    "InvalidConsumption",
    "InvalidDay",
    "Outcome",
    "Refill",
    "Stock",
    "Undone",
    "allocate",
    "available",
    "local_date",
    "refill",
    "share_of_cost",
    "undo",
    "usable",
]
