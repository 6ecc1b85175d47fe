"""Who decides a complaint: by what all its forms come to, by what is held then, never the requester (CMP-11)."""

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import (
    ANN,
    RULES,
    T0,
    Counter,
    accept,
    anyone,
    check_unchanged,
    cny,
    fen,
    holding,
    judge,
    received,
    remedy,
    submitted,
)
from complaints.hand import explained, on
from csdomain import DomainError
from csdomain.casework.authorities import Standing
from csdomain.complaints.case import Complaint
from csdomain.complaints.commands import deciding
from csdomain.complaints.commands.deciding import AnswerBeyondDecision
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import GRAVE, NO_PROMISE, WITHIN_LIMIT
from csdomain.complaints.values import Channel, ComplaintRules, Goods, MalformedStep, Remedy, WithoutAmount
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import (
    ApprovalLadder,
    ApprovalVoid,
    Band,
    BeyondAuthority,
    Delegation,
    Delegations,
    Outcome,
    OwnRequest,
    SignatureMissing,
)
from csdomain.kernel.papers.documents import Tampered
from csdomain.kernel.rules import APPROVALS, FORMS
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.money import Money
from csdomain.testing import complaint_form

pytestmark = pytest.mark.rule(WITHIN_LIMIT, APPROVALS)

HOUR: Final = timedelta(hours=1)
CLERK: Final = "clerk"  # decides where there is no amount, and is not on the ladder
LARGE: Final = 10**7

tops = st.lists(st.integers(2, LARGE), max_size=4, unique=True).map(sorted)
amounts = st.integers(0, LARGE)
forms = st.lists(st.tuples(st.none() | amounts, amounts), min_size=1, max_size=3)


def house(limits: Sequence[int], *, grave: str = "a0", ordinary: str = CLERK) -> ComplaintRules:
    """A house with authorities a0, a1 … that decide up to these limits in fen, the last without end."""
    floors, ceilings = [None, *map(fen, limits)], [*map(fen, limits), None]
    bands = [Band(f"a{n}", low, top) for n, (low, top) in enumerate(zip(floors, ceilings, strict=True))]
    return attrs.evolve(RULES, ladder=ApprovalLadder(tuple(bands)), without_amount=WithoutAmount(grave, ordinary))


def deciders(limits: Sequence[int], drawn: Sequence[tuple[int | None, int]]) -> set[str]:
    """Oracle: who decides, written from the rule. A lower limit that covers the sum of all forms is enough."""
    came_to = 0
    for claimed, granted in drawn:
        came_to += granted if claimed is None or granted > claimed else claimed
    found = {f"a{len(limits)}"}
    for place, limit in enumerate(limits):
        if came_to <= limit:
            found.add(f"a{place}")
    if came_to == 0:
        found.add(CLERK)
    return found


def case_of(drawn: Sequence[tuple[int | None, int]], rules: ComplaintRules) -> Complaint:
    return submitted([(None if c is None else fen(c), fen(g)) for c, g in drawn], rules)


def approve(case: Complaint, rules: ComplaintRules, authority: str) -> tuple[Any, ...]:
    standing = holding(bob=authority)
    return on(case).decide(Outcome.APPROVED, rules, standing, by=anyone("bob"), at=T0)


# --- who may ----------------------------------------------------------------------------------------------------------


@given(tops, forms)
def test_who_may_approve_is_exactly_who_the_ladder_names_for_all_forms_together(
    limits: list[int], drawn: list[tuple[int | None, int]]
) -> None:
    rules = house(limits)
    waiting = case_of(drawn, rules)
    may = deciders(limits, drawn)
    for authority in (CLERK, *(f"a{n}" for n in range(len(limits) + 1)), "sales_manager"):
        case = attrs.evolve(waiting)
        said = explained(case, rules, holding(bob=authority), by=anyone("bob"), at=T0)
        if authority in may:
            approve(case, rules, authority)
            approval = case.form.submissions[-1].approval
            assert approval is not None
            assert (approval.authority, approval.by) == (authority, "bob")
            assert approval.amount == waiting.total
            assert case.state is State.DECIDED
            assert said.may is Outcome.APPROVED
        else:
            error = check_unchanged(case, BeyondAuthority, lambda: approve(case, rules, authority))  # noqa: B023 - run at once
            assert error.facts["amount"] == waiting.total
            assert said.may is not Outcome.APPROVED
        lowest = CLERK if CLERK in may else min(may)
        assert said.decided_by == lowest


@pytest.mark.rule(GRAVE)
@given(tops.filter(bool), st.data())
def test_without_an_amount_a_grave_one_and_an_ordinary_one_have_an_authority_each(
    limits: list[int], data: st.DataObject
) -> None:
    places = range(len(limits) + 1)
    ordinary, grave = (
        data.draw(st.sampled_from([CLERK, *(f"a{n}" for n in places)])),
        data.draw(st.sampled_from(places)),
    )
    rules = house(limits, grave=f"a{grave}", ordinary=ordinary)
    for marked in (False, True):
        waiting = case_of([(None, 0)], rules)
        if marked:  # after it was put before the authority: what counts is what it is when it is decided
            on(waiting).mark(harm=False, by=ANN, at=T0)
        least = grave if marked else -1 if ordinary == CLERK else int(ordinary[1:])
        for authority, place in [(CLERK, -1), *((f"a{n}", n) for n in places)]:
            case = attrs.evolve(waiting)
            if place >= least and not (authority == CLERK != ordinary):
                approve(case, rules, authority)
                assert case.state is State.DECIDED
            else:
                check_unchanged(case, BeyondAuthority, lambda: approve(case, rules, authority))  # noqa: B023 - run at once


@pytest.mark.rule(GRAVE)
def test_without_an_amount_somebody_decides_also_where_the_first_limit_is_the_least_amount_there_is() -> None:
    rules = house([1, 1000])
    for authority in (CLERK, "a1", "a2"):
        case = case_of([(None, 0)], rules)
        assert explained(case, rules, holding(), by=anyone("bob"), at=T0).decided_by == CLERK
        approve(case, rules, authority)
        assert case.state is State.DECIDED
    case = case_of([(None, 1)], rules)
    check_unchanged(case, BeyondAuthority, lambda: approve(case, rules, CLERK))
    approve(case, rules, "a0")


def test_a_remedy_that_nobody_may_decide_is_not_even_submitted() -> None:
    ladder = ApprovalLadder((Band("a0", None, cny(10)), Band("a1", cny(10), cny(20))))
    rules = attrs.evolve(RULES, ladder=ladder, without_amount=WithoutAmount("a0", "a0"))
    case = received(None, rules)
    accept(case, rules)
    judge(case, rules)
    check_unchanged(case, BeyondAuthority, lambda: on(case).submit(remedy(cny("20.01")), rules, by=ANN, at=T0))
    on(case).submit(remedy(cny(20)), rules, by=ANN, at=T0)
    assert case.state is State.AWAITING_DECISION


# --- never one's own request, not through a delegate either -----------------------------------------------------------


# --- at a desk, with the staff records of a test ----------------------------------------------------------------------


@attrs.define
class Records:
    """Staff records that a test changes as it goes: the port through which the case asks who holds what (PPL-01)."""

    held: dict[str, str]
    rows: tuple[Delegation, ...] = ()

    def standing(self, unit: Unit, by: Actor, authorities: Any, at: Any, /, *, lock: bool = False) -> Standing:
        wanted = set(authorities)
        held = {ActorId(p): frozenset({position}) & wanted for p, position in self.held.items()}
        return Standing(held, Delegations(self.rows))

    def works(self, unit: Unit, who: ActorId, branch: str, at: Any, /) -> bool:
        return True

    def stands_in(self, deputy: str, principal: str, authority: str, counter: Counter, hours: int = 1) -> None:
        now = counter.clock.now()
        row = Delegation(ActorId(principal), ActorId(deputy), authority, now, now + hours * HOUR)
        self.rows = (*self.rows, row)


DEPUTY: Final = "deputy_general_manager"


def recorded(granted: Money, by: str = "agent") -> tuple[Counter, Records]:
    """A case that awaits a decision, asked for by ``by``, in a house that keeps staff records."""
    records = Records({"chief": DEPUTY, "boss": "general_manager"})
    counter = Counter.open(authorities=records)
    counter.accepted()
    counter.judged()
    counter.do("submit", remedy(granted), by=person(counter, by, "service_agent"))
    return counter, records


def person(counter: Counter, id: str, *positions: str) -> Actor:
    return counter.desk.actor(id, branch="hq", positions=positions)


def test_who_stands_in_decides_until_the_delegation_ends() -> None:
    counter, records = recorded(cny(3000))
    may_decide = person(counter, "helper", "sales_manager")  # the permission; the authority is somebody else's
    counter.expect_refused(BeyondAuthority, "approve", by=may_decide)
    records.stands_in("helper", "chief", DEPUTY, counter)
    counter.clock.advance(HOUR)
    counter.expect_refused(BeyondAuthority, "approve", by=may_decide)
    records.stands_in("helper", "chief", DEPUTY, counter)
    counter.do("approve", by=may_decide)
    approval = counter.case.form.submissions[-1].approval
    assert approval is not None
    assert (approval.by, approval.acting_for, approval.authority) == ("helper", "chief", DEPUTY)
    assert counter.case.form.document.signatures[-1].by == "helper"


def test_a_chain_of_delegations_that_passes_the_requester_decides_nothing() -> None:
    counter, records = recorded(cny(3000), by="agent")
    records.stands_in("agent", "chief", DEPUTY, counter)
    own = person(counter, "agent", "service_agent", "sales_manager")
    counter.expect_refused(OwnRequest, "approve", by=own)
    counter.expect_refused(OwnRequest, "recommend", "I should have it", by=own)
    records.stands_in("helper", "agent", DEPUTY, counter)
    records.stands_in("friend", "helper", DEPUTY, counter)
    for deputy in ("helper", "friend"):
        counter.expect_refused(OwnRequest, "approve", by=person(counter, deputy, "sales_manager"))
    records.stands_in("friend", "chief", DEPUTY, counter)  # a way of its own, past the requester
    counter.do("approve", by=person(counter, "friend", "sales_manager"))
    assert counter.case.state is State.DECIDED


def test_who_holds_the_authority_does_not_decide_what_they_asked_for_themselves() -> None:
    counter, _ = recorded(cny(3000), by="chief")
    for use_case, words in (("approve", ()), ("reject", ("no",)), ("return_back", ("no",)), ("recommend", ("yes",))):
        counter.expect_refused(OwnRequest, use_case, *words, by=person(counter, "chief", DEPUTY))
    counter.do("approve", by=person(counter, "boss", "general_manager"))


def test_a_role_revoked_between_reading_and_deciding_counts_as_revoked() -> None:
    counter, records = recorded(cny(3000))
    chief = person(counter, "chief", DEPUTY)
    seen = counter.desk.complaints.get(counter.id, by=chief)
    explained = counter.does.approval(counter.id, by=chief, at=counter.clock.now())
    assert explained.may is Outcome.APPROVED
    del records.held["chief"]  # the records know better than what the caller still believes to hold
    counter.expect_refused(BeyondAuthority, "approve", by=chief, expected_version=seen.version)
    # Without staff records it is what the host gives at the moment of acting that counts.
    counter.authorities = None
    counter.expect_refused(NotPermitted, "approve", by=person(counter, "chief"))
    counter.expect_refused(BeyondAuthority, "approve", by=person(counter, "chief", "sales_manager"))
    counter.do("approve", by=chief)


# --- signatures -------------------------------------------------------------------------------------------------------


@given(st.permutations(["sales", "customer_service", "rnd", "ruling", "safety", "legal"]), st.booleans())
def test_nobody_approves_before_every_signature_that_the_house_asks_for(roles: list[str], quality: bool) -> None:
    """R&D's is asked for only where it is a quality fault."""
    for count in range(len(roles) + 1):
        rules = attrs.evolve(RULES, signatures=tuple(roles[:count]))
        case = submitted([(None, cny(10))], rules, quality=quality)
        there = {"sales", "customer_service", "ruling"} | ({"rnd"} if quality else set())
        missing = [role for role in roles[:count] if role not in there and (quality or role != "rnd")]

        def act() -> object:
            return approve(case, rules, "sales_manager")  # noqa: B023 - run at once

        if missing:
            assert check_unchanged(case, SignatureMissing, act).facts["missing"] == ", ".join(missing)
            # To reject or to return it, nobody's signature is needed.
            standing = holding(bob="sales_manager")
            on(case).decide(Outcome.RETURNED, rules, standing, by=anyone("bob"), at=T0, reason="sign first")
            assert case.state is State.JUDGED
        else:
            act()
            assert case.state is State.DECIDED


@given(st.integers(0, 4))
def test_a_form_from_which_signatures_were_taken_is_not_decided(kept: int) -> None:
    case = submitted([(None, cny(10))], quality=True)
    paper = case.form.document
    assert [s.role for s in paper.signatures] == ["sales", "customer_service", "rnd", "ruling", "proposal.1"]
    case.put_form(document=attrs.evolve(paper, signatures=paper.signatures[:kept]))
    check_unchanged(case, Tampered, lambda: approve(case, RULES, "general_manager"))
    one_out = [s for n, s in enumerate(paper.signatures) if n != kept]
    case.put_form(document=attrs.evolve(paper, signatures=tuple(one_out)))
    check_unchanged(case, Tampered, lambda: approve(case, RULES, "general_manager"))


def test_a_form_that_turns_into_one_of_a_quality_fault_is_not_what_was_signed() -> None:
    case = submitted([(None, cny(10))])
    case.put_form(quality=True)
    check_unchanged(case, Tampered, lambda: approve(case, RULES, "general_manager"))


# --- recommended, rejected, returned ----------------------------------------------------------------------------------


def test_below_the_authority_one_recommends_and_nothing_is_decided_by_it() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(3000)))
    (told,) = counter.messages("to_decide")
    assert (told.to, told.facts["total"]) == (DEPUTY, "3000.00 CNY")
    for use_case, words in (("approve", ()), ("reject", ("too much",)), ("return_back", ("too much",))):
        error = counter.expect_refused(BeyondAuthority, use_case, *words, by="sales_manager")
        assert error.facts["limit"] == cny(1000)
        assert error.accepted is not None
        assert DEPUTY in error.accepted.en
    counter.expect_refused(MalformedStep, "recommend", "", by="sales_manager")
    counter.do("recommend", "I would grant it", by="sales_manager")
    case = counter.case
    assert case.state is State.AWAITING_DECISION
    assert case.form.approved is None
    assert [opinion.text for opinion in case.form.submissions[-1].recommendations] == ["I would grant it"]
    counter.expect_refused(MoveRefused, "answer", Channel.PHONE, "you get it", by="sales")
    counter.do("approve", by=DEPUTY)
    assert counter.timers["CMP-05.decision.1.1"] is TimerState.MET


@pytest.mark.parametrize("use_case", ["reject", "return_back"])
def test_what_is_rejected_or_returned_has_a_reason_and_comes_back_as_another_remedy(use_case: str) -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(3000)))
    counter.expect_refused(RuleBroken, use_case, " ", by=DEPUTY)
    assert counter.do(use_case, "half of it", by=DEPUTY).state == "judged"
    case = counter.case
    assert case.form.approved is None
    assert case.total == cny(0)
    counter.expect_refused(MoveRefused, "approve", by=DEPUTY)
    counter.do("submit", remedy(cny(900)), by="service_agent")
    counter.do("approve", by="sales_manager")
    timers = counter.timers
    assert [timers[f"CMP-05.decision.1.{n}"] for n in (1, 2)] == [TimerState.MET, TimerState.MET]
    assert counter.do("answer", Channel.PHONE, "You get nine hundred.", by="sales").state == "answered"
    said = counter.case.form.answer
    assert said is not None
    assert said.granted == cny(900)


# --- changed after the approval ---------------------------------------------------------------------------------------


@pytest.mark.rule(NO_PROMISE)
def test_another_remedy_voids_the_approval_and_is_decided_by_whoever_its_own_amount_belongs_to() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(900)))
    counter.do("approve", by="sales_manager")
    counter.do("revise", remedy(cny("1000.01")), by="service_agent")
    case = counter.case
    assert case.state is State.AWAITING_DECISION
    assert [(bool(there.approval), there.approved) for there in case.form.submissions] == [
        (True, False),
        (False, False),
    ]
    with pytest.raises(AnswerBeyondDecision):
        deciding.decided_remedy(case, RULES)
    counter.expect_refused(MoveRefused, "answer", Channel.PHONE, "You get it.", by="sales")
    counter.expect_refused(AnswerBeyondDecision, "draw_slip", "truck", by="sales")
    counter.expect_refused(BeyondAuthority, "approve", by="sales_manager")
    counter.do("approve", by=DEPUTY)
    counter.do("answer", Channel.PHONE, "You get a thousand and one fen.", by="sales")
    said = counter.case.form.answer
    assert said is not None
    assert said.granted == cny("1000.01")


def test_a_remedy_that_paper_was_drawn_up_for_is_not_revised() -> None:
    counter = Counter.open()
    counter.submitted(remedy(cny(900), compensation=cny(100), returns=[Goods("engine", "2026-01", 1)]))
    counter.do("approve", by="sales_manager")
    counter.do("draw_slip", "truck", by="sales")
    counter.expect_refused(RuleBroken, "revise", remedy(cny(5)), by="service_agent")


GRANTED: Final = remedy(cny(900), compensation=cny(300), returns=[Goods("engine", "2026-01", 2)])
#: Ways to change the stored body of a case of which two forms were approved for 900 of 800 claimed; the present form
#: is the last. What is refused, each by what it is: more than was approved, or not what was signed.
CHANGES: Final[dict[str, tuple[Callable[[dict[str, Any]], None], tuple[type[DomainError], ...]]]] = {
    "more granted": (lambda c: last(c)["remedy"].update(granted=money(90_001)), (ApprovalVoid,)),
    "less granted": (lambda c: last(c)["remedy"].update(granted=money(80_000)), (AnswerBeyondDecision,)),
    "more paid": (lambda c: last(c)["remedy"].update(compensation=money(90_000)), (AnswerBeyondDecision,)),
    "more to come back": (
        lambda c: last(c)["remedy"]["returns"][0].update(quantity=3),
        (AnswerBeyondDecision,),
    ),
    "more claimed": (lambda c: c["forms"][-1]["content"].update(claimed=money(90_001)), (ApprovalVoid,)),
    "less claimed": (lambda c: c["forms"][-1]["content"].update(claimed=money(1)), (Tampered,)),
    "more claimed on the former form": (
        lambda c: c["forms"][0]["content"].update(claimed=money(90_001)),
        (ApprovalVoid,),
    ),
    "less claimed on the former form": (lambda c: c["forms"][0]["content"].update(claimed=money(1)), (Tampered,)),
    "less granted on the former form": (
        lambda c: c["forms"][0]["submissions"][-1]["remedy"].update(granted=money(40_000)),
        (Tampered,),
    ),
    "the former approval gone": (lambda c: c["forms"][0]["submissions"][-1].update(approval=None), (Tampered,)),
    "the former remedy gone": (lambda c: c["forms"][0].update(submissions=[]), (Tampered,)),
    "the approval gone": (lambda c: last(c).update(approval=None), (AnswerBeyondDecision,)),
    "a smaller approval": (lambda c: last(c)["approval"].update(amount=money(1)), (ApprovalVoid,)),
    "a recommendation made an approval": (
        lambda c: last(c)["approval"].update(outcome="recommended"),
        (AnswerBeyondDecision,),
    ),
    "the form's own entry": (lambda c: c["forms"][-1]["document"]["fields"].update({"approved.1": "1"}), (Tampered,)),
    "remedy, approval and entry together": (
        lambda c: (
            last(c)["remedy"].update(granted=money(90_001)),
            last(c)["approval"].update(amount=money(10**6)),
            c["forms"][-1]["document"]["fields"].update({"approved.1": "900.01 CNY", "proposed.1": "900.01 CNY"}),
        )[0],
        (Tampered,),
    ),
    "a signature of somebody else": (
        lambda c: c["forms"][-1]["document"]["signatures"][-1].update(by="nobody"),
        (Tampered,),
    ),
}


def money(minor: int) -> dict[str, Any]:
    return {"minor": minor, "currency": "CNY"}


def last(body: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = body["forms"][-1]["submissions"][-1]
    return found


def twice_decided(url: str = "") -> Counter:
    counter = Counter.open(url=url)
    form = complaint_form(claimed=cny(800), quantity=5)
    counter.submitted(GRANTED, form)
    counter.do("approve", by="sales_manager")
    counter.do("answer", Channel.PHONE, "This we do for you.", by="sales")
    counter.do("decline", "not enough", by="sales")
    counter.do("renew", form, by="service_agent")
    counter.judged()
    counter.do("submit", GRANTED, by="service_agent")
    counter.do("approve", by=DEPUTY)
    return counter


def change_body(path: Path, id: str, change: Callable[[dict[str, Any]], None]) -> None:
    """What somebody with the database's password does."""
    with closing(sqlite3.connect(path)) as database:
        (text,) = database.execute("select body from csd_complaint where id = ?", (id,)).fetchone()
        body = orjson.loads(text)
        change(body)
        assert orjson.loads(text) != body
        database.execute("update csd_complaint set body = ? where id = ?", (orjson.dumps(body), id))
        database.commit()


@pytest.mark.rule(NO_PROMISE, FORMS)
def test_what_was_changed_in_the_database_after_the_approval_is_not_told(sqlite_url: str) -> None:
    counter = twice_decided(sqlite_url)
    path = Path(sqlite_url.partition("///")[2])
    with closing(sqlite3.connect(path)) as database:
        (sound,) = database.execute("select body from csd_complaint").fetchone()
    for name, (change, errors) in CHANGES.items():
        change_body(path, counter.id, change)
        error = counter.expect_refused(DomainError, "answer", Channel.PHONE, "This we do for you.", by="sales")
        assert type(error) in errors, f"{name}: {error}"
        with closing(sqlite3.connect(path)) as database:
            database.execute("update csd_complaint set body = ?", (sound,))
            database.commit()
    assert counter.do("answer", Channel.PHONE, "This we do for you.", by="sales").state == "answered"
    counter.desk.close()


@st.composite
def grants(draw: st.DrawFn) -> Remedy:
    granted = draw(st.integers(0, 400_000))
    paid = draw(st.none() | st.integers(1, granted).map(fen)) if granted else None
    pieces = draw(st.integers(0, 3))
    return remedy(fen(granted), compensation=paid, returns=[Goods("engine", "1", pieces)] if pieces else [])


@pytest.mark.rule(NO_PROMISE)
@given(grants(), grants(), st.booleans())
def test_only_the_very_remedy_that_was_approved_is_told(approved: Remedy, other: Remedy, before: bool) -> None:
    """Changed in memory, before the approval or after it: figures that stand on no signed form go nowhere."""
    case = received(cny(100))
    accept(case)
    judge(case)
    on(case).submit(approved, RULES, by=ANN, at=T0)

    def put() -> None:
        case.put_submission(remedy=other)

    def decide() -> object:
        return approve(case, RULES, "general_manager")

    same = (approved.granted, approved.compensation, approved.pieces) == (
        other.granted,
        other.compensation,
        other.pieces,
    )
    if before:
        put()
        if not same:
            check_unchanged(case, Tampered, decide)
            return
    decide()
    put()
    if same:
        on(case).answer(Channel.LETTER, "so it is", by=ANN, at=T0)
        assert case.form.answer is not None
        assert (case.form.answer.granted, case.form.answer.pieces) == (approved.granted, approved.pieces)
    else:
        check_unchanged(case, RuleBroken, lambda: on(case).answer(Channel.LETTER, "so it is", by=ANN, at=T0))
