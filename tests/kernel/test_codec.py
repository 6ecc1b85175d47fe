"""Values survive being stored: plain data, JSON and back, exactly; a command has one fingerprint (D2, D10)."""

import json
import os
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from csdomain.complaints.case import Complaint, HandlingForm, Part, ReturnSlip, Submission
from csdomain.complaints.lifecycle import SlipState, State
from csdomain.complaints.values import (
    COMPLAINT,
    Classification,
    ComplaintForm,
    Finding,
    Goods,
    Judgement,
    Liable,
    Opinion,
    Path,
    ProposedPenalty,
    Remedy,
    Share,
)
from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.cases.timers import Timer, cancel, meet, pause, resume, start
from csdomain.kernel.papers.approvals import Approval, Outcome
from csdomain.kernel.papers.documents import Document, draw_up
from csdomain.kernel.rules import ONE_WRITER, PORTS, TIME
from csdomain.kernel.rules.errors import NaiveTime
from csdomain.kernel.store.ports import Queued, Receipt
from csdomain.kernel.values.actors import ActorId
from csdomain.kernel.values.codec import fingerprint, from_micros, make_converter, plain, to_micros
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from csdomain.kernel.values.money import Money

CONVERTER = make_converter()
ALWAYS = WorkCalendar(
    CalendarSpec("UTC", {d: ["00:00-24:00"] for d in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}), "always"
)
HOUR = timedelta(hours=1)

instants = st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30), timezones=st.sampled_from([UTC, timezone(8 * HOUR)]))  # noqa: DTZ001
near = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)).map(lambda at: at.replace(tzinfo=UTC, fold=0))  # noqa: DTZ001
spans = st.integers(0, 10**15).map(lambda n: timedelta(microseconds=n))
durations: st.SearchStrategy[Duration] = (
    st.builds(CalendarDays, st.integers(0, 400), st.booleans())
    | st.builds(WorkingDays, st.integers(0, 400), st.booleans())
    | st.builds(WorkingTime, spans)
    | st.builds(ElapsedTime, spans)
)
texts = st.text(max_size=20).filter(lambda t: "\0" not in t)
words = texts.filter(lambda text: bool(text.strip()))
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | texts
amounts = st.builds(Money, st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(["CNY", "JPY"]))


@st.composite
def timers(draw: Any) -> Timer:
    """A timer after a random life."""
    at = draw(near)
    timer = start(
        "case", "CMP-04", ALWAYS, draw(durations), at, warnings=sorted(draw(st.sets(st.integers(1, 99), max_size=3)))
    )
    for _ in range(draw(st.integers(0, 2))):
        at = min(at + HOUR, timer.due_at)
        timer, _ = pause(timer, at)
        timer = resume(timer, ALWAYS, at := at + draw(st.integers(0, 9)) * HOUR)
    end = draw(st.sampled_from([None, meet, cancel, pause]))
    return timer if end is None else end(timer, at + draw(st.integers(0, 9)) * HOUR)[0]


receipts = st.builds(Receipt, id=texts, version=st.integers(1, 2**31), state=texts, number=texts)
queued = st.builds(
    Queued,
    key=texts,
    occasion=texts,
    to=texts,
    facts=st.dictionaries(texts, scalars, max_size=4),
    created_at=near,
    attempts=st.integers(0, 9),
    next_at=st.none() | near,
    sent_at=st.none() | near,
    failure=texts,
)
forms = st.builds(
    ComplaintForm,
    customer=st.just("cus_1"),
    demand=words,
    reason=words,
    order_number=texts,
    quantity=st.integers(5, 2**63 - 1),
    defective=st.integers(0, 5),
    shipped_on=st.none() | st.dates(),
    claimed=st.none() | st.builds(Money, st.integers(0, 2**63 - 1), st.sampled_from(["CNY", "JPY"])),
    samples=st.integers(0, 9),
    extra=st.dictionaries(texts, scalars, max_size=4),
)
granted = st.builds(Money, st.integers(0, 2**63 - 1), st.just("CNY"))
opinions = st.builds(Opinion, by=st.just(ActorId("u-1")), at=near, text=words)
goods = st.builds(Goods, product=words, batch=texts, quantity=st.integers(1, 2**63 - 1))
remedies = st.builds(
    Remedy, granted=granted, returns=st.lists(goods, max_size=3, unique_by=lambda g: (g.product, g.batch)), text=words
)
judgements = st.builds(
    Judgement,
    liable=st.just(Liable.US),
    unit=st.just("production"),
    persons=st.lists(st.sampled_from(["w-1", "w-2"]), max_size=2),
    disposal=texts,
    tracked=st.none() | st.booleans(),
    loss=st.dictionaries(st.sampled_from(["goods", "freight"]), granted),
    shares=st.sampled_from([(), (Share("production", 2), Share("sales"))]),
    penalties=st.sampled_from(
        [(), (ProposedPenalty("w-1", "warning"), ProposedPenalty("w-2", amount=Money(1, "CNY")))]
    ),
)


@st.composite
def papers(draw: Any) -> Document:
    """A form with two copies, filled in further, signed or not."""
    at, by = draw(near), ActorId("u-1")
    paper = draw_up("complaint_form", "KS-1", {"customer": draw(words)}, by=by, at=at, copies=("sales", "finance"))
    if draw(st.booleans()):
        paper = paper.sign("sales", by=by, at=at).continued(cause=draw(words))
    return paper.hand_over(1, "sales", by=by, at=at) if draw(st.booleans()) else paper


approvals = st.builds(
    Approval,
    subject=texts,
    outcome=st.sampled_from(Outcome),
    amount=granted,
    by=st.just(ActorId("u-2")),
    authority=texts,
    acting_for=st.none() | st.just(ActorId("u-3")),
    at=near,
    reason=texts,
)
submissions = st.builds(
    Submission,
    remedy=remedies,
    by=st.just(ActorId("u-1")),
    at=near,
    recommendations=st.lists(opinions, max_size=2).map(tuple),
    approval=st.none() | approvals,
    returned=st.none() | opinions,
)
handled = st.builds(
    HandlingForm,
    number=texts,
    content=forms,
    document=papers(),
    salt=texts,
    opened_at=near,
    former=st.none() | texts,
    accepted_at=st.none() | near,
    classification=st.none() | st.just(Classification("quality", "material")),
    quality=st.booleans(),
    checked=st.none() | opinions,
    finding=st.none() | st.builds(Finding, confirmed=st.booleans(), text=words, countermeasures=texts),
    judgement=st.none() | judgements,
    submissions=st.lists(submissions, max_size=2).map(tuple),
)
parts = st.builds(Part, department=texts, round=st.integers(1, 9), asked_at=near, until=near, done=st.none() | opinions)
slips = st.builds(
    ReturnSlip,
    number=texts,
    state=st.sampled_from(SlipState),
    turn=st.integers(1, 9),
    document=papers(),
    goods=st.lists(goods, max_size=2).map(tuple),
    approved=st.integers(0, 99),
    resolution=texts,
)
complaints = st.builds(
    Complaint,
    id=st.builds(lambda n: COMPLAINT.make(millis=0, randomness=n), st.integers(0, 2**80 - 1)),
    branch=texts,
    owner=texts,
    rulebook=texts,
    currency=st.sampled_from(["CNY", "JPY"]),
    path=st.sampled_from(Path),
    customer=texts,
    forms=st.lists(handled, min_size=1, max_size=2).map(tuple),
    received_at=near,
    moved_at=near,
    state=st.sampled_from(State),
    version=st.integers(0, 99),
    level=st.integers(0, 9),
    handler=st.none() | st.just(ActorId("u-4")),
    promised_until=st.none() | near,
    parts=st.lists(parts, max_size=2).map(tuple),
    slips=st.lists(slips, max_size=1).map(tuple),
    closed_at=st.none() | near,
    in_time=st.none() | st.booleans(),
    outcome=texts,
)
VALUES = {
    Money: amounts,
    Timer: timers(),
    Receipt: receipts,
    Queued: queued,
    ComplaintForm: forms,
    Complaint: complaints,
    Duration: durations,
    datetime: instants,
    date: st.dates(),
    timedelta: spans | spans.map(lambda s: -s),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
}


def again(value: Any, kind: Any) -> Any:
    return CONVERTER.structure(json.loads(json.dumps(CONVERTER.unstructure(value, kind))), kind)


@pytest.mark.rule(PORTS, TIME)
@pytest.mark.parametrize("kind", VALUES, ids=lambda kind: getattr(kind, "__name__", "Duration"))
@given(data=st.data())
def test_every_value_comes_back_as_it_was(kind: Any, data: st.DataObject) -> None:
    value = data.draw(VALUES[kind])
    back = again(value, kind)
    assert back == value
    if isinstance(value, Complaint):
        for mine, theirs in zip(back.forms, value.forms, strict=True):
            assert [*map(type, mine.content.extra.values())] == [*map(type, theirs.content.extra.values())]
            assert mine.document.seal() == theirs.document.seal()
            mine.document.verify()
        assert attrs.asdict(back) == attrs.asdict(value)
    elif not isinstance(value, datetime | Decimal):
        assert repr(back) == repr(value)
    if kind is Complaint:
        assert back.received_at.tzinfo is UTC


@pytest.mark.rule(TIME)
@given(instants)
def test_an_instant_is_an_exact_integer_of_microseconds(at: datetime) -> None:
    micros = to_micros(at)
    assert type(micros) is int
    assert (
        micros == Fraction((at - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)) or abs(micros) > 2**53
    )
    assert from_micros(micros) == at
    assert from_micros(micros).tzinfo is UTC
    assert to_micros(at + timedelta(microseconds=1)) == micros + 1


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@attrs.frozen
class Bag:
    days: frozenset[date] = frozenset()
    colours: frozenset[Colour] = frozenset()
    names: frozenset[str] = frozenset()
    row: tuple[Money, ...] = ()


@pytest.mark.rule(PORTS)
@given(
    st.builds(
        Bag,
        st.frozensets(st.dates(), max_size=4),
        st.frozensets(st.sampled_from(Colour)),
        st.frozensets(texts, max_size=4),
    )
)
def test_sets_come_back_and_are_stored_in_one_order(bag: Bag) -> None:
    assert again(bag, Bag) == bag
    assert plain(bag)["names"] == sorted(bag.names)
    assert len(plain(bag)["days"]) == len(bag.days)


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize(
    ("kind", "data"),
    [
        *((int, wrong) for wrong in ("12", 1.9, 1.0, True, None)),
        *((str, wrong) for wrong in (1, True, None, b"x", ["x"])),
        *((bool, wrong) for wrong in (1, 0, "true", None)),
        *((datetime, wrong) for wrong in ("2026-01-01", 1.5, True, None)),
        *((date, wrong) for wrong in (20260101, None, "1 January")),
        *((timedelta, wrong) for wrong in ("1", 1.5, None)),
        *((Decimal, wrong) for wrong in (1.5, 1, None, "x", "NaN")),
        *((tuple[str, ...], wrong) for wrong in ("ab", {"a": 1}, 1, None, [1])),
        *((str | None, wrong) for wrong in (1, ["x"])),
        (Money, {"minor": 1.0, "currency": "CNY"}),
        (Money, {"minor": "1", "currency": "CNY"}),
        (Receipt, {"id": "x", "version": "1"}),
        (Duration, {"kind": "fortnight", "days": 1}),
        (Duration, {"kind": "working_days", "days": "1", "end_of_day": True}),
        (State, "lost"),
    ],
)
def test_a_wrong_type_never_turns_into_a_right_one_on_the_way_in(kind: Any, data: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        CONVERTER.structure(data, kind)


# --- fingerprints -----------------------------------------------------------------------------------------------------


@pytest.mark.rule(TIME)
@pytest.mark.parametrize(
    "shape", [lambda at: at, lambda at: [at], lambda at: {"until": at}, lambda at: {"a": {"b": (at,)}}]
)
def test_a_time_without_a_zone_has_no_fingerprint(shape: Any) -> None:
    with pytest.raises(NaiveTime):
        fingerprint("complaint.promise", {"until": shape(datetime(2026, 3, 2))})  # noqa: DTZ001 - naive on purpose


ARGUMENTS = {
    "form": ComplaintForm(
        customer="cus_1",
        demand="换货",
        reason="broken",
        quantity=3,
        claimed=Money.of("10.50", "CNY"),
        shipped_on=date(2026, 3, 9),
        extra={"b": True, "a": None},
    ),
    "at": datetime(2026, 3, 9, 8, tzinfo=UTC),
    "tags": frozenset({"x", "y", "z", "w", "v"}),
    "within": WorkingDays(3),
    "state": State.ACCEPTED,
}


def told_by_another_process(seed: str) -> str:
    code = (
        "from kernel.test_codec import ARGUMENTS, fingerprint\n"
        "import json, sys\n"
        "print(fingerprint('complaint.receive', dict(reversed(ARGUMENTS.items()))))"
    )
    tests = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    here = os.pathsep.join([tests, *sys.path])  # the code under test, wherever it lies
    environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": here}
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True
    ).stdout


@pytest.mark.rule(ONE_WRITER)
def test_a_command_has_the_same_fingerprint_in_another_process() -> None:
    mine = fingerprint("complaint.receive", ARGUMENTS)
    assert {told_by_another_process(seed).strip() for seed in ("1", "2")} == {mine}
    assert len(mine) == 64


arguments = st.dictionaries(
    st.sampled_from(["a", "b", "form", "at"]),
    texts | st.integers() | st.booleans() | st.none() | amounts | durations | st.lists(texts, max_size=3) | forms,
    max_size=3,
)


@pytest.mark.rule(ONE_WRITER)
@given(arguments, arguments, st.sampled_from(["x", "y"]), st.sampled_from(["x", "y"]))
@settings(max_examples=200)
def test_fingerprints_are_equal_exactly_where_commands_are(
    one: dict[str, Any], other: dict[str, Any], first: str, second: str
) -> None:
    def typed(value: Any) -> Any:
        return [(k, type(v), v) for k, v in sorted(value.items())]

    same = first == second and typed(one) == typed(other)
    assert (fingerprint(first, one) == fingerprint(second, other)) is same
    assert fingerprint(first, one) == fingerprint(first, dict(reversed(one.items())))


@pytest.mark.rule(ONE_WRITER)
@given(forms, st.data())
def test_any_change_of_a_form_changes_the_fingerprint(form: ComplaintForm, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["demand", "reason", "batch", "samples", "shipped_on", "extra"]))
    value = {"samples": form.samples + 1, "shipped_on": date(2001, 1, 1), "extra": {**form.extra, "new": 1}}.get(
        name, "changed"
    )
    change: dict[str, Any] = {name: value}
    changed = attrs.evolve(form, **change)
    assert (fingerprint("x", {"form": changed}) == fingerprint("x", {"form": form})) is (changed == form)
