"""Settings of casework that are not possible are refused where the rulebook is read, by field (KRN-01)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from csdomain.casework.chasing import Chasing
from csdomain.casework.related import RelatedCases
from csdomain.frame.fields import InvalidSetting
from csdomain.kernel.values.durations import ElapsedTime

DAY = ElapsedTime(timedelta(days=1))


@pytest.mark.parametrize(
    ("make", "field", "given"),
    [
        (lambda: Chasing(DAY, 0, "boss"), "times", 0),
        (lambda: Chasing(DAY, -1, "boss"), "times", -1),
        (lambda: Chasing(DAY, 1, ""), "superior", None),
        (lambda: RelatedCases(0), "days", 0),
    ],
)
def test_a_setting_that_would_never_do_anything_is_refused(make: Callable[[], Any], field: str, given: int) -> None:
    with pytest.raises(InvalidSetting) as caught:
        make()
    assert (caught.value.facts["field"], caught.value.facts.get("given")) == (field, given)
