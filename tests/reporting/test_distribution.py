"""Quantiles of a stream: exact up to a limit, within the stated error beyond it (RPT-06)."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.reporting.distribution import BINNED_ERROR, Distribution, MalformedSample
from csdomain.reporting.rules import REPLAY

SAMPLES = st.lists(
    st.one_of(st.integers(0, 300), st.integers(0, 10**7), st.integers(0, 2**63 - 1)), min_size=1, max_size=80
)


def true_quantile(values: list[int], percent: int) -> int:
    """The smallest sample that at least that share of the samples do not exceed."""
    return next(v for v in sorted(values) if sum(other <= v for other in values) * 100 >= percent * len(values))


def filled(values: list[int], limit: int) -> Distribution:
    distribution = Distribution(limit)
    for value in values:
        distribution.add(value)
    return distribution


@pytest.mark.rule(REPLAY)
@given(SAMPLES, st.integers(1, 100))
def test_quantiles_are_those_of_the_sorted_samples(values: list[int], percent: int) -> None:
    distribution = filled(values, len(values))
    assert distribution.quantile(percent) == true_quantile(values, percent)
    found = distribution.quantiles()
    assert (found.count, found.least, found.most) == (len(values), min(values), max(values))
    assert (found.median, found.p90) == (true_quantile(values, 50), true_quantile(values, 90))
    assert found.exact
    assert distribution.exact


@pytest.mark.rule(REPLAY)
@given(SAMPLES, st.integers(1, 100), st.integers(0, 20))
def test_beyond_the_limit_they_are_within_the_stated_error(values: list[int], percent: int, limit: int) -> None:
    distribution = filled(values, limit)
    true, found = true_quantile(values, percent), distribution.quantiles()
    assert distribution.exact == (len(values) <= limit)
    assert abs(distribution.quantile(percent) - true) <= found.error * true
    assert found.error == (0 if len(values) <= limit else BINNED_ERROR)
    assert found.least <= distribution.quantile(percent) <= found.most
    assert (found.least, found.most) == (min(values), max(values))


@pytest.mark.rule(REPLAY)
@given(SAMPLES, st.integers(0, 20), st.randoms())
def test_the_order_of_the_samples_says_nothing(values: list[int], limit: int, random: Random) -> None:
    mixed = list(values)
    random.shuffle(mixed)
    assert filled(values, limit).quantiles() == filled(mixed, limit).quantiles()


@pytest.mark.rule(REPLAY)
def test_memory_does_not_grow_with_the_samples() -> None:
    distribution = Distribution(100)
    for value in range(0, 4_000_000, 40):
        distribution.add(value)
    assert distribution._bins is not None
    assert len(distribution._bins) < 128 * 22
    assert not distribution._kept


@pytest.mark.rule(REPLAY)
def test_what_is_no_sample_is_refused() -> None:
    distribution = Distribution()
    for value in (-1, 2**63):
        with pytest.raises(MalformedSample):
            distribution.add(value)
    for percent in (0, 101):
        with pytest.raises(MalformedSample):
            distribution.quantile(percent)
    assert distribution.quantiles().count == 0
    assert distribution.quantile(50) == 0
