"""The policies of renewals in one tuple: pure functions over values, a module for each subject."""

from collections.abc import Callable
from typing import Final

from .periods import extend, first_period, nth_period, period_containing
from .pricing import best_quote, quote
from .revenue import add_vehicles, earned, earned_in, remove_vehicles

POLICIES: Final[tuple[Callable[..., object], ...]] = (
    quote,
    best_quote,
    first_period,
    extend,
    nth_period,
    period_containing,
    add_vehicles,
    remove_vehicles,
    earned,
    earned_in,
)
