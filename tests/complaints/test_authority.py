"""Authority: what `moves` and `approval` say before anybody tries is what happens (KRN-07, KRN-08, KRN-13, PPL-05)."""

import contextlib
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL, Desks
from complaints.desks import LEVELS_BOOK, Counter
from complaints.hand import T0
from complaints.model import JUDGED, cny, remedy
from csdomain import Desk, DomainError
from csdomain.casework.authorities import NotTheSigner
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, Move, State
from csdomain.complaints.rules import GRAVE, LEVELS, NO_PROMISE, WITHIN_LIMIT
from csdomain.complaints.service import COMPLAINT_CASES
from csdomain.complaints.values import Channel, Finding, ProposedPenalty, Remedy
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.papers.approvals import ApprovalVoid, BeyondAuthority, Outcome, OwnRequest, SignatureMissing
from csdomain.kernel.rules import APPROVALS, FORMS, MOVES, ONE_WRITER, PERMITTED
from csdomain.kernel.rules.errors import MoveRefused, NotPermitted, RuleBroken
from csdomain.kernel.values.actors import Actor
from csdomain.rulebook import loads
from csdomain.staff.rules import EMPLOYMENT, MATRIX
from csdomain.staff.values import Post
from csdomain.testing import HANDLING, complaint_form, engaged, memory_desk, personnel, staff
from csdomain.testing.concurrency import WAIT, beside

pytestmark = pytest.mark.rule(APPROVALS, PERMITTED, MATRIX)
HOUR: Final = timedelta(hours=1)
LATER: Final = T0 + timedelta(days=1)
DEPUTY, AGENT = "deputy_general_manager", "service_agent"
#: Decides only in the branch, so that it matters whose reach a delegation carries.
IN_THE_BRANCH: Final = """
name = "branches"
extends = "after_sales"
[permissions.roles.deciding]
"staff.delegate" = "own"
"complaints.read" = "branch"
"complaints.recommend" = "branch"
"complaints.decide" = "branch"
"""


def house(text: str) -> Any:
    return loads(text, sections(), shipped)


def setting(lines: str) -> Any:
    return house(f'name = "other"\nextends = "after_sales"\n{lines}')


# --- said before, and tried -------------------------------------------------------------------------------------------

#: Each move that somebody makes, with arguments that are fine wherever it is.
TRIED: Final[Mapping[Move, tuple[Any, ...]]] = {
    **dict.fromkeys((Move.INVESTIGATE, Move.CONCLUDE, Move.SATISFY, Move.APPROVE, Move.MARK), ()),
    **dict.fromkeys((Move.CHECK, Move.REPORT, Move.RULE, Move.DISMISS, Move.RECOMMEND, Move.RETURN), ("so it is",)),
    **dict.fromkeys((Move.DECLINE, Move.OBJECT, Move.SUSTAIN, Move.REOPEN, Move.ESCALATE, Move.CLOSE), ("so it is",)),
    **dict.fromkeys((Move.SUBMIT, Move.REVISE, Move.PROPOSE), (remedy(cny(0)),)),
    **dict.fromkeys((Move.ACCEPT, Move.HANDLE), (HANDLING,)),
    Move.ASSIGN: ("cai",),
    Move.PROMISE: (LATER,),
    Move.REMARK: ("the lift is slow", "building"),
    Move.INVOLVE: (["production"], LATER),
    Move.CONTRIBUTE: ("production", "it was worn"),
    Move.INSPECT: (Finding(True, "cracked"),),
    Move.JUDGE: (JUDGED,),
    Move.ANSWER: (Channel.LETTER, "so it is"),
    Move.RENEW: (complaint_form(),),
    Move.WITHDRAW: ("no matter",),
    Move.REVIEW: ("sales",),
}
#: What is refused for who does it and where the case is: said before, always. A rule on what is given is not.
SAID: Final = (NotPermitted, MoveRefused, OwnRequest, BeyondAuthority, SignatureMissing, ApprovalVoid)
#: Moves of which everything is said before but what is given.
DECIDES: Final = {Move.APPROVE, Move.RETURN, Move.RECOMMEND, Move.RULE, Move.MARK, Move.SATISFY}
STEPS: Final = {
    "departments": ("check", "accept", "investigate", "conclude", "report", "rule", "judge", "submit", "approve"),
    "levels": ("handle", "propose", "satisfy"),
}
PEOPLE: Final = ("ann", "bob", "cai")
positions: Final = {
    "departments": (AGENT, "service_manager", "sales_manager", DEPUTY, "general_manager"),
    "levels": ("receiver", "supervisor", "director", "hq"),
}


class Undone(Exception):
    """Ends a unit so that nothing of it is kept."""


def tried(desk: Desk, id: str, move: Move, by: Actor, at: Any, *given_: Any) -> DomainError | None:
    """What refuses a move, which is then undone; None where it succeeds."""

    def work(services: Any) -> None:
        getattr(services.complaints, move.value)(id, *(given_ or TRIED[move]), by=by, at=at)
        raise Undone

    try:
        desk.together(work)
    except DomainError as error:
        return error
    except Undone:
        return None
    raise AssertionError("it was not undone")


@pytest.mark.rule(MOVES, WITHIN_LIMIT, LEVELS, EMPLOYMENT)
@pytest.mark.parametrize("path", STEPS)
@given(st.data())
def test_what_moves_and_approval_allow_succeeds_and_what_they_refuse_is_refused_by_the_same_rule(
    path: str, data: st.DataObject
) -> None:
    """Anybody, with what host and record say of them and whoever they stand in for, at any stage of a case."""

    def one_of(*of: Any) -> Any:
        return data.draw(st.sampled_from(of))

    held = st.sets(st.sampled_from(positions[path]))
    with memory_desk(house(LEVELS_BOOK if path == "levels" else IN_THE_BRANCH)) as desk:
        branch = {who: one_of("hq", "hq", "south") for who in PEOPLE}
        actor = {w: desk.actor(w, branch=branch[w], positions=(AGENT, *data.draw(held))) for w in PEOPLE}
        for who in PEOPLE:
            if data.draw(st.booleans()):
                post = Post((AGENT, *data.draw(held)), "office", branch[who])
                engaged(desk, who, post=post, until=one_of(None, T0 + HOUR, T0 + 3 * HOUR))
        for authority in positions[path][1:]:
            principal, deputy = data.draw(st.permutations(PEOPLE))[:2]
            with contextlib.suppress(DomainError):
                by = desk.actor("hr-1", branch="hq", positions=("hr",))
                until, limit = T0 + one_of(1, 9) * HOUR, one_of(None, cny(100))
                given = desk.staff.delegate(
                    authority, deputy, principal=principal, until=until, limit=limit, by=by, at=T0
                ).id
                desk.staff.deputies.confirm(given, by=personnel(desk, "hr-2"), at=T0)
        counter = Counter(desk, desk.clock, {**staff(desk), **actor})  # type: ignore[arg-type]
        claimed = cny(one_of(0, 50, 800, 3000, 9000))
        counter.receive(complaint_form(customer=one_of("ann", "customer-1"), claimed=claimed), by="service_agent")
        for step in STEPS[path][: data.draw(st.integers(0, len(STEPS[path])))]:
            does = {"check": "sales", "rule": DEPUTY, "approve": "general_manager"}.get(step, one_of("ann", AGENT))
            by_level = one_of("receiver", "director", "hq") if path == "levels" else does
            given_ = (remedy(cny(one_of(0, 40, 900))),) if step in ("submit", "propose") else TRIED[Move(step)]
            with contextlib.suppress(DomainError):
                counter.do(step, *given_, by=by_level)
            if one_of(True, False, False, False):
                counter.do("mark", by=DEPUTY if path == "departments" else "director")
        at = counter.clock.advance(HOUR)
        for by in actor.values():
            try:
                said = desk.complaints.moves(counter.id, by=by, at=at)
            except NotPermitted:
                continue
            assert {one.move for one in said} >= set(TRIED)
            for one in said:
                if one.move not in TRIED:
                    continue
                error = tried(desk, counter.id, one.move, by, at)
                if one.move is Move.PROPOSE and error is not None:  # who decides no amount may decide the least
                    error = tried(desk, counter.id, one.move, by, at, remedy(cny("0.01"))) and error
                if one.allowed:
                    assert not isinstance(error, SAID), (one, error)
                    assert error is None or one.move not in DECIDES, (one, error)
                else:
                    assert isinstance(error, RuleBroken), one
                    assert (error.rule, one.refused_by) == (one.refused_by, error.rule), (one, error)
            if counter.case.form.submission is not None:
                may = {one.move for one in said if one.allowed}
                recommends = Outcome.RECOMMENDED if Move.RECOMMEND in may else None
                expected = Outcome.APPROVED if Move.APPROVE in may else recommends
                assert desk.complaints.approval(counter.id, by=by, at=at).may is expected


#: Who may make which moves in a house that goes by departments. Dots stand before the moves of a part.
WHO_MAY: Final = """
sales sales_manager service_agent service_manager: receive answer decline object promise remark withdraw remark.note
sales sales_manager service_agent service_manager: note wait_for_customer resume
sales sales_manager: check return_slip.draw_up return_slip.cancel
sales sales_manager: discount_certificate.draw_up discount_certificate.countersign discount_certificate.void
service_agent service_manager: accept investigate involve conclude report judge correct_judgement submit revise renew
service_agent service_manager: close void follow_up settle penalty.propose improvement.track
rnd sales sales_manager service_agent service_manager: contribute remark.answer
rnd service_agent service_manager: improvement.carry_out improvement.verify improvement.fail
rnd: inspect
deputy_general_manager general_manager: rule return_report sustain reopen
deputy_general_manager general_manager: penalty.approve penalty.drop improvement.drop
deputy_general_manager general_manager sales_manager service_manager: dismiss recommend approve return_back
deputy_general_manager general_manager service_agent service_manager: reclassify mark prioritise
deputy_general_manager general_manager service_manager: assign clear
gm_office: review
deputy_for_sales: return_slip.sign return_slip.resolve discount_certificate.sign
warehouse_keeper: return_slip.take_in
finance: return_slip.book return_slip.dispute discount_certificate.book
general_manager: penalty.notice
hr: penalty.carry_out penalty.publish
"""


def test_who_may_make_which_move_is_what_the_house_says() -> None:
    """That a move is refused to everybody else, by that permission, the contract shows."""
    permissions, found = memory_desk().house.permissions, {}
    for table in (COMPLAINT_MOVES, *(parts.table for parts in COMPLAINT_CASES.parts)):
        for move, action in table.actions.items():
            name = move.value if table is COMPLAINT_MOVES else f"{table.name}.{move.value}"
            found[name] = " ".join(sorted(permissions.holders(action)))
    lines = (line.partition(": ") for line in WHO_MAY.strip().splitlines())
    by_level = dict.fromkeys(("handle", "escalate", "propose", "satisfy", "handle_again"), "")
    assert found == by_level | {move: who for who, _, moves in lines for move in moves.split()}


# --- who stands in ----------------------------------------------------------------------------------------------------


def submitted(desk: Desk, what: Remedy = remedy(cny(3000)), **form: Any) -> Counter:  # noqa: B008 - frozen
    counter = Counter(desk, desk.clock, staff(desk))  # type: ignore[arg-type]
    counter.submitted(what, complaint_form(**form))
    return counter


def principal(desk: Desk, position: str = DEPUTY, branch: str = "hq") -> Actor:
    post = Post([position], "office", branch)
    engaged(desk, "boss", post=post)
    return desk.actor("boss", branch=branch, positions=(position,))


@pytest.mark.parametrize(("home", "reached"), [("hq", True), ("south", False)])
def test_f13_a_delegation_carries_what_deciding_needs_as_far_as_the_principal_reaches(home: str, reached: bool) -> None:
    desk = memory_desk(house(IN_THE_BRANCH))
    counter, boss = submitted(desk), principal(desk, branch=home)
    deputy = desk.actor("temp", branch="elsewhere", positions=(AGENT,))
    now = counter.clock.now()
    desk.staff.delegate(DEPUTY, "temp", by=boss, until=now + 9 * HOUR, at=now)
    if not reached:
        counter.expect_refused(NotPermitted, "approve", by=deputy)
        with pytest.raises(NotPermitted):
            desk.complaints.get(counter.id, by=deputy, at=now)
        # The permission of one post is no reach of another's authority: neither the principal's nor one's own.
        for id, branch, other in (("here", "hq", DEPUTY), ("there", "south", "sales_manager")):
            home_ = "hq" if id == "there" else "south"
            engaged(desk, f"of-{id}", post=Post([other], "office", home_))
            given_by = desk.actor(f"of-{id}", branch=home_, positions=(other,))
            desk.staff.delegate(other, id, by=given_by, until=now + 9 * HOUR, at=counter.clock.now())
            own = "sales_manager" if other == DEPUTY else DEPUTY
            who = desk.actor(id, branch=branch, positions=(own,))
            counter.expect_refused(BeyondAuthority, "approve", by=who)
        return
    assert desk.complaints.get(counter.id, by=deputy, at=now).number == counter.case.number
    with pytest.raises(NotPermitted):  # without the instant it is what they hold in person
        desk.complaints.get(counter.id, by=deputy)
    assert desk.complaints.approval(counter.id, by=deputy, at=now).may is Outcome.APPROVED
    allowed = {one.move for one in desk.complaints.moves(counter.id, by=deputy, at=now) if one.allowed}
    assert allowed == {Move.APPROVE, Move.RETURN, Move.RECOMMEND}, "it carries what deciding needs and nothing else"
    counter.do("recommend", "I would", by=deputy)
    assert counter.do("return_back", "half of it", by=deputy).state == "judged"
    counter.do("submit", remedy(cny(2000)), by=AGENT)
    assert counter.do("approve", by=deputy).state == "decided"
    counter.expect_refused(NotPermitted, "revise", remedy(cny(1)), by=deputy)


# --- split cases ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("counted", [False, True])
def test_f14_cases_that_one_may_have_been_split_into_are_shown_and_counted_where_the_house_says_so(
    counted: bool,
) -> None:
    desk = memory_desk(setting(f"[complaints.related]\ncounted = {str(counted).lower()}\n"))
    first = submitted(desk, remedy(cny(1000)))
    first.do("approve", by="sales_manager")
    for other in ({"customer": "customer-2"}, {"batch": "b", "product": "p"}):
        submitted(desk, remedy(cny(1000)), **other)
    withdrawn = submitted(desk, remedy(cny(1000)))
    withdrawn.do("withdraw", "no matter", by="sales")
    sixth = submitted(desk, remedy(cny(1000)), product="pump")  # the same batch
    explained = desk.complaints.approval(sixth.id, by=sixth.who["sales_manager"], at=sixth.clock.now())
    assert [(one.number, one.total, one.decided) for one in explained.related] == [(first.case.number, cny(1000), True)]
    assert ("counted" in explained.text(), "计入" in explained.text("zh")) == (True, True)
    assert (explained.amount, explained.counted) == (cny(2000 if counted else 1000), counted)
    if counted:
        assert sixth.expect_refused(BeyondAuthority, "approve", by="sales_manager").facts["amount"] == cny(2000)
        sixth.do("approve", by=DEPUTY)
    else:
        sixth.do("approve", by="sales_manager")
    # What came later does not void what was approved before it.
    assert first.do("answer", Channel.PHONE, "You get it.", by="sales").state == "answered"
    sixth.clock.advance(timedelta(days=91))
    assert desk.complaints.approval(first.id, by=first.who[DEPUTY], at=first.clock.now()).related == ()


# --- who signs --------------------------------------------------------------------------------------------------------

SLIP: Final = remedy(cny(900), compensation=cny(900))


@pytest.mark.rule(FORMS)
def test_f21_a_role_is_signed_by_who_holds_the_position_then() -> None:
    counter = submitted(memory_desk(), SLIP)
    counter.go("approve")
    number = counter.go(("draw_certificate", cny(900))).number
    both = counter.desk.actor("both", branch="hq", positions=(DEPUTY, "deputy_for_sales"))
    record = engaged(counter.desk, "both", DEPUTY, at=counter.clock.now())  # the login gives more than the record
    error = counter.expect_refused(NotTheSigner, "sign_certificate", number, by=both)
    (part,) = counter.desk.complaints.part_moves(counter.id, by=both, at=counter.clock.now())
    assert {m.move.value: m.refused_by for m in part.moves}["sign"] is error.rule
    post = Post([DEPUTY, "deputy_for_sales"], "office", "hq")
    counter.desk.staff.assign(record.id, post, by=personnel(counter.desk), at=counter.clock.now())
    assert counter.do("sign_certificate", number, by=both)
    counter.desk.close()


@pytest.mark.parametrize("different", [False, True])
def test_f21_ruling_deciding_and_signing_by_different_people_is_a_setting(different: bool) -> None:
    desk = memory_desk(setting(f"[complaints]\ndifferent_people = {str(different).lower()}\n"))
    counter = Counter(desk, desk.clock, staff(desk))  # type: ignore[arg-type]
    one = desk.actor("one", branch="hq", positions=(DEPUTY, "deputy_for_sales"))
    counter.who = {**counter.who, DEPUTY: one}
    counter.submitted(SLIP)
    if not different:
        counter.go("approve", by=one)
        counter.go(("draw_certificate", cny(900)))
        assert counter.go("sign_certificate", by=one)
        return
    counter.expect_refused(OwnRequest, "approve", by=one)  # who ruled on the report
    other = desk.actor("other", branch="hq", positions=("general_manager", "deputy_for_sales"))
    counter.do("approve", by=other)
    counter.go(("draw_certificate", cny(900)))
    for again in (one, other):
        counter.expect(OwnRequest, "sign_certificate", by=again)
    assert counter.go("sign_certificate")


# --- four eyes --------------------------------------------------------------------------------------------------------


def test_f43_nobody_decides_what_they_asked_for_reported_proposed_or_benefit_from() -> None:
    desk = memory_desk()
    counter = Counter(desk, desk.clock, staff(desk))  # type: ignore[arg-type]
    actor = {n: desk.actor(n, branch="hq", positions=(AGENT, "service_manager", DEPUTY)) for n in ("ann", "bob", "cai")}
    counter.accepted(complaint_form(customer="ann"))
    counter.go("investigate", "conclude", "report", by=actor["bob"])
    for concerned in ("bob", "ann"):
        counter.expect_refused(OwnRequest, "rule", "go on", by=actor[concerned])
    counter.do("rule", "go on", by=DEPUTY)
    penalised = attrs.evolve(JUDGED, penalties=(ProposedPenalty("wu", discipline="warning"),))
    counter.do("judge", penalised, by=actor["cai"])
    counter.expect_refused(OwnRequest, "approve_penalty", 1, by=actor["cai"])
    counter.do("submit", remedy(cny(3000)), by=AGENT)
    boss = principal(desk)
    desk.staff.delegate(DEPUTY, "ann", by=boss, until=LATER, at=counter.clock.now())
    for concerned in ("ann", "bob"):
        assert counter.does.approval(counter.id, by=actor[concerned], at=counter.clock.now()).may is None
        counter.expect_refused(OwnRequest, "approve", by=actor[concerned])
    counter.do("approve_penalty", 1, by=DEPUTY)
    assert counter.do("approve", by=actor["cai"]).state == "decided"


# --- what an approval covers ------------------------------------------------------------------------------------------


@pytest.mark.rule(GRAVE, NO_PROMISE)
@pytest.mark.parametrize("harm", [False, True])
def test_f45_an_approval_is_void_as_soon_as_somebody_else_decides_the_case(harm: bool) -> None:
    nothing = remedy(cny(0))
    counter = submitted(memory_desk(), nothing)
    counter.do("approve", by="service_manager")
    assert counter.do("mark", by=AGENT, harm=harm).state == "awaiting_decision"
    assert counter.rows[-2:] == [("mark", "decided", "decided"), ("void", "decided", "awaiting_decision")]
    assert counter.messages("to_decide")[-1].to == DEPUTY
    counter.expect_refused(BeyondAuthority, "approve", by="service_manager")
    counter.expect(MoveRefused, "answer")
    counter.do("approve", by=DEPUTY)
    assert counter.do("mark", by=AGENT, harm=True).state == "decided", "the deputy decides grave ones as well"
    assert counter.do("answer", Channel.LETTER, "We are sorry.", by="sales").state == "answered"


@pytest.mark.rule(GRAVE, LEVELS)
def test_f45_by_level_a_solution_that_somebody_else_decides_is_discussed_again() -> None:
    counter = Counter.open(house(LEVELS_BOOK))
    counter.receive(complaint_form(), by="receiver")
    counter.go("handle", ("propose", remedy(cny(0))))
    assert counter.do("mark", by="director").state == "handling"
    counter.expect(BeyondAuthority, ("propose", remedy(cny(0))))
    assert counter.go(("propose", remedy(cny(0))), "satisfy", by="director").state == "satisfied"


# --- beside each other ------------------------------------------------------------------------------------------------


@pytest.mark.rule(ONE_WRITER, EMPLOYMENT)
@pytest.mark.parametrize("backend", SQL)
@pytest.mark.parametrize("first", ["leave", "revoke", "approve"])
def test_f47_what_a_decision_rests_on_does_not_change_beside_it(desks: Desks, backend: str, first: str) -> None:
    """The first is done and not yet committed; the second waits for it, and goes by what it left."""
    desk, begun = desks(backend), threading.Event()
    counter, boss = submitted(desk), principal(desk)
    record = desk.staff.find(by=personnel(desk)).items[0]
    now = counter.clock.now()
    given_ = desk.staff.delegate(DEPUTY, "temp", by=boss, until=now + 99 * HOUR, at=now).id
    deputy = desk.actor("temp", branch="hq", positions=(AGENT,))
    at = counter.clock.advance(HOUR)
    acts: dict[str, Callable[[Any], Any]] = {
        "leave": lambda on: on.staff.leave(record.id, by=personnel(desk), at=at),
        "revoke": lambda on: on.staff.revoke(given_, by=boss, at=at),
        "approve": lambda on: on.complaints.approve(counter.id, by=deputy, at=at + HOUR),
    }

    def work(services: Any) -> None:
        acts[first](services)
        begun.set()
        time.sleep(0.4)

    thread = beside(lambda: desk.together(work))
    assert begun.wait(WAIT)
    if first == "approve":
        started = time.monotonic()
        acts["leave"](desk)
        assert time.monotonic() - started > 0.2, "it waited until the decision stood"
    else:
        with pytest.raises((BeyondAuthority, NotPermitted)):
            acts["approve"](desk)
    thread.join(WAIT)
    assert counter.case.state is (State.DECIDED if first == "approve" else State.AWAITING_DECISION)


# --- a refusal says who may -------------------------------------------------------------------------------------------


def test_who_may_close_is_said_to_an_agent_whose_case_it_is_not() -> None:
    counter = submitted(memory_desk(), remedy(cny(0)))
    counter.go("approve", "answer")
    other = counter.desk.actor("other", branch="hq", positions=(AGENT,))
    error = counter.expect_refused(NotPermitted, "close", "done", by=other)
    assert error.accepted is not None
    assert error.accepted.en == "the owner as service_agent, service_manager of the branch"
    assert error.accepted.zh == "负责人本人（service_agent）、本分支的 service_manager"
    assert counter.do("close", "done", by=AGENT).state in ("closed", "settling")


@pytest.mark.parametrize(
    ("lines", "fault"),
    [
        ('[complaints.signers]\ndeputy_for_sales = "nobody"', "$.complaints.signers['deputy_for_sales']"),
        ('[complaints.signers]\njanitor = "sales"', "$.complaints.signers.janitor"),
        ("[complaints.related]\ndays = 0", "$.complaints.related"),
        ('[staff.above]\nsales_manager = ["nobody"]', "$.staff.above.sales_manager"),
    ],
)
def test_a_setting_of_authority_that_cannot_be_is_refused_when_the_book_is_loaded(lines: str, fault: str) -> None:
    with pytest.raises(DomainError, match="KRN-01") as refused:
        setting(lines)
    assert fault in str(refused.value)
