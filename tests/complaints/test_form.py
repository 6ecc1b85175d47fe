"""The complaint form: what is filled in at the counter, its class and cause, its paper and copies (CMP-01, 02, 28)."""

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases import RULES_OF, WAYS, A, B, make, stands
from complaints.hand import ANN, HOUSE, SALT, T0, Drawn, act, anyone, on
from complaints.model import RULES, check_unchanged, cny, received, remedy
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.commands import receiving
from csdomain.complaints.events import ComplaintReceived
from csdomain.complaints.lifecycle import Move, State
from csdomain.complaints.rules import CLASSES, COPIES, FORM, RETURN_SLIP, STATES
from csdomain.complaints.values import (
    COMPLAINT,
    CaseClass,
    Classification,
    ComplaintForm,
    ComplaintRules,
    Copies,
    Goods,
    MalformedForm,
    MalformedStep,
)
from csdomain.kernel.papers.documents import Tampered
from csdomain.kernel.rules import FORMS, PERMITTED
from csdomain.kernel.rules.errors import NotPermitted
from csdomain.kernel.values.actors import Action, Actor
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.testing import complaint_form
from csdomain.testing.strategies import storable_texts

RECEIVE = Action("complaints.receive")

SHORT, LONG = 120, 4000
ID: Final = COMPLAINT.make(millis=0, randomness=1)
BOOK = HOUSE.rulebook.ref


def form(**changes: Any) -> ComplaintForm:
    filled = {"customer": "cus_1", "demand": "换货", "reason": "broken", "quantity": 10, "defective": 2}
    return ComplaintForm(**{**filled, **changes})


def open_case(
    content: ComplaintForm, rules: ComplaintRules = RULES, by: Actor = ANN, at: datetime = T0
) -> tuple[Complaint, ComplaintReceived]:
    draws = Drawn(["KS202603-0001"], SALT)
    case, (event,) = receiving.receive(act(by, at, rules, draws=draws), content)
    assert isinstance(event, ComplaintReceived)
    return case, event


# --- fields -----------------------------------------------------------------------------------------------------------


NOON: Final = datetime(2026, 3, 9, 12, tzinfo=UTC)
#: What each field takes and what it does not, beside what no field of any context takes.
FIELDS: Final[dict[str, tuple[tuple[Any, ...], tuple[Any, ...]]]] = {
    "customer": (("x", "换" * 64), ("", "x" * 65, "a\nb")),
    **dict.fromkeys(("demand", "reason"), (("x", "换" * LONG), ("", " \n\t ", "x" * (LONG + 1)))),
    **dict.fromkeys(("order_number", "product", "batch", "specification"), (("", "换" * SHORT), ("x" * (SHORT + 1),))),
    "shipped_on": ((date(2026, 3, 9), None), ("2026-03-09", NOON, NOON.replace(tzinfo=None), 20260309, "")),
    "claimed": ((cny(0), cny(9), None), (cny(-1),)),
    "attachments": ((("s3://photos/1.jpg", "x" * 200),), tuple(["fine", bad] for bad in ("", "a\nb", "x" * 201))),
    "extra": (
        ({"note": "x" * LONG}, {"n": 2**63 - 1}),
        ({"n": 2**63}, {"n": -(2**63) - 1}, *({"note": bad} for bad in ("x" * (LONG + 1), "a\0b", "\ud800"))),
    ),
}


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("field", FIELDS)
def test_each_field_takes_what_it_is_for_and_what_a_customer_said_is_not_repeated(field: str) -> None:
    fine, wrong = FIELDS[field]
    for value in fine:
        assert getattr(form(**{field: value}), field) == value
    for value in wrong:
        with pytest.raises(MalformedForm) as refused:
            form(**{field: value})
        assert refused.value.rule is FORM
        assert str(refused.value.facts["field"]).startswith(field)
        assert not any(text and text in str(refused.value.facts) for text in ("换", "fine", "xxx", "2026"))


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
def test_a_claim_is_in_the_currency_of_the_house() -> None:
    RULES.check(form(claimed=cny(5)), "CNY")
    with pytest.raises(CurrencyMismatch):
        RULES.check(form(claimed=Money.of(5, "EUR")), "CNY")


# --- fields of the house's own ----------------------------------------------------------------------------------------


def house(**extra: str) -> ComplaintRules:
    return attrs.evolve(RULES, extra=extra)


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
        house(**kinds).check(form(extra=extra), "CNY")
    else:
        with pytest.raises(MalformedForm) as refused:
            house(**kinds).check(form(extra=extra), "CNY")
        assert refused.value.facts["field"] in ["extra", *(f"extra.{name}" for name in bad)]


@pytest.mark.rule(FORM)
@pytest.mark.parametrize("kind", ["number", "", "Text", "str"])
def test_an_extra_field_has_a_type_that_forms_know(kind: str) -> None:
    with pytest.raises(MalformedForm):
        house(colour=kind)


@pytest.mark.rule(FORM)
def test_a_form_keeps_its_extra_fields_when_the_givers_dict_changes() -> None:
    extra: dict[str, Any] = {"note": "a"}
    made = form(extra=extra)
    extra["note"] = "b"
    assert made.extra == {"note": "a"}


# --- the case that it opens -------------------------------------------------------------------------------------------

zones = st.sampled_from([UTC, timezone(timedelta(hours=8))])
times = st.builds(lambda n, zone: (T0 + timedelta(minutes=n)).astimezone(zone), st.integers(-9, 9), zones)


@pytest.mark.rule(FORM, PERMITTED)
@given(times, st.booleans(), st.sampled_from(["b1", "b2"]), st.none() | st.integers(0, 10**9), st.sampled_from([A, B]))
def test_receiving_opens_a_case_in_the_branch_of_who_receives(
    at: datetime, may: bool, branch: str, claimed: int | None, path: Any
) -> None:
    by = attrs.evolve(anyone("bob"), branch=branch)
    content = form(claimed=None if claimed is None else Money(claimed, "CNY"))
    if not may:
        others = {name: scope for name, scope in by.grants.items() if name != RECEIVE}
        with pytest.raises(NotPermitted):
            open_case(content, by=attrs.evolve(by, grants=others))
        return
    case, event = open_case(content, RULES_OF[path], by, at)
    assert (case.id, case.number, case.branch, case.owner, case.rulebook) == (ID, "KS202603-0001", branch, "bob", BOOK)
    assert (case.state, case.path, case.customer, case.version) == (State.RECEIVED, path, "cus_1", 0)
    assert (case.received_at, case.moved_at, case.form.opened_at) == (at, at, at)
    assert case.received_at.tzinfo is UTC
    assert (case.form.content, case.turn, case.form.former, case.form.accepted_at) == (content, 1, None, None)
    assert not case.grave
    assert case.closed_at is None
    assert (event.name, event.move, event.source, event.dest) == ("complaint_received", "receive", "", "received")
    assert (event.number, event.customer, event.claimed) == ("KS202603-0001", "cus_1", claimed)
    assert (event.subject, event.by, event.at) == (case.id, "bob", at)


@pytest.mark.rule(STATES)
def test_the_id_is_for_ever() -> None:
    case = received()
    with pytest.raises(attrs.exceptions.FrozenAttributeError):
        case.id = COMPLAINT.make(millis=0, randomness=2)
    assert case.id == ID


@pytest.mark.rule(STATES)
@pytest.mark.parametrize(("path", "state"), [(path, state) for path, ways in WAYS.items() for state in ways])
def test_the_columns_are_those_of_the_case(path: Any, state: State) -> None:
    case = stands(state, path)
    row = COMPLAINTS.row(case)
    assert (row["number"], row["state"], row["customer"]) == ("KS202603-0001", state.value, "customer-1")
    assert (row["received_at"], row["closed_at"], row["claimed"]) == (T0, case.closed_at, None)
    assert (row["closed_at"] is not None) is (state in (State.CLOSED, State.SETTLING, State.SETTLED))
    ended = state in (State.SETTLED, State.WITHDRAWN)
    assert row["queue"] == (None if ended else case.owner), "in its owner's queue until nothing of it is open"
    classified = case.form.classification is not None
    assert (row["class_name"], row["cause"]) == (("not_quality", "handling") if classified else (None, None))


# --- class and cause --------------------------------------------------------------------------------------------------

names = st.sampled_from(["scratch", "late", "rude", "leak", "other"])
tables = st.dictionaries(
    st.sampled_from(["goods", "service", "transport"]),
    st.builds(CaseClass, st.booleans(), st.lists(names, min_size=1, max_size=3, unique=True).map(tuple)),
    min_size=1,
)


@pytest.mark.rule(CLASSES)
@given(
    tables,
    st.sampled_from(["goods", "service", "transport", "nothing"]),
    names,
    st.sampled_from([(State.CHECKED, A), (State.RECEIVED, B)]),
)
def test_a_complaint_is_taken_on_with_a_class_and_a_cause_below_it_that_the_house_lists(
    table: dict[str, CaseClass], name: str, cause: str, where: tuple[State, Any]
) -> None:
    state, path = where
    rules, case = attrs.evolve(RULES_OF[path], classes=table), stands(state, path)
    given_ = Classification(name, cause)

    def take_on() -> object:
        if path is A:
            return on(case).accept(given_, rules, grave=False)
        return on(case).handle(given_, rules)

    if name in table and cause in table[name].causes:
        take_on()
        assert (case.form.classification, case.form.quality) == (given_, table[name].quality)
        return
    error = check_unchanged(case, MalformedStep, take_on)
    assert error.facts["field"] == ("class" if name not in table else "cause")
    listed = table[name].causes if name in table else table
    assert error.accepted is not None
    assert all(one in error.accepted.en for one in listed)


@pytest.mark.rule(CLASSES)
@pytest.mark.parametrize("table", [{}, {"goods": CaseClass(True, ())}])
def test_a_house_lists_classes_and_causes_below_each(table: dict[str, CaseClass]) -> None:
    with pytest.raises(MalformedStep):
        attrs.evolve(RULES, classes=table)


# --- the paper --------------------------------------------------------------------------------------------------------

purposes = st.lists(st.sampled_from(["service", "sales", "lab", "finance", "archive", "gm"]), max_size=6, unique=True)


@pytest.mark.rule(COPIES)
@given(purposes, st.integers(0, 9), st.integers(0, 9))
def test_the_form_has_four_copies_at_least_and_the_fourth_carries_the_approved_return_to_whom_it_is_for(
    copies: list[str], engines: int, belts: int
) -> None:
    try:
        rules = attrs.evolve(RULES, copies=attrs.evolve(RULES.copies, form=tuple(copies)))
    except MalformedForm:
        assert len(copies) < 4
        return
    assert len(copies) >= 4
    case, _ = open_case(complaint_form(quantity=20), rules)
    paper = case.form.document
    assert [(copy.number, copy.purpose) for copy in paper.copies] == list(enumerate(copies, 1))
    for move in (Move.CHECK, Move.ACCEPT, Move.INVESTIGATE, Move.CONCLUDE, Move.REPORT, Move.RULE, Move.JUDGE):
        make(case, move)
    lines = [Goods("engine", "1", engines), Goods("belt", "7", belts)]
    returns = [line for line in lines if line.quantity]
    on(case).submit(remedy(cny(10), returns=returns), RULES)
    assert all(copy.holder is None for copy in case.form.document.copies)
    make(case, Move.APPROVE)
    paper = case.form.document
    assert paper.with_holder(copies[3]) == (4,)
    assert paper.stated("approved_return.1") == engines + belts


@pytest.mark.rule(COPIES, RETURN_SLIP)
@pytest.mark.parametrize("field", ["form", "slip"])
def test_a_house_that_gives_out_fewer_than_four_copies_is_refused(field: str) -> None:
    with pytest.raises(MalformedForm) as refused:
        Copies(**{"form": "abcd", "slip": "abcd", "certificate": (), field: ("a", "b", "c")})  # type: ignore[arg-type]
    assert (refused.value.facts["field"], refused.value.facts["minimum"]) == (field, 4)


@pytest.mark.rule(FORM, FORMS)
@given(
    storable_texts(1, 30).filter(str.strip),
    storable_texts(1, 30).filter(str.strip),
    st.dictionaries(st.sampled_from(["seat", "floor"]), st.booleans() | st.integers(0, 9)),
)
def test_the_paper_says_what_was_filled_in_and_keeps_the_customers_words_apart(
    demand: str, reason: str, extra: dict[str, Any]
) -> None:
    said = {"demand": demand, "reason": reason, "specification": "230 V"}
    goods = {"order_number": "SO-1", "product": "engine", "batch": "7", "samples": 2}
    content = form(**said, **goods, extra=extra, shipped_on=date(2026, 2, 1), claimed=cny(80))
    kinds = {name: "yes_no" if isinstance(value, bool) else "integer" for name, value in extra.items()}
    paper = open_case(content, attrs.evolve(RULES, extra=kinds))[0].form.document
    assert paper.number == "KS202603-0001"
    filled = {"customer": "cus_1", "quantity": 10, "defective": 2, "shipped_on": "2026-02-01", "claimed": "80.00 CNY"}
    assert dict(paper.fields) == {**filled, **goods, "former": None}
    said |= {f"extra.{name}": value for name, value in extra.items()}
    assert dict(paper.personal) == said
    paper.verify(SALT)
    with pytest.raises(Tampered):
        attrs.evolve(paper, personal={**said, "demand": f"{demand}!"}).verify(SALT)
