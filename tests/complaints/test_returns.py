"""Goods come back on a signed slip, its copies travel, and finance books what was approved (CMP-22, 23, 24, 28)."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import STEP, Counter
from complaints.ends import (
    DEPUTY,
    FINANCE,
    KEEPER,
    NOTHING,
    answered,
    back,
    came,
    decided,
    drawn,
    entry,
    put_slip,
    signed,
)
from complaints.hand import ANN, T0, anyone, on
from complaints.model import RULES, check_unchanged, cny, remedy
from csdomain.casework.deliveries import NotOnSlip, QuantityOverSlip
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands.deciding import AnswerBeyondDecision
from csdomain.complaints.commands.marks import ReturnWithoutSlip
from csdomain.complaints.lifecycle import SlipState
from csdomain.complaints.rules import COPIES, RETURN_SLIP, WAREHOUSE
from csdomain.complaints.rules import FINANCE as FINANCE_RULE
from csdomain.complaints.values import Copies, Goods, MalformedStep
from csdomain.kernel.papers.documents import Document, SignedTwice, Tampered, Unsigned
from csdomain.kernel.rules import FORMS
from csdomain.kernel.rules.errors import DomainError, MoveRefused, RuleBroken
from csdomain.kernel.values.arguments import WrongArgument
from csdomain.testing import complaint_form

PRODUCTS, BATCHES = ("engine", "pump"), ("b1", "b2")
line = st.builds(Goods, st.sampled_from(PRODUCTS), st.sampled_from(BATCHES), st.integers(1, 5))
slips = st.lists(line, min_size=1, max_size=3, unique_by=lambda g: (g.product, g.batch))
odd = st.builds(Goods, st.sampled_from([*PRODUCTS, "wheel"]), st.sampled_from([*BATCHES, ""]), st.integers(0, 6))
deliveries = st.lists(st.lists(line | odd, max_size=3), min_size=1, max_size=4)


# --- the warehouse ----------------------------------------------------------------------------------------------------


@pytest.mark.rule(WAREHOUSE, FINANCE_RULE)
@given(slips, deliveries)
def test_exactly_what_the_slip_names_is_taken_in_and_a_difference_stays_open(
    named: list[Goods], brought: list[list[Goods]]
) -> None:
    case = decided(back(*named))
    signed(case)
    limit = {(g.product, g.batch): g.quantity for g in named}
    there: dict[tuple[str, str], int] = {}
    for delivery in brought:
        names = [(g.product, g.batch) for g in delivery]
        after = dict(there)
        for g in delivery:
            after[g.product, g.batch] = after.get((g.product, g.batch), 0) + g.quantity
        error: type[DomainError] | None = None
        first = ("", "")
        if len(set(names)) < len(names) or any(g.quantity < 1 for g in delivery):
            error = MalformedStep
        elif not delivery:
            error = RuleBroken
        elif any(name not in limit or after[name] > limit[name] for name in names):
            first = next(name for name in names if name not in limit or after[name] > limit[name])
            error = QuantityOverSlip if first in limit else NotOnSlip
        if error is not None:
            refused = check_unchanged(case, error, lambda: came(case, *delivery))  # noqa: B023 - run at once
            assert type(refused) is error
            if isinstance(refused, NotOnSlip):
                assert (refused.facts["product"], refused.facts["given"]) == first
                assert refused.accepted is not None
                assert refused.accepted.en == "; ".join(f"{g.product} {g.batch}" for g in named)
            elif isinstance(refused, QuantityOverSlip):
                given = (refused.facts["product"], refused.facts["quantity"], refused.facts["limit"])
                assert given == (first[0], after[first], limit[first])
            continue
        came(case, *delivery)
        there = after
        assert {(g.product, g.batch): g.quantity for g in case.slips[0].returned} == there
        on(case).reconcile("TH1", "V1", by=FINANCE)
        slip = case.slips[0]
        if there == limit:
            assert (slip.state, slip.voucher, case.discrepancies) == (SlipState.BOOKED, "V1", 0)
            check_unchanged(case, MoveRefused, lambda: on(case).reconcile("TH1", "V2", by=FINANCE))
            return
        assert (slip.state, slip.voucher, case.discrepancies) == (SlipState.DISPUTED, "", 1)
        assert "slip TH1" in case.open_ends()


@pytest.mark.rule(WAREHOUSE)
def test_nothing_is_taken_in_without_a_signed_slip_of_the_very_case() -> None:
    case, goods = decided(back(Goods("engine", "b1", 2))), Goods("engine", "b1", 1)
    error = check_unchanged(case, ReturnWithoutSlip, lambda: came(case, goods))
    assert error.facts["number"] == "TH1"
    drawn(case)
    check_unchanged(case, MoveRefused, lambda: came(case, goods))
    other = decided(back(Goods("engine", "b1", 2)))
    signed(other, "TH2")
    check_unchanged(case, ReturnWithoutSlip, lambda: came(case, goods, number="TH2"))
    # In the state of a signed slip, but nobody's signature is on it.
    put_slip(case, state=SlipState.SIGNED)
    check_unchanged(case, Unsigned, lambda: came(case, goods))


@pytest.mark.rule(WAREHOUSE, FORMS)
def test_whoever_signed_the_slip_does_not_take_in_its_goods_and_a_keeper_may_come_twice() -> None:
    case, one = decided(back(Goods("engine", "b1", 3))), Goods("engine", "b1", 1)
    signed(case)
    for keeper in (KEEPER, KEEPER, anyone("wei")):
        check_unchanged(case, SignedTwice, lambda: came(case, one, by=DEPUTY))
        came(case, one, by=keeper)
        on(case).reconcile("TH1", "V1", by=FINANCE)
    paper = case.slips[0].document
    assert [s.role for s in paper.signatures] == ["deputy_for_sales", "warehouse", "warehouse.2", "warehouse.3"]
    assert [paper.stated(f"returned.{n}") for n in (1, 2, 3)] == [1, 2, 3]


# --- the slip ---------------------------------------------------------------------------------------------------------


@pytest.mark.rule(RETURN_SLIP)
def test_a_slip_is_for_goods_that_were_approved_to_come_back_and_is_one_at_a_time() -> None:
    check_unchanged(case := decided(NOTHING), RuleBroken, lambda: drawn(case))
    waiting = decided(back(Goods("engine", "b1", 2)))
    on(waiting).revise(NOTHING, RULES)
    check_unchanged(waiting, AnswerBeyondDecision, lambda: drawn(waiting))
    case = decided(back(Goods("engine", "b1", 2), Goods("pump", "", 1)))
    paper = drawn(case).document
    said = {"case": case.number, "basis": case.number, "product.2": "pump", "pieces.1": 2}
    assert {name: paper.fields[name] for name in said} == said
    check_unchanged(case, RuleBroken, lambda: drawn(case, "TH2"))
    on(case).cancel_slip("TH1", "they keep it")
    drawn(case, "TH2")
    assert [slip.state for slip in case.slips] == [SlipState.CANCELLED, SlipState.DRAWN_UP]
    declined = answered(decided(back(Goods("engine", "b1", 2))))
    on(declined).decline("no")
    check_unchanged(declined, AnswerBeyondDecision, lambda: drawn(declined))


@pytest.mark.rule(RETURN_SLIP)
@pytest.mark.parametrize("method", ["", "  ", "x" * 121, "a\0b"])
def test_a_slip_says_how_the_goods_come(method: str) -> None:
    case = decided(back(Goods("engine", "b1", 2)))
    check_unchanged(case, MalformedStep, lambda: on(case).draw_slip("TH1", method, RULES))


@pytest.mark.rule(RETURN_SLIP)
@pytest.mark.parametrize("pieces", [1, 2])
def test_f26_a_slip_is_called_off_until_it_is_booked(pieces: int) -> None:
    case = decided(back(Goods("engine", "b1", 2)))
    signed(case)
    came(case, Goods("engine", "b1", pieces))
    on(case).reconcile("TH1", "V1", by=FINANCE)
    if pieces == 2:
        check_unchanged(case, MoveRefused, lambda: on(case).cancel_slip("TH1", "no"))
    else:  # a piece is missing: what came goes back
        on(case).cancel_slip("TH1", "no")
        assert drawn(case, "TH2").approved == 2


names = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=4, max_size=6, unique=True).map(tuple)


@pytest.mark.rule(RETURN_SLIP, COPIES, WAREHOUSE)
@given(names, names)
def test_each_copy_goes_where_the_house_says(form: tuple[str, ...], slip: tuple[str, ...]) -> None:
    rules = attrs.evolve(RULES, copies=Copies(form, slip, ("sales", "finance")))
    case = decided(back(Goods("engine", "b1", 1)), rules=rules)
    assert holders(case.form.document) == list(form)
    # The first stays with its maker; the rest go to the warehouse, which keeps the second.
    assert holders(drawn(case, rules=rules).document) == ["ann", *[None] * (len(slip) - 1)]
    on(case).sign_slip("TH1", by=DEPUTY)
    assert holders(case.slips[0].document) == ["ann", *["warehouse"] * (len(slip) - 1)]
    came(case, Goods("engine", "b1", 1))
    assert holders(case.slips[0].document) == ["ann", "warehouse", *slip[2:]]
    given_by = [[(h.holder, h.by) for h in copy.held] for copy in case.slips[0].document.copies]
    assert given_by[2] == [("warehouse", "dora"), (slip[2], "wang")]


def holders(paper: Document) -> list[str | None]:
    return [copy.holder for copy in paper.copies]


# --- at a desk --------------------------------------------------------------------------------------------------------

ENGINES: Final = Goods("engine", "2026-01", 3)


def returning(counter: Counter, *, come: int) -> str:
    """A case of which so many of three engines came back, as finance found it; its slip's number."""
    counter.submitted(remedy(cny(900), returns=[ENGINES]), complaint_form(quantity=5))
    counter.go("approve", "draw_slip", "sign_slip", ("take_in", [attrs.evolve(ENGINES, quantity=come)]), "reconcile")
    return counter.case.slips[-1].number


@pytest.mark.rule(FINANCE_RULE, RETURN_SLIP, WAREHOUSE)
@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_a_difference_is_listed_until_it_is_resolved(backend: str, sqlite_url: str) -> None:
    counter = Counter.open(url=sqlite_url if backend == "sqlite" else "")
    does, finance = counter.desk.complaints, counter.who["finance"]
    returning(counter, come=3)
    assert does.discrepancies(by=finance).items == ()
    ids = []
    for _ in range(2):
        slip = returning(counter, come=2)
        ids.append((counter.id, slip))
    assert [case.id for case in does.discrepancies(by=finance).items] == [id for id, _ in ids]
    assert does.open_ends(counter.id, by=finance)[0] == f"slip {slip}"
    assert [message.facts["slip"] for message in counter.messages("discrepancy")] == [slip for _, slip in ids]

    # It is resolved to what came and with a reason.
    counter.expect(RuleBroken, *(("resolve", wrong, "lost") for wrong in (3, 1, 0, -2)))
    counter.expect(WrongArgument, *(("resolve", none, "lost") for none in (True, 2.0, "2")))
    counter.expect(DomainError, ("resolve", 2, "  "))
    counter.go(("resolve", 2, "one was lost"))
    assert [case.id for case in does.discrepancies(by=finance).items] == [ids[0][0]]
    assert counter.go(("reconcile", "V2")).state == "decided"
    booked = counter.case.slips[0]
    assert (booked.state, booked.voucher, booked.approved) == (SlipState.BOOKED, "V2", 2)

    # The other one is resolved by what was missing coming after all.
    counter.id = ids[0][0]
    counter.go(("take_in", [attrs.evolve(ENGINES, quantity=1)]))
    assert does.discrepancies(by=finance).items == ()
    asked = [m.facts["pieces"] for m in counter.messages("compare_return") if m.facts["complaint"] == counter.id]
    assert asked == [2, 3]
    counter.go("reconcile")
    assert counter.case.slips[0].state is SlipState.BOOKED
    counter.desk.close()


# --- what was approved is what the form's fourth copy says ------------------------------------------------------------

NAMED: Final = (Goods("engine", "b1", 3), Goods("pump", "b1", 2))


def delivered(*goods: Goods) -> Complaint:
    """Goods were taken in against a slip for three engines and two pumps."""
    case = decided(back(*NAMED))
    signed(case)
    came(case, *goods)
    return case


def on_slip(**entries: Any) -> Callable[[Complaint], None]:
    def change(case: Complaint) -> None:
        put_slip(case, document=entry(case.slips[0].document, **entries))

    return change


def on_form(**entries: Any) -> Callable[[Complaint], None]:
    return lambda case: case.put_form(document=entry(case.form.document, **entries))


def all_of(*changes: Callable[[Complaint], None]) -> Callable[[Complaint], None]:
    def change(case: Complaint) -> None:
        for each in changes:
            each(case)

    return change


def with_slip(**changes: Any) -> Callable[[Complaint], None]:
    return lambda case: put_slip(case, **changes)


FOUR: Final = (Goods("engine", "b1", 3), Goods("pump", "b1", 1))
#: Ways to make four returned pieces of five that were approved agree; each is seen.
CHANGES: Final[dict[str, Callable[[Complaint], None]]] = {
    "less approved": with_slip(approved=4),
    "less approved, and a reason": with_slip(approved=4, resolution="agreed"),
    "more returned": with_slip(returned=NAMED),
    "less named": with_slip(goods=FOUR),
    "less named and approved": with_slip(goods=FOUR, approved=4),
    "the slip's entry": on_slip(**{"pieces.2": 1}),
    "slip and entry": all_of(with_slip(goods=FOUR, approved=4), on_slip(**{"pieces.2": 1})),
    "returned and its entry": all_of(with_slip(returned=NAMED), on_slip(**{"returned.1": 5})),
    "a delivery that nobody signed": all_of(with_slip(returned=NAMED), on_slip(**{"returned.2": 5})),
    "a resolution that nobody signed": all_of(with_slip(approved=4, resolution="agreed"), on_slip(resolved=4)),
    "the form's entry": on_form(**{"approved_return.1": 4}),
    "form and slip": all_of(on_form(**{"approved_return.1": 4}), with_slip(approved=4)),
    "another submission's": lambda case: case.put_form(submissions=case.form.submissions * 2),
}


@pytest.mark.rule(FINANCE_RULE, COPIES, FORMS)
@pytest.mark.parametrize("name", CHANGES)
def test_what_was_approved_is_what_the_signed_form_says(name: str) -> None:
    case = delivered(*FOUR)
    before = attrs.evolve(case)
    CHANGES[name](case)
    assert case != before
    error = check_unchanged(case, RuleBroken, lambda: on(case).reconcile("TH1", "V1", by=FINANCE))
    assert isinstance(error, Tampered | Unsigned) or error.rule is FINANCE_RULE
    on(before).reconcile("TH1", "V1", by=FINANCE)
    assert before.slips[0].state is SlipState.DISPUTED


@pytest.mark.rule(FINANCE_RULE, COPIES)
def test_a_slip_that_is_sound_in_itself_but_for_fewer_goods_than_were_approved_is_not_booked() -> None:
    """Somebody put a whole slip in its place, signed and delivered: it agrees with itself, not with the form."""
    case, other = delivered(*FOUR), decided(back(*FOUR))
    signed(other)
    came(other, *FOUR)
    case.slips = other.slips
    error = check_unchanged(case, RuleBroken, lambda: on(case).reconcile("TH1", "V1", by=FINANCE))
    assert (error.rule, error.facts["given"]) == (FINANCE_RULE, 4)


@pytest.mark.rule(WAREHOUSE, FORMS)
@pytest.mark.parametrize("goods", [[Goods("engine", "b1", 9)], [*NAMED, Goods("wheel", "", 1)], NAMED[:1]])
def test_a_slip_that_names_other_goods_than_were_signed_lets_nothing_in(goods: Sequence[Goods]) -> None:
    case = decided(back(*NAMED))
    signed(case)
    put_slip(case, goods=tuple(goods), approved=sum(g.quantity for g in goods))
    error = check_unchanged(case, Tampered, lambda: came(case, Goods("engine", "b1", 1)))
    assert error.facts["number"] == "TH1"


@pytest.mark.rule(FINANCE_RULE)
def test_a_resolution_is_signed_by_who_resolves_and_outlives_the_erasing_of_its_reason() -> None:
    case = delivered(*FOUR)
    on(case).reconcile("TH1", "V1", by=FINANCE)
    on(case).resolve("TH1", 4, "one was lost", by=DEPUTY)
    paper = case.slips[0].document
    assert (paper.stated("resolved"), paper.signature("resolution").by) == (4, DEPUTY.id)
    on(case).erase(by=ANN.id)
    on(case).reconcile("TH1", "V1", by=FINANCE, at=T0 + STEP)
    assert case.slips[0].state is SlipState.BOOKED
