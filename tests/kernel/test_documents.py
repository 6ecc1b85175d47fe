"""Forms (KRN-09): sealed when signed, copies with holders, corrections that refer back, people that can be erased."""

from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from csdomain.kernel.papers.documents import (
    Document,
    MalformedDocument,
    Sealed,
    SignedTwice,
    Tampered,
    Unsigned,
    Value,
    draw_up,
)
from csdomain.kernel.rules import FORMS, PERSONAL_DATA
from csdomain.kernel.rules.errors import NaiveTime, RuleBroken
from csdomain.kernel.values.actors import ActorId

T0 = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ANN, BOB, CAI = ActorId("ann"), ActorId("bob"), ActorId("cai")
SALT = "0123456789abcdef"
values: st.SearchStrategy[Value] = st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20)
fields = st.dictionaries(st.text(min_size=1, max_size=8), values, max_size=5)


def slip(**more: Any) -> Document:
    given = {"product": "bearing 6204", "quantity": 5, **more}
    return draw_up("return slip", "TH-0007", given, by=ANN, at=T0, copies=("maker", "warehouse", "finance", "sales"))


@pytest.mark.rule(FORMS)
@given(fields.filter(bool), st.data(), values)
def test_any_change_of_a_signed_form_shows(content: dict[str, Value], data: st.DataObject, value: Value) -> None:
    name = data.draw(st.sampled_from(sorted(content)))
    assume((content[name], type(content[name])) != (value, type(value)))
    form = draw_up("f", "1", content, by=ANN, at=T0).sign("sales", by=ANN, at=T0)
    form.verify()
    gone = {k: v for k, v in content.items() if k != name}
    for other in ({**content, name: value}, gone, {"before": value, **content}):
        changed = attrs.evolve(form, fields=other)
        with pytest.raises(Tampered):
            changed.verify()
        with pytest.raises(Tampered):
            changed.sign("finance", by=BOB, at=T0)
    with pytest.raises(Sealed):
        form.filled(**{name: value})
    with pytest.raises(Sealed):
        form.continued(**{name: value})


@pytest.mark.rule(FORMS)
@given(fields, st.text(min_size=1, max_size=8), values, values)
def test_the_next_department_fills_in_below_and_signs_that_too(
    content: dict[str, Value], name: str, value: Value, other: Value
) -> None:
    assume(name not in content)
    form = draw_up("f", "1", content, by=ANN, at=T0).sign("sales", by=ANN, at=T0)
    more = form.continued(**{name: value})
    more.verify()
    assert dict(more.fields) == {**content, name: value}
    for entry in content:
        assert more.stated(entry) == content[entry]
    with pytest.raises(Unsigned):
        more.stated(name)  # nobody stands for it yet
    signed = more.sign("rnd", by=BOB, at=T0)
    assert signed.stated(name) == value
    if (value, type(value)) != (other, type(other)):
        with pytest.raises(Tampered):
            attrs.evolve(signed, fields={**signed.fields, name: other}).verify()
    with pytest.raises(Tampered):
        attrs.evolve(signed, fields=content).verify()


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize("change", ["number", "kind", "drawn_up_at", "drawn_up_by", "corrects", "copies"])
def test_nothing_else_of_a_signed_form_can_be_changed_either(change: str) -> None:
    form = slip().sign("sales", by=ANN, at=T0).sign("deputy", by=BOB, at=T0 + timedelta(hours=1))
    others: dict[str, Any] = {
        "number": "TH-0008",
        "kind": "note",
        "drawn_up_at": T0 + timedelta(microseconds=1),
        "drawn_up_by": CAI,
        "corrects": "TH-0001",
        "copies": form.copies[:3],
    }
    with pytest.raises(Tampered):
        attrs.evolve(form, **{change: others[change]}).verify()


@pytest.mark.rule(FORMS)
def test_a_signature_cannot_be_changed_dropped_or_put_in_another_order() -> None:
    form = slip().sign("sales", by=ANN, at=T0).sign("deputy", by=BOB, at=T0).sign("finance", by=CAI, at=T0)
    first, second, third = form.signatures
    for signatures in (
        (attrs.evolve(first, by=CAI), second, third),
        (attrs.evolve(first, role="boss"), second, third),
        (first, attrs.evolve(second, at=T0 + timedelta(seconds=1)), third),
        (second, third),
        (first, third),
        (first, third, second),
    ):
        with pytest.raises(Tampered):
            attrs.evolve(form, signatures=signatures).verify()


@pytest.mark.rule(FORMS)
def test_a_role_signs_once_and_a_person_in_one_role() -> None:
    form = slip().sign("sales", by=ANN, at=T0)
    for role, by in (("sales", BOB), ("deputy", ANN)):
        with pytest.raises(SignedTwice):
            form.sign(role, by=by, at=T0)
    assert form.sign("deputy", by=ANN, at=T0, different_people=False).signature("deputy").by == ANN
    with pytest.raises(RuleBroken):
        form.sign("deputy", by=BOB, at=T0 - timedelta(seconds=1))
    with pytest.raises(NaiveTime):
        form.sign("deputy", by=BOB, at=datetime(2026, 3, 2))  # noqa: DTZ001 - that is the point
    assert [s.role for s in form.signatures] == ["sales"]


@pytest.mark.rule(FORMS)
def test_what_needs_a_signature_is_refused_without_it() -> None:
    form = slip().sign("sales", by=ANN, at=T0)
    form.require_signed("sales")
    with pytest.raises(Unsigned) as missing:
        form.require_signed("sales", "deputy")
    assert missing.value.facts["role"] == "deputy"


@pytest.mark.rule(FORMS)
def test_a_form_is_filled_in_until_it_is_signed_and_then_corrected_by_a_new_one() -> None:
    form = slip().filled(quantity=6).sign("sales", by=ANN, at=T0)
    with pytest.raises(Sealed):
        form.filled(quantity=7)
    assert form.fields["quantity"] == 6
    correction = draw_up("return slip", "TH-0008", {"quantity": 7}, by=ANN, at=T0, corrects=form)
    assert correction.corrects == "TH-0007"
    with pytest.raises(Unsigned):
        draw_up("return slip", "TH-0009", {}, by=ANN, at=T0, corrects=correction)
    with pytest.raises(MalformedDocument):
        draw_up("memo", "TH-0009", {}, by=ANN, at=T0, corrects=form)


moves = st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["sales", "store", "books"])), max_size=12)


@pytest.mark.rule(FORMS)
@given(moves)
def test_who_holds_which_copy_can_be_asked_at_any_time(handed: list[tuple[int, str]]) -> None:
    form = slip().sign("sales", by=ANN, at=T0)
    holders: dict[int, str] = {}
    for i, (copy, holder) in enumerate(handed):
        form = form.hand_over(copy, holder, by=BOB, at=T0 + timedelta(minutes=i))
        holders[copy] = holder
        for name in ("sales", "store", "books"):
            assert form.with_holder(name) == tuple(sorted(c for c, h in holders.items() if h == name))
    assert [len(copy.held) for copy in form.copies] == [sum(c == n for c, _ in handed) for n in range(1, 5)]
    form.verify()  # paper travels; what was signed stays
    with pytest.raises(MalformedDocument):
        form.hand_over(5, "sales", by=BOB, at=T0)


@pytest.mark.rule(FORMS)
def test_a_copy_does_not_travel_back_in_time() -> None:
    form = slip().hand_over(2, "store", by=ANN, at=T0 + timedelta(hours=2))
    with pytest.raises(RuleBroken):
        form.hand_over(2, "books", by=ANN, at=T0 + timedelta(hours=1))


@pytest.mark.rule(FORMS, PERSONAL_DATA)
@given(
    st.dictionaries(st.text(min_size=1, max_size=6), st.text(max_size=20).map("◆{}◆".format), min_size=1, max_size=3)
)
def test_a_person_can_be_erased_and_the_seal_still_verifies(person: dict[str, str]) -> None:
    form = draw_up("f", "1", {"amount": 1}, by=ANN, at=T0, personal=dict(person), salt=SALT).sign("s", by=ANN, at=T0)
    form.verify(SALT)
    gone = form.erased()
    gone.verify(SALT)
    assert gone.seal() == form.seal()
    assert gone.signatures == form.signatures
    assert not gone.personal
    for value in person.values():
        assert value not in repr(gone)
        assert value not in form.text("en").splitlines()
        assert value in form.text("zh", reveal=True) or "\n" in value or "\r" in value or not value.isprintable()
    # While they are there, another person cannot be put in their place.
    swapped = attrs.evolve(form, personal={**person, next(iter(person)): "someone else entirely"})
    with pytest.raises(Tampered):
        swapped.verify(SALT)


@pytest.mark.rule(FORMS, PERSONAL_DATA)
def test_personal_data_needs_a_salt_and_never_shows_in_a_repr() -> None:
    with pytest.raises(MalformedDocument):
        draw_up("f", "1", {}, by=ANN, at=T0, personal={"phone": "13812345678"}, salt="short")
    form = draw_up("f", "1", {}, by=ANN, at=T0, personal={"phone": "13812345678"}, salt=SALT)
    assert "13812345678" not in repr(form)
    assert "13812345678" not in form.html()
    assert "13812345678" in form.html(reveal=True)


@pytest.mark.rule(FORMS)
def test_a_form_is_printed_in_both_languages_and_escaped() -> None:
    form = slip(note="<b>&").sign("sales", by=ANN, at=T0).hand_over(2, "store", by=ANN, at=T0)
    assert "copy 2: warehouse -> store" in form.text("en")
    assert "第 2 联: warehouse -> store" in form.text("zh")
    assert "&lt;b&gt;&amp;" in form.html()
    assert "<b>" not in form.html()


@pytest.mark.rule(FORMS)
@pytest.mark.parametrize(
    "wrong",
    [
        {"number": ""},
        {"kind": ""},
        {"copies": ("a", "a")},
        {"copies": ("",)},
        {"fields": {"x": 1.5}},
        {"fields": {"": 1}},
        {"fields": {"x": [1]}},
    ],
)
def test_what_is_no_form_is_refused(wrong: dict[str, Any]) -> None:
    arguments: dict[str, Any] = {"kind": "f", "number": "1", "fields": {}, "by": ANN, "at": T0, **wrong}
    with pytest.raises(MalformedDocument):
        draw_up(**arguments)
