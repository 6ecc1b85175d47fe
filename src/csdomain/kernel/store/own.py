"""The registers that every store has, whatever contexts it is opened for."""

from typing import Any, Final

from .consequences import FOLLOWED, PARKED
from .numbers import NUMBERS
from .planning import RUN_FAILURES, RUNS, WATERMARKS
from .projections import PROJECTED
from .registers import Register

OWN: Final[tuple[Register[Any], ...]] = (NUMBERS, FOLLOWED, PARKED, RUNS, WATERMARKS, RUN_FAILURES, PROJECTED)
