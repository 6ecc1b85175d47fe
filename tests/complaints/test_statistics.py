"""Statistics of a month equal a plain count over its cases, on every shape of store (CMP-26)."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import csdomain
from backends import clear
from complaints.desks import JUDGED, cny, fen, remedy
from complaints.test_review import ABROAD, BRANCHES
from csdomain import Desk
from csdomain.complaints.rules import STATISTICS
from csdomain.complaints.values import Channel, Classification, Finding, Judgement, Liable, ProposedPenalty, Remedy
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.store.kinds import MalformedQuery
from csdomain.kernel.values.money import Money
from csdomain.testing import (
    HANDLING,
    QUALITY,
    MovableClock,
    SequentialIds,
    agent,
    closed,
    complaint_form,
    decided,
    memory_desk,
    no_holidays,
    staff,
)

pytestmark = pytest.mark.rule(STATISTICS)

TURN: Final = datetime(2026, 4, 1, tzinfo=UTC)
MONTHS: Final = ("2026-03", "2026-04")
assert settings.default is not None
#: A database costs more than memory does: fewer examples.
FEWER: Final = max(5, settings.default.max_examples // 4)
COLUMNS: Final = ("class_name", "cause", "unit", "product", "in_time")
PACKING: Final = Classification("not_quality", "packing")


@attrs.frozen
class Drawn:
    """A case as it is drawn: closed so many hours from the turn of a month, or not at all."""

    hours: int
    branch: str
    kind: Classification
    unit: str | None
    product: str
    claimed: int | None
    granted: int
    lost: int
    late: bool
    reviewed: str | None
    second: int | None
    end: str

    @property
    def judgement(self) -> Judgement:
        if self.unit is None:
            return Judgement(liable=Liable.CUSTOMER, loss={"goods": fen(self.lost)})
        return attrs.evolve(JUDGED, unit=self.unit, loss={"goods": fen(self.lost)})

    @property
    def month(self) -> str | None:
        if self.end != "closed":
            return None
        return f"{(TURN + timedelta(hours=self.hours)).astimezone(ZoneInfo(BRANCHES[self.branch])):%Y-%m}"

    @property
    def row(self) -> tuple[Any, ...]:
        unit = self.reviewed or self.unit
        return (self.kind.name, self.kind.cause, unit, self.product or None, not self.late)

    @property
    def sums(self) -> tuple[int, int, int]:
        """Claimed, granted, lost: over both forms, but what the customer turned down was not granted."""
        forms = 1 if self.second is None else 2
        granted = self.granted if self.second is None else self.second
        return (self.claimed or 0) * forms, granted, self.lost * forms


amounts = st.integers(0, 90_000)
cases = st.lists(
    st.builds(
        Drawn,
        st.integers(-20, 20),
        st.sampled_from(list(BRANCHES)),
        st.sampled_from([HANDLING, PACKING, QUALITY]),
        st.sampled_from(["production", "stores", None]),
        st.sampled_from(["engine", "pump", ""]),
        st.none() | amounts,
        amounts,
        amounts,
        st.booleans(),
        st.sampled_from(["sales", "customer_service", None]),
        st.none() | amounts,
        st.sampled_from(["closed", "closed", "closed", "open", "withdrawn"]),
    ),
    max_size=5,
)


def happen(desk: Desk, drawn: Drawn) -> None:
    """One case, as it was drawn. Late is later than the six days from acceptance."""
    ended = TURN + timedelta(hours=drawn.hours)
    begun = ended - timedelta(days=8 if drawn.late else 1)
    how: dict[str, Any] = {
        "form": complaint_form(product=drawn.product, claimed=None if drawn.claimed is None else fen(drawn.claimed)),
        "remedy": remedy(fen(drawn.granted)),
        "judgement": drawn.judgement,
        "classification": drawn.kind,
        "branch": drawn.branch,
        "at": begun,
    }
    if drawn.second is not None and drawn.end == "closed":
        id = twice(desk, drawn, how, ended)
    elif drawn.end == "closed":
        id = decided(desk, **how).id
        tell(desk, id, drawn.branch, ended)
    else:
        id = decided(desk, **how).id
        if drawn.end == "withdrawn":
            desk.complaints.withdraw(id, "no", by=staff(desk, branch=drawn.branch)["service_agent"], at=ended)
        return
    who = staff(desk, branch=drawn.branch)
    desk.complaints.close(id, "done", by=who["service_agent"], at=ended)
    if drawn.reviewed is not None:
        desk.complaints.review(id, drawn.reviewed, by=who["gm_office"], at=ended)


def tell(desk: Desk, id: str, branch: str, at: datetime) -> None:
    desk.complaints.answer(id, Channel.LETTER, "We are sorry.", by=staff(desk, branch=branch)["sales"], at=at)


def twice(desk: Desk, drawn: Drawn, how: dict[str, Any], ended: datetime) -> str:
    """The customer turned the first remedy down, so a second form was opened in the same case."""
    assert drawn.second is not None
    who, does, id = staff(desk, branch=drawn.branch), desk.complaints, decided(desk, **how).id
    at = how["at"]
    tell(desk, id, drawn.branch, at)
    does.decline(id, "no", by=who["sales"], at=at)
    does.renew(id, how["form"], by=who["service_agent"], at=ended - timedelta(days=8 if drawn.late else 1))
    does.investigate(id, by=who["service_agent"], at=at)
    if drawn.kind == QUALITY:
        does.inspect(id, Finding(True, "still there"), by=who["rnd"], at=at)
    does.conclude(id, by=who["service_agent"], at=at)
    does.report(id, "what was found", by=who["service_agent"], at=at)
    does.rule(id, "go on", by=who["deputy_general_manager"], at=at)
    does.judge(id, drawn.judgement, by=who["service_agent"], at=at)
    does.submit(id, remedy(fen(drawn.second)), by=who["service_agent"], at=at)
    does.approve(id, by=who["general_manager"], at=at)
    tell(desk, id, drawn.branch, ended)
    return id


def counted(drawn: Sequence[Drawn], month: str, columns: Sequence[str]) -> dict[tuple[Any, ...], tuple[int, ...]]:
    """Oracle: how many, and the three sums, by the values of these columns."""
    found: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for case in drawn:
        if case.month == month:
            entry = found[tuple(value for name, value in zip(COLUMNS, case.row, strict=True) if name in columns)]
            for place, figure in enumerate((1, *case.sums)):
                entry[place] += figure
    return {group: tuple(figures) for group, figures in found.items()}


def check(desk: Desk, drawn: Sequence[Drawn]) -> None:
    for case in drawn:
        happen(desk, case)
    by = agent(desk, "gm", position="gm_office")
    for month in MONTHS:
        for columns in ((), *((name,) for name in COLUMNS), COLUMNS):
            rows = desk.complaints.statistics(month, *columns, by=by)
            expected = counted(drawn, month, columns)
            if columns == () and not expected:
                expected = {(): (0, 0, 0, 0)}
            assert {row.group: (row.count, *row.sums) for row in rows} == expected


@given(cases)
def test_statistics_in_memory_are_a_plain_count(drawn: list[Drawn]) -> None:
    check(memory_desk(ABROAD, clock=MovableClock(TURN)), drawn)  # type: ignore[arg-type]


@settings(max_examples=FEWER, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(cases)
def test_statistics_on_sqlite_are_a_plain_count(shared_database_url: Callable[[str], str], drawn: list[Drawn]) -> None:
    url = shared_database_url("sqlite")
    options: dict[str, Any] = {"clock": MovableClock(TURN), "ids": SequentialIds(), "holidays": no_holidays()}
    clear(url, keep="csd_alembic_version")
    with csdomain.open(url, ABROAD, synchronous="OFF", **options) as desk:
        check(desk, drawn)


def test_statistics_are_of_what_one_may_read_and_of_columns_that_are_there() -> None:
    desk = memory_desk(ABROAD, clock=MovableClock(TURN))  # type: ignore[arg-type]
    for branch in BRANCHES:
        closed(desk, branch=branch)
    here = agent(desk, "seller", position="sales", branch="rome")
    month = f"{TURN:%Y-%m}"
    assert [row.count for row in desk.complaints.statistics(month, by=here)] == [1]
    with pytest.raises(NotPermitted):
        desk.complaints.statistics(month, by=agent(desk, "x", position=""))
    with pytest.raises(MalformedQuery):
        desk.complaints.statistics(month, "colour", by=here)


def test_a_penalty_is_no_loss() -> None:
    desk = memory_desk()
    judgement = attrs.evolve(JUDGED, loss={"goods": cny(30)}, penalties=(ProposedPenalty("li", amount=cny(7)),))
    closed(desk, judgement=judgement, remedy=Remedy(granted=cny(20), compensation=cny(5), text="here"))
    (row,) = desk.complaints.statistics("2026-03", by=agent(desk))
    assert row.sums == (0, Money.of(20, "CNY").minor, 3000)
