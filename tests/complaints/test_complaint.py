"""A complaint is received, accepted and closed, in that order, by those who may; a refusal changes nothing (CMP)."""

import copy
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from functools import partial
from typing import Any, cast

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from csdomain.complaints.events import ComplaintReceived
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, Move, State
from csdomain.complaints.model import COMPLAINTS, Complaint
from csdomain.complaints.rules import ACCEPTANCE, FORM, STATES
from csdomain.complaints.values import (
    ACCEPT,
    CLOSE,
    COMPLAINT,
    RECEIVE,
    ComplaintForm,
    ComplaintRules,
    MalformedForm,
)
from csdomain.kernel.actors import Action, Actor, ActorId, Scope
from csdomain.kernel.durations import CalendarDays
from csdomain.kernel.errors import DomainError, InvalidValue, MoveRefused, NaiveTime, NotPermitted, RuleBroken
from csdomain.kernel.money import Money
from csdomain.kernel.numbering import NumberPattern
from csdomain.kernel.rules import PERMITTED, TIME
from csdomain.testing.strategies import storable_texts

T0 = datetime(2026, 3, 9, 8, tzinfo=UTC)
ID = COMPLAINT.make(millis=0, randomness=1)
EVERYTHING = (RECEIVE, ACCEPT, CLOSE)


def actor(*actions: Action, id: str = "ann", branch: str = "b1") -> Actor:
    return Actor(ActorId(id), branch, grants=dict.fromkeys(actions, Scope.ALL))


def form(**changes: Any) -> ComplaintForm:
    return ComplaintForm(
        **{"customer": "cus_1", "demand": "换货", "reason": "broken", "quantity": 10, "defective": 2, **changes}
    )


def received(at: datetime = T0, by: Actor | None = None) -> Complaint:
    return Complaint.receive(ID, "KS202603-0001", form(), rulebook="r@1", by=by or actor(RECEIVE), at=at)[0]


def snapshot(case: Complaint) -> dict[str, Any]:
    return copy.deepcopy(attrs.asdict(case, recurse=False))


minutes = st.integers(-3, 6).map(lambda n: T0 + timedelta(minutes=n))
instants = st.builds(
    lambda at, zone: at.astimezone(zone), minutes, st.sampled_from([UTC, timezone(timedelta(hours=8))])
)
grants = st.sets(st.sampled_from(EVERYTHING))
outcomes = st.sampled_from(["", " ", "\n\t", "x", "replaced", "x" * 400, "x" * 401, "a\0b", "\ud800", "换货完成"])
commands = st.lists(
    st.tuples(st.sampled_from([Move.ACCEPT, Move.CLOSE]), st.sampled_from(["ann", "bob"]), grants, instants, outcomes),
    max_size=6,
)


@pytest.mark.rule(STATES, ACCEPTANCE, PERMITTED)
@given(commands)
def test_only_what_the_rule_allows_happens_and_everything_else_changes_nothing(
    given_: list[tuple[Move, str, set[Action], datetime, str]],
) -> None:
    case = received()
    state, last = State.RECEIVED, T0
    for move, who, may, at, outcome in given_:
        by = actor(*may, id=who)
        needs = {Move.ACCEPT: (State.RECEIVED, ACCEPT), Move.CLOSE: (State.ACCEPTED, CLOSE)}[move]
        said = 0 < len(outcome.strip()) <= 400 and len(outcome) <= 400 and not set(outcome) & {"\0", "\ud800"}
        wrong: type[DomainError] | None = (
            MoveRefused
            if state is not needs[0]
            else NotPermitted
            if needs[1] not in may
            else RuleBroken
            if at < last or (move is Move.CLOSE and not said)
            else None
        )
        before = snapshot(case)
        act: Callable[[], Any] = (
            partial(case.accept, by=by, at=at) if move is Move.ACCEPT else partial(case.close, outcome, by=by, at=at)
        )
        if wrong is not None:
            with pytest.raises(wrong) as refused:
                act()
            assert type(refused.value) is wrong
            assert snapshot(case) == before
            continue
        (event,) = act()
        state = State.ACCEPTED if move is Move.ACCEPT else State.CLOSED
        last = at
        assert (case.state, case.owner) == (state, who if move is Move.ACCEPT else before["owner"])
        assert (event.subject, event.by, event.at) == (case.id, who, at)
        assert event.at.tzinfo is UTC
        assert (event.move, event.source, event.dest) == (move.value, before["state"].value, state.value)
        assert event.customer == "cus_1"
        assert event.reason == (outcome if move is Move.CLOSE else "")
        changed = {k for k, v in snapshot(case).items() if v != before[k]}
        assert changed <= (
            {"state", "accepted_at", "owner"} if move is Move.ACCEPT else {"state", "closed_at", "outcome"}
        )
    assert case.received_at == T0
    assert [case.accepted_at is not None, case.closed_at is not None] == [
        state is not State.RECEIVED,
        state is State.CLOSED,
    ]
    times = [t for t in (case.received_at, case.accepted_at, case.closed_at) if t is not None]
    assert times == sorted(times)


@pytest.mark.rule(STATES)
@pytest.mark.parametrize("outcome", ["", " ", "\n\t", "x" * 401, "a\0b", "\ud800"])
def test_an_outcome_says_something_that_can_be_stored(outcome: str) -> None:
    case, by = received(), actor(*EVERYTHING)
    case.accept(by=by, at=T0)
    before = snapshot(case)
    with pytest.raises(RuleBroken) as refused:
        case.close(outcome, by=by, at=T0)
    assert refused.value.facts == {"given": len(outcome)}
    assert snapshot(case) == before


@pytest.mark.rule(FORM, PERMITTED)
@given(instants, grants, st.sampled_from(["b1", "b2"]))
def test_receiving_opens_a_case_in_the_branch_of_who_receives(at: datetime, may: set[Action], branch: str) -> None:
    by = actor(*may, branch=branch)
    if RECEIVE not in may:
        with pytest.raises(NotPermitted):
            Complaint.receive(ID, "N1", form(), rulebook="r@1", by=by, at=at)
        return
    case, (told,) = Complaint.receive(ID, "N1", form(), rulebook="r@1", by=by, at=at)
    event = cast("ComplaintReceived", told)
    assert (case.id, case.number, case.branch, case.owner, case.rulebook) == (ID, "N1", branch, "ann", "r@1")
    assert (case.state, case.received_at, case.version) == (State.RECEIVED, at, 0)
    assert (case.accepted_at, case.closed_at, case.outcome) == (None, None, "")
    assert case.received_at.tzinfo is UTC
    assert (event.name, event.move, event.source, event.dest) == ("complaint_received", "receive", "", "received")
    assert (event.number, event.customer) == ("N1", "cus_1")


@pytest.mark.rule(TIME)
def test_every_command_takes_an_aware_instant() -> None:
    naive, everyone = datetime(2026, 3, 9, 9), actor(*EVERYTHING)  # noqa: DTZ001
    with pytest.raises(NaiveTime):
        received(naive)
    case = received()
    acts: tuple[Callable[[], object], ...] = (
        lambda: case.accept(by=everyone, at=naive),
        lambda: case.close("x", by=everyone, at=naive),
    )
    for act in acts:
        before = snapshot(case)
        with pytest.raises(NaiveTime):
            act()
        assert snapshot(case) == before
        if case.state is State.RECEIVED:
            case.accept(by=everyone, at=T0)


@pytest.mark.rule(STATES)
def test_the_id_and_the_number_are_for_ever() -> None:
    case = received()
    for name in ("id", "number"):
        with pytest.raises(attrs.exceptions.FrozenAttributeError):
            setattr(case, name, "x")


@pytest.mark.rule(STATES)
def test_the_table_is_the_three_moves() -> None:
    rows = [(s.trigger, s.source, s.dest, s.action) for s in COMPLAINT_MOVES.steps]
    assert rows == [
        (Move.RECEIVE, None, State.RECEIVED, RECEIVE),
        (Move.ACCEPT, State.RECEIVED, State.ACCEPTED, ACCEPT),
        (Move.CLOSE, State.ACCEPTED, State.CLOSED, CLOSE),
    ]
    assert COMPLAINT_MOVES.final == {State.CLOSED}


@pytest.mark.rule(STATES)
@given(st.integers(0, 2), grants)
def test_the_columns_are_those_of_the_case(moves: int, may: set[Action]) -> None:
    case, everyone = received(), actor(*EVERYTHING)
    acts: tuple[Callable[[], object], ...] = (
        lambda: case.accept(by=everyone, at=T0),
        lambda: case.close("x", by=everyone, at=T0),
    )
    for n, act in enumerate(acts):
        if n < moves:
            act()
    assert COMPLAINTS.row(case) == {
        "number": "KS202603-0001",
        "state": case.state.value,
        "customer": "cus_1",
        "claimed": None,
        "received_at": T0,
        "closed_at": case.closed_at,
    }


# --- the form ---------------------------------------------------------------------------------------------------------

SHORT, LONG = 120, 4000


@pytest.mark.rule(FORM)
@pytest.mark.parametrize(
    ("field", "longest", "empty"),
    [
        ("customer", 64, False),
        ("demand", LONG, False),
        ("reason", LONG, False),
        *((name, SHORT, True) for name in ("order_number", "batch", "specification")),
    ],
)
def test_texts_are_there_and_not_too_long(field: str, longest: int, empty: bool) -> None:
    for fine in ["x", "换" * longest, *([""] if empty else [])]:
        assert getattr(form(**{field: fine}), field) == fine
    for bad in ["x" * (longest + 1), "a\0b", "\ud800", None, 1, b"x", *([] if empty else [""])]:
        with pytest.raises(MalformedForm) as refused:
            form(**{field: bad})
        assert refused.value.rule is FORM
        assert refused.value.facts["field"] == field
        assert set(refused.value.facts) == {"field"}  # what a customer said is not repeated


@pytest.mark.rule(FORM)
@given(
    st.sampled_from(["quantity", "defective", "samples"]),
    st.integers(-(2**64), 2**64) | st.booleans() | st.floats() | st.text(),
)
def test_pieces_are_counted_in_integers(field: str, value: Any) -> None:
    fine = type(value) is int and 0 <= value < 2**63
    try:
        made = form(**{"quantity": 2**63 - 1, "defective": 0, field: value})
    except MalformedForm:
        assert not fine
    else:
        assert fine
        assert getattr(made, field) == value


@pytest.mark.rule(FORM)
@given(st.integers(0, 9), st.integers(0, 9))
def test_no_more_is_defective_than_was_delivered(quantity: int, defective: int) -> None:
    if defective <= quantity:
        assert form(quantity=quantity, defective=defective).defective == defective
    else:
        with pytest.raises(MalformedForm):
            form(quantity=quantity, defective=defective)


@pytest.mark.rule(FORM)
@given(st.integers(-100, 100))
def test_a_claim_is_an_amount_and_not_negative(minor: int) -> None:
    if minor >= 0:
        assert form(claimed=Money(minor, "CNY")).claimed == Money(minor, "CNY")
    else:
        with pytest.raises(MalformedForm):
            form(claimed=Money(minor, "CNY"))
    for bad in (minor, str(minor), float(minor)):
        with pytest.raises(InvalidValue):
            form(claimed=bad)


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("bad", ["2026-03-09", datetime(2026, 3, 9), datetime(2026, 3, 9, tzinfo=UTC), 20260309, ""])  # noqa: DTZ001
def test_a_shipping_day_is_a_date_and_nothing_else(bad: Any) -> None:
    assert form(shipped_on=date(2026, 3, 9)).shipped_on == date(2026, 3, 9)
    with pytest.raises(MalformedForm):
        form(shipped_on=bad)


# --- fields of the house's own ----------------------------------------------------------------------------------------


def rules(**extra: str) -> ComplaintRules:
    return ComplaintRules(NumberPattern("KS{seq}"), CalendarDays(6), "boss", extra=extra)


@pytest.mark.rule(FORM)
@given(
    st.dictionaries(st.sampled_from("abc"), st.sampled_from(["text", "integer", "yes_no"])),
    st.dictionaries(
        st.sampled_from("abcd"),
        st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | storable_texts(0, 30) | st.floats(),
    ),
)
def test_extra_fields_are_those_of_the_house_and_of_their_type(kinds: dict[str, str], extra: dict[str, Any]) -> None:
    types = {"text": str, "integer": int, "yes_no": bool}
    bad = [k for k, v in extra.items() if k not in kinds or not (v is None or type(v) is types[kinds[k]])]
    if not bad:
        rules(**kinds).check(form(extra=extra), "CNY")
    else:
        with pytest.raises(MalformedForm) as refused:
            rules(**kinds).check(form(extra=extra), "CNY")
        assert refused.value.facts["field"] in [f"extra.{name}" for name in bad]


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("bad", [2**63, -(2**63) - 1])
def test_extra_integers_are_storable(bad: int) -> None:
    with pytest.raises(MalformedForm):
        form(extra={"a": bad})


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("bad", ["", "a\nb", "x" * 65, "a\0b", 7])
def test_a_customer_is_named_by_an_id(bad: Any) -> None:
    with pytest.raises(MalformedForm):
        form(customer=bad)


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("bad", ["x" * (LONG + 1), "a\0b", "\ud800"])
def test_extra_texts_are_storable(bad: str) -> None:
    with pytest.raises(MalformedForm):
        form(extra={"note": bad})
    assert form(extra={"note": "x" * LONG}).extra["note"] == "x" * LONG


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("kind", ["number", "", "Text", "str"])
def test_an_extra_field_has_a_type_that_forms_know(kind: str) -> None:
    with pytest.raises(MalformedForm):
        rules(colour=kind)


@pytest.mark.rule(FORM)
def test_a_form_keeps_its_extra_fields_when_the_givers_dict_changes() -> None:
    extra: dict[str, Any] = {"note": "a"}
    made = form(extra=extra)
    extra["note"] = "b"
    assert made.extra == {"note": "a"}
