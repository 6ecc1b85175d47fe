"""Numbers of papers are one space: imported ones are passed, none is given twice, and filing never stops (KRN-10)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import STATES
from csdomain.desk import Desk, open
from csdomain.kernel.rules import NUMBERING
from csdomain.kernel.rules.errors import Conflict
from csdomain.kernel.store.numbers import NUMBERS
from csdomain.testing import MovableClock, SequentialIds, answered, complaint_form, no_holidays, received, staff
from csdomain.testing.base import examples

pytestmark = pytest.mark.rule(NUMBERING, STATES)
URLS = pytest.mark.parametrize("url", ["memory:", "sqlite://"])


def desk_at(url: str) -> Desk:
    return open(url, clock=MovableClock(), ids=SequentialIds(), holidays=no_holidays())


def take_over(desk: Desk, number: str) -> Any:
    past = PastCase(number=number, form=complaint_form(), state=State.RECEIVED, received_at=desk.clock.now())
    return desk.complaints.take_over(past, by=staff(desk)["service_manager"], at=desk.clock.now())


def renewed(desk: Desk, case: Any) -> Any:
    who, at = staff(desk), desk.clock.now()
    desk.complaints.decline(case.id, "no", by=who["sales"], at=at)
    return desk.complaints.renew(case.id, complaint_form(), by=who["service_agent"], at=at)


@URLS
def test_f01_what_was_taken_over_is_passed_by_the_counter(url: str) -> None:
    with desk_at(url) as desk:
        for number in ("KS202603-0001", "KS202603-0002", "KS202603-0003"):
            assert take_over(desk, number).number == number
        assert [received(desk).number for _ in range(2)] == ["KS202603-0004", "KS202603-0005"]


@URLS
def test_f01_a_number_that_came_from_elsewhere_is_not_given_to_a_second_form(url: str) -> None:
    with desk_at(url) as desk:
        first = answered(desk)
        take_over(desk, "KS202603-0002")
        assert renewed(desk, first).number == "KS202603-0003"


@URLS
def test_f01_a_case_is_not_taken_over_under_the_number_of_a_second_form(url: str) -> None:
    with desk_at(url) as desk:
        second = renewed(desk, answered(desk))
        with pytest.raises(Conflict) as caught:
            take_over(desk, second.number)
        assert caught.value.facts["number"] == second.number
        assert "no paper has" in str(caught.value)


@URLS
@examples(30)
@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["receive", "renew", "import", "other", "month"]), st.integers(1, 6)), max_size=12
    )
)
def test_f01_no_number_is_given_twice_and_filing_never_stops(url: str, steps: list[tuple[str, int]]) -> None:
    with desk_at(url) as desk:
        taken: list[str] = []
        drawn: list[str] = []
        for step, n in steps:
            if step == "month":
                desk.clock.advance(timedelta(days=31))  # type: ignore[attr-defined]
            elif step == "receive":
                drawn.append(received(desk).number)
                taken.append(drawn[-1])
            elif step == "renew":
                case = answered(desk)
                drawn += [case.number, renewed(desk, case).number]
                taken += drawn[-2:]
            else:
                number = f"KS{desk.clock.now():%Y%m}-000{n}" if step == "import" else f"OLD-{n}"
                if number in taken:
                    with pytest.raises(Conflict):
                        take_over(desk, number)
                else:
                    taken.append(take_over(desk, number).number)
        assert len(set(taken)) == len(taken)
        assert drawn == sorted(drawn)
        rows = desk.store.look(lambda unit: unit.register(NUMBERS).rows(limit=1000)).items
        assert {row.number for row in rows} == set(taken)
        for row in rows:
            found = desk.complaints.get(row.subject, by=staff(desk)["service_manager"])
            assert (row.kind, row.number in {form.number for form in found.forms}) == ("complaint", True)
