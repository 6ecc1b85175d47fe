"""Settled exactly when nothing of a case is open any more, in whatever order its ends come (CMP-25)."""

from typing import Any

import attrs
import pytest

from complaints.desks import ANN, T0, Counter, check_unchanged, cny, remedy
from complaints.ends import (
    NOTHING,
    answered,
    decided,
    renewed,
)
from complaints.hand import on
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.settling import JudgementMissing
from csdomain.complaints.rules import JUDGEMENT, STATES
from csdomain.complaints.values import Channel

pytestmark = pytest.mark.rule(STATES)


@pytest.mark.rule(STATES, JUDGEMENT)
def test_nothing_is_closed_that_nobody_judged() -> None:
    case = answered(decided(NOTHING))
    case.put_form(judgement=None)
    check_unchanged(case, JudgementMissing, lambda: close(case))
    two = renewed(decided(NOTHING))
    answered(decided(NOTHING, case=two))
    first, second = two.forms
    two.forms = (attrs.evolve(first, judgement=None), second)
    check_unchanged(two, JudgementMissing, lambda: close(two))
    two.forms = (first, second)
    close(two)


def close(case: Complaint, outcome: str = "done") -> object:
    return on(case).close(outcome, in_time=True, zone="Asia/Shanghai", by=ANN, at=T0)


def test_what_follows_is_on_the_trail_with_the_states_of_the_case_between() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(100), compensation=cny(100)))
    counter.do("approve", by="sales_manager")
    counter.do("answer", *letter(), by="sales")
    counter.do("close", "paid", by="service_agent")
    begun = len(counter.rows)
    number = counter.do("draw_certificate", cny(100), by="sales").number
    counter.do("review", "sales", by="gm_office")
    counter.do("sign_certificate", number, by="deputy_for_sales")
    counter.do("countersign_certificate", number, by="sales")
    counter.do("book_certificate", number, "V1", by="finance")
    assert counter.rows[begun:] == [
        ("follow_up", "closed", "settling"),
        ("certificate.draw_up", "", "drawn_up"),
        ("review", "settling", "settling"),
        ("certificate.sign", "drawn_up", "signed"),
        ("certificate.countersign", "signed", "countersigned"),
        ("certificate.book", "countersigned", "booked"),
        ("settle", "settling", "settled"),
    ]


def letter() -> tuple[Any, str]:
    return Channel.LETTER, "We are sorry."
