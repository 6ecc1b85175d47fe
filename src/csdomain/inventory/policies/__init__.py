"""The stock's decisions, pure functions over values: what may be given, from which lots, how long it lasts."""

from collections.abc import Callable
from typing import Final

from .allocation import Outcome, allocate, available
from .consumption import Consumption, DateTooLate, InvalidConsumption, Refill, refill
from .returns import Undone, undo
from .stock import InvalidDay, Stock, local_date, usable
from .walk import Allocation, share_of_cost

POLICIES: Final[tuple[Callable[..., object], ...]] = (usable, allocate, available, undo, refill)

__all__ = [
    "POLICIES",
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
