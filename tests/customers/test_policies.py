"""Where the policies of customers change what they say: grades, columns, rows of a table, instants (CUS-01, CUS-07)."""

from datetime import UTC, date, datetime
from typing import Any, Final

import pytest

from csdomain.customers.policies import check_columns, grade, instant_of, profile_of
from csdomain.customers.rules import GRADING, REGISTRATION
from csdomain.customers.values import Criterion, CustomerRules, ExtraField, Figure, MalformedCustomer, Profile
from csdomain.frame.requests import MalformedRequest
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.values.birthdays import LunarDay

GRADES: Final = ("good", "fair", "poor")
SPEND: Final = Criterion(figure=Figure.SPEND, at_least=(100, 10))
OWED: Final = Criterion(figure=Figure.UNPAID, at_most=(0, 5))
RULES: Final = CustomerRules(manager="m", clerk="c", sales="s", extra={"fuel": ExtraField()})


@pytest.mark.rule(GRADING)
@pytest.mark.parametrize(
    ("spend", "owed", "expected"),
    [(100, 0, "good"), (99, 0, "fair"), (100, 1, "fair"), (9, 0, "fair"), (10, 6, "poor"), (9, 6, "poor")],
)
def test_a_half_counts_as_the_worse_grade_and_a_limit_belongs_to_the_better(
    spend: int, owed: int, expected: str
) -> None:
    figures = {Figure.SPEND: spend, Figure.UNPAID: owed}
    assert grade(figures, GRADES, (SPEND, OWED)) == expected
    assert grade(figures, GRADES, (SPEND,)) == GRADES[SPEND.rank(spend)]


@pytest.mark.rule(GRADING)
def test_each_limit_belongs_to_the_grade_that_it_is_for() -> None:
    assert [SPEND.rank(value) for value in (101, 100, 99, 10, 9)] == [0, 0, 1, 1, 2]
    assert [OWED.rank(value) for value in (0, 1, 5, 6)] == [0, 1, 1, 2]


@pytest.mark.rule(REGISTRATION)
@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["name"], "-"),
        (["ref", "name", "ref"], "-"),
        (["ref", "shoe_size", "hat"], "shoe_size, hat"),
        (["ref", "extra.tyre"], "extra.tyre"),
        (["ref", "x" * 41], "x" * 40),
        (["ref", *"abcdef"], "a, b, c, d, e"),
    ],
)
def test_columns_that_no_record_has_are_named_and_not_repeated_at_length(names: list[str], given: str) -> None:
    with pytest.raises(MalformedCustomer) as refused:
        check_columns(names, RULES)
    assert refused.value.facts == {"field": "columns", "given": given}
    every = "ref registered_at representative name born born_lunar born_year kind phones extra.fuel".split()
    check_columns(every, RULES)


@pytest.mark.rule(REGISTRATION)
@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"name": "王", "ref": "K", "representative": "ann", "registered_at": "x"}, Profile(name="王")),
        ({"name": "", "card": ""}, Profile()),
        ({"phones": "1;２ ； 3;;", "emails": "a@b;c@d"}, Profile(phones=("1", "２", "3"), emails=("a@b", "c@d"))),
        ({"addresses": "a; b", "contact_persons": "x；y"}, Profile(addresses=("a", "b"), contact_persons=("x", "y"))),
        ({"name": "a;b"}, Profile(name="a;b")),
        ({"extra.fuel": "gas"}, Profile(extra={"fuel": "gas"})),
        ({"born": "1980-03-09"}, Profile(born=date(1980, 3, 9))),
        ({"born_lunar": "1980-08-15"}, Profile(born_lunar=LunarDay(1980, 8, 15))),
        ({"born_lunar": "1980-R08-15"}, Profile(born_lunar=LunarDay(1980, 8, 15, leap=True))),
        ({"born_year": "1980"}, Profile(born_year=1980)),
    ],
)
def test_a_row_describes_a_record(row: dict[str, str], expected: Profile) -> None:
    assert profile_of(row) == expected


@pytest.mark.rule(REGISTRATION)
@pytest.mark.parametrize(
    "row",
    [
        {"born_year": "19800"},
        {"born_year": "１９８０"},
        {"born_year": "80s"},
        {"born_lunar": "1980"},
        {"born_lunar": "1980-08"},
        {"born_lunar": "1980-08-x"},
        {"born": "soon"},
        {"kind": "dog"},
    ],
)
def test_a_row_that_describes_none_is_refused(row: dict[str, str]) -> None:
    with pytest.raises((MalformedRequest, MalformedCustomer)):
        profile_of(row)


@pytest.mark.rule(REGISTRATION)
def test_a_day_begins_in_the_zone_and_an_instant_says_its_own() -> None:
    zone = "Asia/Shanghai"
    assert instant_of("2026-03-09", zone) == datetime(2026, 3, 8, 16, tzinfo=UTC)
    assert instant_of("2026-03-09T10:00+02:00", zone) == datetime(2026, 3, 9, 8, tzinfo=UTC)
    wrong: list[Any] = ["2026-03-09T10:00", "20260309", "2026-02-30", "soon", ""]
    for text in wrong:
        with pytest.raises(DomainError) as refused:
            instant_of(text, zone)
        assert refused.value.facts == {"field": "registered_at"}
