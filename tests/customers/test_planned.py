"""What the planner does with customers: grades each month, erases after years without contact (CUS-07, KRN-14)."""

import typing
from datetime import timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.customers.model.customer import CUSTOMERS
from csdomain.customers.policies import grade
from csdomain.customers.rules import GRADING
from csdomain.customers.values import CUSTOMER_RULES, Criterion, Figure
from csdomain.desk import load_rulebook, sections, shipped
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.rules.errors import RulebookInvalid
from csdomain.kernel.values.money import Money
from csdomain.rulebook import loads
from csdomain.testing import complaint_form, memory_desk

from .test_tenures import Office

RULES = load_rulebook("fleet")[CUSTOMER_RULES]
FIGURES = st.fixed_dictionaries({figure: st.integers(0, 20000) for figure in Figure})


@pytest.mark.rule(GRADING)
@given(FIGURES, st.sampled_from(Figure), st.integers(1, 9000))
def test_a_figure_that_gets_better_never_makes_the_grade_worse(
    figures: dict[Figure, int], which: Figure, by: int
) -> None:
    better = {**figures, which: figures[which] + by if which is Figure.SPEND else max(0, figures[which] - by)}
    ranks = [RULES.grades.index(grade(of, RULES.grades, RULES.grading)) for of in (figures, better)]
    assert ranks[1] <= ranks[0]


@pytest.mark.rule(GRADING)
@pytest.mark.parametrize(
    ("spend", "unpaid", "complaints", "expected"),
    [(10000, 0, 0, "good"), (9999, 0, 0, "good"), (0, 0, 0, "fair"), (0, 9000, 9, "poor"), (3000, 1, 2, "fair")],
)
def test_the_grade_is_the_mean_of_what_the_criteria_say(
    spend: int, unpaid: int, complaints: int, expected: str
) -> None:
    figures = {Figure.SPEND: spend, Figure.UNPAID: unpaid, Figure.COMPLAINTS: complaints}
    assert grade(figures, RULES.grades, RULES.grading) == expected


@pytest.mark.rule(GRADING)
@pytest.mark.parametrize(
    "wrong",
    [
        'figure = "spend"\nat_least = [1, 2, 3]',
        'figure = "spend"\nat_least = [1]',
        'figure = "spend"',
        'figure = "unpaid"\nat_most = [3, 2, 1]',
        'figure = "luck"\nat_most = [1, 2, 3]',
    ],
)
def test_criteria_that_do_not_fit_the_grades_are_refused_when_they_are_loaded(wrong: str) -> None:
    with pytest.raises(RulebookInvalid):
        loads(f'name = "own"\nextends = "fleet"\n[[customers.grading]]\n{wrong}\n', sections(), shipped)


@pytest.mark.rule(GRADING)
def test_each_month_the_planner_grades_every_active_customer_once() -> None:
    office = Office()
    desk, boss = office.desk, office.person("general_manager")
    good, bad, apart = (office.given_to("a") for _ in range(3))
    office.of("records_clerk", office.does.set_apart, apart)
    desk.plan()
    finance = office.person("finance")
    paid = desk.payments.receive(good, Money.of(12000, "CNY"), "icbc", "B-1", by=finance, at=desk.clock.now())
    assert paid
    for _ in range(4):
        desk.complaints.receive(complaint_form(customer=bad), by=office.person("hotline_agent"), at=desk.clock.now())
    desk.clock.advance(timedelta(days=28))
    assert desk.plan().subjects == 2
    assert [(office.get(id).grade, office.get(id).graded_month) for id in (good, bad, apart)] == [
        ("good", "2026-04"),
        ("medium", "2026-04"),
        ("", ""),
    ]
    assert desk.plan().subjects == 0
    assert desk.customers.trail(good, by=boss)[-1].by == "system"


@pytest.mark.rule(PERSONAL_DATA)
def test_who_had_no_contact_for_years_is_erased_by_the_planner_with_all_that_is_kept() -> None:
    book = loads('name = "own"\nextends = "fleet"\n[customers]\nkeep_years = 2\n', sections(), shipped)
    office = Office(memory_desk(typing.cast("str", book)))
    desk, boss = office.desk, office.person("general_manager")
    gone, met, held, merged = (office.given_to("a") for _ in range(4))
    lead = office.of("hotline_agent", office.does.leads.note, "three devices", gone)
    office.of("service_manager", office.does.merge, merged, gone)
    office.boss(office.does.hold, held, "unpaid_fees")
    desk.plan()
    desk.clock.advance(timedelta(days=400))
    desk.complaints.receive(complaint_form(customer=met), by=office.person("hotline_agent"), at=desk.clock.now())
    desk.plan()
    desk.clock.advance(timedelta(days=400))
    desk.plan()

    def of(id: str) -> Any:
        return desk.store.look(lambda unit: unit.of(CUSTOMERS).get(id))

    assert [of(id).erased_at is not None for id in (gone, merged, met, held)] == [True, True, False, False]
    assert of(held).restricted, "law demands keeping it"
    assert office.does.leads.get(lead, by=boss).erased_at is not None
    assert attrs.evolve(RULES).keep_years is None, "shipped books keep everything"
    assert Criterion(figure=Figure.SPEND, at_least=(5,)).rank(5) == 0
