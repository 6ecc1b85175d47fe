"""Bad input on every backend: a named error that says what and where, and the stored state as it was."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import attrs
import pytest

import csdomain
from adapters.harness import BACKENDS, Desks
from csdomain import ComplaintForm, Desk, DomainError, Money
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.values import MalformedForm
from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped
from csdomain.kernel.calendar import HolidayIsMakeUpDay, MalformedClosure, OverlappingWindows, UnpublishedYear
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.calendar.spec import CalendarSpec
from csdomain.kernel.cases import timers
from csdomain.kernel.rules import AUDITED, ONE_WRITER, PERMITTED, PORTS
from csdomain.kernel.rules.errors import (
    Conflict,
    KeyReused,
    MoveRefused,
    NaiveTime,
    NotFound,
    NotPermitted,
    RulebookInvalid,
    RuleBroken,
)
from csdomain.kernel.store.kinds import Comparison, MalformedQuery, Query, Where
from csdomain.kernel.store.ports import MalformedKey
from csdomain.kernel.values.actors import MalformedActor
from csdomain.kernel.values.ids import IdKind, MalformedId, WrongKind
from csdomain.kernel.values.money import CurrencyMismatch, InexactMoney
from csdomain.rulebook import loads
from csdomain.testing import (
    HANDLING,
    accepted,
    agent,
    answered,
    checked,
    complaint_form,
    no_holidays,
    received,
    snapshot,
)

NAIVE = datetime(2026, 3, 5, 10, 0)  # noqa: DTZ001 - naive on purpose


@attrs.frozen
class Case:
    """A desk with a complaint in each of four states."""

    desk: Desk
    received: str
    checked: str
    accepted: str
    answered: str

    @property
    def ids(self) -> tuple[str, ...]:
        return self.received, self.checked, self.accepted, self.answered

    @property
    def at(self) -> datetime:
        return self.desk.clock.now()

    def accept(self, id: str | None = None, **changes: Any) -> Any:
        call = {"by": agent(self.desk), "at": self.at, **changes}
        return self.desk.complaints.accept(self.checked if id is None else id, HANDLING, **call)

    def receive(self, **changes: Any) -> Any:
        form = {name: changes.pop(name) for name in list(changes) if name not in ("by", "at", "key")}
        call = {"by": agent(self.desk), "at": self.at, **changes}
        return self.desk.complaints.receive(complaint_form(**form), **call)

    def close(self, id: str, outcome: str = "done", **changes: Any) -> Any:
        call = {"by": agent(self.desk, "service_agent"), "at": self.at, **changes}
        return self.desk.complaints.close(id, outcome, **call)

    def resume_what_runs(self) -> None:
        def work(unit: Any) -> None:
            timer = unit.session.timer(self.accepted, "CMP-04", lock=True)
            unit.session.save_timer(timers.resume(timer, self.desk.calendar(timer.calendar), self.at))

        self.desk.store.run(work)


def other(prefix: str) -> str:
    return str(IdKind[Any](prefix).make(millis=1, randomness=1))


#: What is tried; the error that it gives; words or facts that say what and where.
TABLE: dict[str, tuple[Callable[[Case], object], type[DomainError], str]] = {
    "a move that the table does not have from here": (
        lambda c: c.accept(c.accepted),
        MoveRefused,
        "is 'accepted'",
    ),
    "a move too early": (lambda c: c.close(c.accepted, by=agent(c.desk)), MoveRefused, "is 'accepted'"),
    "a move past a step": (lambda c: c.accept(c.received), MoveRefused, "is 'received'"),
    "a wrong role": (
        lambda c: c.accept(by=agent(c.desk, "seller", position="sales")),
        NotPermitted,
        "permission 'complaints.accept'",
    ),
    "an unknown role": (lambda c: c.accept(by=agent(c.desk, "x", position="")), NotPermitted, "of 'x'"),
    "another branch's id": (lambda c: c.accept(by=agent(c.desk, "x", branch="south")), NotPermitted, "of 'x'"),
    "another owner's case": (lambda c: c.close(c.answered, by=agent(c.desk, "agent-2")), NotPermitted, "of 'agent-2'"),
    "an unknown id": (lambda c: c.accept(other("cmp")), NotFound, other("cmp")),
    "an id of another kind": (lambda c: c.accept(other("tmr")), WrongKind, "expected=cmp_…"),
    "no id at all": (lambda c: c.accept("13812345678"), MalformedId, "text of length|str of length 11"),
    "an id that is no text": (lambda c: c.accept(7), MalformedId, "int"),  # type: ignore[arg-type]
    "a naive time": (lambda c: c.accept(at=NAIVE), NaiveTime, "field=at"),
    "a date for a time": (lambda c: c.accept(at=NAIVE.date()), NaiveTime, "field=at"),
    "a time before the one before": (lambda c: c.accept(at=c.at - timedelta(days=1)), RuleBroken, "at="),
    "an outcome of nothing": (lambda c: c.close(c.answered, "  "), RuleBroken, "given=2"),
    "an outcome too long": (lambda c: c.close(c.answered, "x" * 401), RuleBroken, "given=401"),
    "an outcome no store keeps": (lambda c: c.close(c.answered, "a\0b"), RuleBroken, "given=3"),
    "float money": (lambda c: c.receive(claimed=Money.of(1.5, "CNY")), InexactMoney, "float"),  # type: ignore[arg-type]
    "NaN money": (lambda c: c.receive(claimed=Money.of(Decimal("NaN"), "CNY")), InexactMoney, "NaN"),
    "other currencies in one sum": (lambda c: Money.of(1, "CNY") + Money.of(1, "USD"), CurrencyMismatch, "USD"),
    "a stale expectation": (lambda c: c.accept(expected_version=7), Conflict, "expected=7, actual=2"),
    "a key reused with another body": (
        lambda c: (c.receive(key="k", reason="one"), c.receive(key="k", reason="two")),
        KeyReused,
        "key=k",
    ),
    "a key too long": (lambda c: c.receive(key="k" * 121), MalformedKey, "field=key"),
    "a key of nothing": (lambda c: c.receive(key=""), MalformedKey, "field=key"),
    "a key no store keeps": (lambda c: c.receive(key="a\0"), MalformedKey, "field=key"),
    "an actor named by an e-mail": (lambda c: c.accept(by=agent(c.desk, "li@example.com")), MalformedActor, "field=id"),
    "more defective than there are": (lambda c: c.receive(quantity=1, defective=2), MalformedForm, "field=defective"),
    "a field left empty": (lambda c: c.receive(reason=""), MalformedForm, "field=reason"),
    "an extra field the house does not have": (lambda c: c.receive(extra={"colour": "red"}), MalformedForm, "colour"),
    "a year whose holidays are not known": (
        lambda c: c.accept(at=c.at.replace(year=2033)),
        UnpublishedYear,
        "2033",
    ),
    "resume without pause": (lambda c: c.resume_what_runs(), RuleBroken, "state=running"),
    "a question on a field that is not there": (
        lambda c: c.desk.complaints.find(Query((Where("colour", Comparison.IS, "red"),)), by=agent(c.desk)),
        MalformedQuery,
        "field=colour",
    ),
}


#: A house whose closing counts working days, by a calendar that does not answer for years it does not know.
STRICT: Final = """
name = "strict"
extends = "after_sales"
[calendars.office]
unpublished = "raise"
[complaints]
close_within = "6 working days"
"""


@pytest.fixture(params=BACKENDS)
def case(request: pytest.FixtureRequest, desks: Desks) -> Case:
    known = {"CN": Holidays("CN", (), {}, range(2020, 2031))}
    desk = desks(request.param, holidays=known, rulebook=loads(STRICT, sections(), shipped))
    return Case(desk, *(str(made(desk).id) for made in (received, checked, accepted, answered)))


def state(desk: Desk) -> dict[str, Any]:
    seen = snapshot(desk.store, (COMPLAINTS,), subjects=("",))
    return {name: part for name, part in seen.items() if name != "refusals"}


@pytest.mark.rule(PORTS, PERMITTED, ONE_WRITER, AUDITED)
def test_bad_input_is_named_and_changes_nothing(case: Case) -> None:
    for name, (attempt, error, words) in TABLE.items():
        if error is KeyReused:  # the first use of the key is a success
            case.receive(key="k", reason="one")
        before = state(case.desk)
        with pytest.raises(error) as caught:
            attempt(case)
        said = caught.value.render("en")
        assert any(word in said for word in words.split("|")), f"{name}: {said}"
        assert caught.value.render("zh") != said, name
        assert caught.value.rule.id in said, name
        assert "13812345678" not in said
        assert state(case.desk) == before, name
    # After all of it the desk works on, and no number was used up by what was refused.
    assert case.receive().number == "KS202603-0006"
    assert case.accept().state == "accepted"


@pytest.mark.rule(PERMITTED)
def test_what_was_refused_by_a_rule_is_on_record(case: Case) -> None:
    for attempt, error, _ in TABLE.values():
        with pytest.raises(error):
            attempt(case)
    kept = case.desk.store.look(lambda unit: [r for s in (*case.ids, "") for r in unit.session.refusals(s)])
    assert {(r.use_case, r.rule, r.code) for r in kept} >= {
        ("complaint.accept", "KRN-07", "move_refused"),
        ("complaint.close", "KRN-07", "move_refused"),
        ("complaint.accept", "KRN-13", "not_permitted"),
        ("complaint.close", "KRN-13", "not_permitted"),
        ("complaint.close", "CMP-25", "rule_broken"),
    }
    assert not [r for r in kept if r.code in ("conflict", "not_found", "naive_time", "key_reused")]


RULEBOOKS: dict[str, tuple[str, str]] = {
    "an unknown key": (
        "[complaints]\ncolse_within = '6 days'\n",
        "colse_within; did you mean close_within? @ $.complaints",
    ),
    "a wrong type": ("[complaints]\nclose_within = 6\n", "$.complaints.close_within"),
    "a coerced number": ("[complaints]\nwarnings = ['50']\n", "$.complaints.warnings"),
    "a date in both lists": (
        "[calendars.office]\nholidays = [2026-05-01]\nmake_up_days = [2026-05-01]\n",
        "calendars['office']",
    ),
    "a window reversed, into the next morning": ("[calendars.office.weekly]\nmon = ['18:00-09:30']\n", "mon"),
    "windows that overlap": ("[calendars.office.weekly]\nmon = ['09:00-12:00', '11:00-13:00']\n", "mon"),
}


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", BACKENDS)
def test_a_bad_rulebook_opens_nothing(
    backend: str, clean_url: Callable[[str], str], tmp_path: Path, desks: Desks
) -> None:
    url = clean_url(backend)
    for name, (text, where) in RULEBOOKS.items():
        path = tmp_path / "house.toml"
        path.write_text(f'name = "house"\nextends = "after_sales"\n{text}', encoding="utf-8")
        with pytest.raises(RulebookInvalid) as caught:
            csdomain.open(url, path, holidays=no_holidays())
        assert where in caught.value.render("en"), f"{name}: {caught.value}"
        with pytest.raises(RulebookInvalid):
            load_rulebook(path)
    if backend != "memory":
        refs = desks.at(url).store.look(lambda unit: unit.session.get_rulebook("house"))
        assert refs is None


@pytest.mark.rule(PORTS)
def test_bad_calendars_say_where() -> None:
    with pytest.raises(HolidayIsMakeUpDay, match="2026-05-01"):
        CalendarSpec("UTC", weekly={"mon": ["09:00-12:00"]}, holidays=["2026-05-01"], make_up_days=["2026-05-01"])
    with pytest.raises(OverlappingWindows, match="mon"):
        CalendarSpec("UTC", weekly={"mon": ["09:00-12:00", "11:00-13:00"]})
    with pytest.raises(MalformedClosure, match="closures"):
        CalendarSpec("UTC", weekly={"mon": ["09:00-12:00"]}, closures=[("2026-05-02T00:00", "2026-05-01T00:00")])


def test_forms_are_checked_where_they_are_made() -> None:
    with pytest.raises(MalformedForm, match="customer"):
        ComplaintForm(customer="", demand="x", reason="y")
