"""Medians and percentiles of a stream, in bounded memory: exact up to a limit, then within a stated error (RPT-06)."""

from array import array
from collections import Counter
from typing import Final

import attrs

from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import InvalidValue

from .rules import REPLAY

#: Samples that are kept as they are: eight bytes each.
EXACT_LIMIT: Final = 50_000
#: Beyond the limit, values of 2^n to 2^(n+1) share this many bins of equal width.
BINS_PER_DOUBLING: Final = 128
#: How far a quantile may then be from the true one, relative to it: half the width of its bin.
BINNED_ERROR: Final = 1 / (2 * BINS_PER_DOUBLING)
_SHIFT: Final = BINS_PER_DOUBLING.bit_length() - 1
_LARGEST: Final = 2**63


class MalformedSample(InvalidValue):
    """A sample that is not an integer from 0 up to 2^63, or a percentage outside 1 to 100 (RPT-06)."""

    default_rule = REPLAY
    problem = Text("This is not a value that can be counted.", "此数值无法统计。")


@attrs.frozen
class Quantiles:
    """What is told of a distribution, in the unit of its samples.

    ``median`` and ``p90`` are the smallest sample that at least 50 % and 90 % of the samples do not exceed; ``least``
    and ``most`` are always exact. ``error`` is 0 where the quantiles are exact, else the largest relative error.
    """

    count: int
    median: int = 0
    p90: int = 0
    least: int = 0
    most: int = 0
    error: float = 0.0

    @property
    def exact(self) -> bool:
        """Whether the quantiles are exact."""
        return self.error == 0


class Distribution:
    """Collects integers ≥ 0 in any order; the same samples in another order give the same answers. [RPT-06]

    >>> d = Distribution()
    >>> for value in (30, 10, 20, 40):
    ...     d.add(value)
    >>> d.quantile(50), d.quantile(90)
    (20, 40)
    """

    __slots__ = ("_bins", "_kept", "_least", "_limit", "_most", "count")

    def __init__(self, limit: int = EXACT_LIMIT) -> None:
        self.count = 0
        self._limit = limit
        self._kept = array("q")
        self._bins: Counter[int] | None = None
        self._least = _LARGEST
        self._most = 0

    def add(self, value: int) -> None:
        """Take in one sample. Raises :class:`MalformedSample`."""
        if not 0 <= value < _LARGEST:
            raise MalformedSample(given=value, accepted=Text("an integer from 0", "≥ 0 的整数"))
        self.count += 1
        if self._bins is None:
            self._kept.append(value)
            if self.count > self._limit:
                self._bins = Counter(map(_bin, self._kept))
                self._least, self._most = min(self._kept), max(self._kept)
                self._kept = array("q")
            return
        self._bins[_bin(value)] += 1
        if value < self._least:
            self._least = value
        if value > self._most:
            self._most = value

    @property
    def exact(self) -> bool:
        """Whether every sample is still kept as it is."""
        return self._bins is None

    def quantile(self, percent: int) -> int:
        """The smallest sample that at least ``percent`` of the samples do not exceed; 0 where there are none.

        Beyond the limit it is within :data:`BINNED_ERROR` of that. Raises :class:`MalformedSample`.
        """
        if not 0 < percent <= 100:
            raise MalformedSample(given=percent, accepted=Text("1 to 100", "1 到 100"))
        if not self.count:
            return 0
        rank = -(-self.count * percent // 100)
        if self._bins is None:
            return sorted(self._kept)[rank - 1]
        for number in sorted(self._bins):
            rank -= self._bins[number]
            if rank <= 0:
                break
        return min(max(_middle(number), self._least), self._most)

    def quantiles(self) -> Quantiles:
        """Count, median, 90 %, extremes, and how exact they are."""
        if not self.count:
            return Quantiles(0)
        if self._bins is None:
            least, most, error = min(self._kept), max(self._kept), 0.0
        else:
            least, most, error = self._least, self._most, BINNED_ERROR
        return Quantiles(self.count, self.quantile(50), self.quantile(90), least, most, error)


def _bin(value: int) -> int:
    """Bins are numbered in the order of their values; below two doublings each value has its own."""
    exponent = max(value.bit_length() - _SHIFT - 1, 0)
    return (exponent << _SHIFT) + (value >> exponent)


def _middle(number: int) -> int:
    exponent = max((number >> _SHIFT) - 1, 0)
    low = (number - (exponent << _SHIFT)) << exponent
    return low + ((1 << exponent) - 1) // 2
