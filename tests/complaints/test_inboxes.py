"""Every open case is in somebody's inbox, and every hand-over tells whoever has it now (CMP-16…19, CMP-29, KRN-06)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases import ACTS, BY_LEVEL, CLERK, WAYS, A, make, stands
from complaints.desks import ANN, JUDGED, RULES, SALT, T0, Counter, anyone, cny, holding, levels_book, remedy
from complaints.ends import back
from complaints.hand import HOUSE, on
from csdomain.casework.worklists import Wait
from csdomain.complaints.case import Complaint
from csdomain.complaints.effects import EFFECTS
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, OPEN, Move, State
from csdomain.complaints.rules import CHASING, FINANCE, GRAVE, HANDLED, LEVELS, REMARKS, SALES_CHECK, STATES
from csdomain.complaints.values import ComplaintRules, Goods, Path, ProposedPenalty
from csdomain.contexts import sections
from csdomain.desk import house_of, shipped
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.rules import TIMERS
from csdomain.kernel.rules.errors import DomainError, RuleBroken
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.rulebook import loads
from csdomain.staff.values import Post
from csdomain.testing import HANDLING, QUALITY, complaint_form, no_holidays
from csdomain_adapters.notify import CollectingNotifier

pytestmark = pytest.mark.rule(STATES, SALES_CHECK, GRAVE, HANDLED, LEVELS, CHASING, REMARKS, FINANCE, TIMERS)

HOUSES: Final = {Path.DEPARTMENTS: HOUSE, Path.LEVELS: house_of(levels_book(), no_holidays())}
BOTH: Final = attrs.evolve(back(Goods("engine", "b1", 2)), granted=cny(50), compensation=cny(50))
PENALISED: Final = attrs.evolve(JUDGED, penalties=(ProposedPenalty("worker-9", "warning"),))
Acts = Mapping[str, Callable[[Complaint, ComplaintRules, dict[str, Any]], Any]]


def _last(case: Complaint, field: str) -> Any:
    there = getattr(case, field)
    return there[-1].number if there else "none"


#: What can be done beside the moves of the case itself.
BESIDE: Final[Acts] = {
    "draw_slip": lambda c, r, k: on(c).draw_slip(f"TH{len(c.slips)}", "by truck", salt=SALT, **k),
    "sign_slip": lambda c, r, k: on(c).sign_slip(_last(c, "slips"), **k | {"by": anyone("dora")}),
    "take_in": lambda c, r, k: on(c).take_in(
        _last(c, "slips"), [Goods("engine", "b1", 1)], **k | {"by": anyone("wang")}
    ),
    "reconcile": lambda c, r, k: on(c).reconcile(_last(c, "slips"), "V1", **k),
    "draw_certificate": lambda c, r, k: on(c).draw_certificate(f"ZK{len(c.certificates)}", cny(50), **k),
    "sign_certificate": lambda c, r, k: on(c).sign_certificate(_last(c, "certificates"), **k | {"by": anyone("dora")}),
    "countersign": lambda c, r, k: on(c).countersign_certificate(_last(c, "certificates"), **k),
    "book": lambda c, r, k: on(c).book_certificate(_last(c, "certificates"), "V2", **k),
    "answer_remark": lambda c, r, k: on(c).answer_remark(len(c.remarks), "seen to", **k),
    "approve_penalty": lambda c, r, k: on(c).approve_penalty(1, **k),
    "publish_penalty": lambda c, r, k: on(c).publish_penalty(1, **k),
    "submit_both": lambda c, r, k: on(c).submit(BOTH, **k),
    "judge_penalty": lambda c, r, k: on(c).judge(PENALISED, **k),
    "accept_quality": lambda c, r, k: on(c).accept(QUALITY, grave=False, **k),
}


#: What changes nothing about who has the case, and is therefore tried less often.
ASIDE: Final = frozenset(
    {"promise", "mark", "note", "prioritise", "wait_for_customer", "resume", "withdraw", "dismiss"}
)


def tried(case: Complaint, rules: ComplaintRules, draw: Callable[[Any], Any]) -> tuple[Complaint, Sequence[Any]] | None:
    """Something is done with a copy of the case: the copy and what it told; None where that was refused."""
    moves = {step.trigger for step in COMPLAINT_MOVES.steps if step.source is case.state and step.on(case.path.value)}
    names = sorted(move.value for move in moves & ACTS.keys())
    forward = [name for name in names if name not in ASIDE] or names
    name = draw(st.sampled_from([*forward * 3, *names, *BESIDE]))
    copy = attrs.evolve(case)
    try:
        if name in BESIDE:
            return copy, BESIDE[name](copy, rules, {"by": CLERK, "at": T0, "rules": rules})
        return copy, make(copy, Move(name))
    except DomainError:
        return None


def may_go_on(case: Complaint, rules: ComplaintRules, wait: Wait) -> bool:
    """Whether whoever the case waits for makes the move: by the permissions of the position, at that position alone."""
    move, who = Move(wait.work), Actor(ActorId("holder"), case.branch, frozenset({wait.to}))
    granted = HOUSES[case.path].resolve(who)
    if not wait.person and not granted.may(COMPLAINT_MOVES.actions[move]):
        return False
    copy = attrs.evolve(case)
    try:
        if move is Move.APPROVE:
            held = holding(holder=wait.to)
            on(copy).decide(Outcome.APPROVED, rules, held, by=anyone("holder"), at=T0, reason="fine")
        else:
            make(copy, move, by=anyone("holder"))
    except RuleBroken:  # others have to do their part before
        return any(other.work.startswith(("contribute", "inspect")) for other in case.waits)
    return copy != case


@pytest.mark.parametrize(("path", "state"), [(path, state) for path in Path for state in WAYS[path]])
@given(quality=st.booleans(), data=st.data())
def test_every_open_case_waits_for_whoever_moves_it_next_and_whoever_newly_has_it_is_told(
    path: Path, state: State, quality: bool, data: st.DataObject
) -> None:
    rules = RULES if path is A else BY_LEVEL
    case = stands(state, path, quality=quality)
    assert all(may_go_on(case, rules, wait) for wait in case.waits if wait.step)
    for _ in range(data.draw(st.integers(1, 12))):
        if case.state in COMPLAINT_MOVES.final:
            break
        done = tried(case, rules, data.draw)
        if done is None:
            continue
        before, (case, events) = case, done
        steps = [wait for wait in case.waits if wait.step]
        assert len(steps) == (case.state in OPEN)
        assert all(may_go_on(case, rules, wait) for wait in steps)
        # What is open besides waits for somebody too, until it is done.
        ends = {" ".join(wait.work.split()[1:]) for wait in case.waits if not wait.step}
        if case.state not in COMPLAINT_MOVES.final:
            open_ends = {end for end in case.open_ends() if end != "review" and not end.startswith("penalty")}
            assert open_ends <= ends
        effects = EFFECTS.of(events, case, rules, HOUSE.place("hq"))
        told = {(m.to, m.facts.get("branch")) for m in effects if isinstance(m, Message)}
        had = {wait.task for wait in before.waits}
        for wait in case.waits:
            if wait.task not in had and not (wait.person and wait.to == events[-1].by):
                assert (wait.to, case.branch) in told, wait
        keys = [m.key for m in effects if isinstance(m, Message)]
        assert len(keys) == len(set(keys))


# --- at the desk ------------------------------------------------------------------------------------------------------


def seen_by(counter: Counter) -> set[str]:
    """Everybody of the house in whose inbox the case is."""
    at = counter.clock.now()
    return {
        position
        for position, who in counter.who.items()
        if _may_read(counter, who) and any(w.case.id == counter.id for w in counter.does.inbox(by=who, at=at).items)
    }


def _may_read(counter: Counter, who: Actor) -> bool:
    return counter.desk.house.resolve(who).may(counter.does._cases.read)


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_f17_the_inbox_is_of_the_position_in_the_branch_all_the_way(backend: str, tmp_path: Any) -> None:
    counter = Counter.open(url=f"sqlite:///{tmp_path}/desk.db" if backend == "sqlite" else "")
    seen: list[set[str]] = []

    def step(use_case: str, *args: Any, by: str, **options: Any) -> None:
        counter.do(use_case, *args, by=by, **options)
        seen.append(seen_by(counter))

    counter.receive(complaint_form(claimed=cny(3000)))
    seen.append(seen_by(counter))
    step("check", "ours", by="sales")
    step("accept", QUALITY, by="service_agent")
    step("investigate", by="service_agent")
    step("involve", ["finance"], counter.clock.now() + timedelta(days=2), by="service_agent")
    step("contribute", "finance", "paid", word_of="cashier", by="rnd")
    assert seen == [
        {"sales"},
        {"service_agent"},
        {"service_agent", "rnd"},
        {"service_agent", "rnd"},
        {"service_agent", "rnd", "finance"},
        {"service_agent", "rnd"},
    ]
    director = counter.who["deputy_general_manager"]
    page = counter.does.inbox(by=director, at=counter.clock.now(), position="rnd", branch="hq")
    assert [(w.case.id, [wait.work for wait in w.waits]) for w in page.items] == [(counter.id, ["inspect 1"])]
    assert counter.does.inbox(by=director, at=counter.clock.now(), position="rnd", branch="south").items == ()
    assert {m.facts["branch"] for m in counter.messages("to_inspect")} == {"hq"}


# --- who is named, and who hands up (F15, F16) ------------------------------------------------------------------------


def test_f15_the_named_person_reads_the_case_and_keeps_it_until_another_is_named() -> None:
    counter = Counter.open()
    far = counter.desk.actor("far", branch="south", positions=("service_agent",))
    counter.receive(complaint_form())
    counter.do("assign", "far", by="service_manager")
    assert counter.does.get(counter.id, by=far).handler == "far"
    counter.do("check", "ours", by="sales")
    counter.do("accept", HANDLING, by="service_agent")
    assert (counter.case.owner, counter.case.handler) == ("far", "far")
    assert [case.id for case in counter.does.queue(by=far).items] == [counter.id]
    for who in (counter.who["service_manager"], far):
        (own,) = counter.does.inbox(by=who, at=counter.clock.now(), person="far").items
        assert own.waits[0].work == "investigate"
    counter.do("assign", "rnd", position=True, by="service_manager")
    assert counter.case.waits[0] == attrs.evolve(counter.case.waits[0], to="rnd", person=False)
    assert [m.to for m in counter.messages("assigned")] == ["far", "rnd"]
    counter.expect_refused(RuleBroken, "assign", "nobody_s_position", position=True, by="service_manager")


def test_f15_only_who_works_in_the_branch_then_is_named_where_the_house_keeps_records() -> None:
    counter = Counter.open()
    counter.receive(complaint_form())
    staff, hr = counter.desk.staff, counter.who["hr"]
    for name, branch in (("here", "hq"), ("gone", "hq"), ("elsewhere", "south")):
        staff.engage(name, name, Post(frozenset({"service_agent"}), "service", branch), by=hr, at=counter.clock.now())
    gone = next(m for m in staff.find(by=hr).items if m.actor == "gone")
    staff.leave(gone.id, by=hr, at=counter.clock.now())
    for name in ("gone", "elsewhere", "unheard_of"):
        error = counter.expect_refused(RuleBroken, "assign", name, by="service_manager")
        assert (error.rule, error.facts["given"]) == (HANDLED, name)
    counter.do("assign", "here", by="service_manager")


def test_f15_a_house_may_want_somebody_named_before_closing() -> None:
    rules = attrs.evolve(BY_LEVEL, named_before_closing=True)
    case = stands(State.SATISFIED, Path.LEVELS)
    with pytest.raises(RuleBroken, match="CMP-17"):
        on(case).close("done", rules, by=ANN, at=T0)
    on(case).assign(ActorId("cai"), rules, by=ANN, at=T0)
    on(case).close("done", rules, by=ANN, at=T0)
    assert case.state in (State.CLOSED, State.SETTLED)


def test_f16_only_the_present_level_hands_up_and_the_next_has_it_then() -> None:
    counter = Counter.open(levels_book())
    counter.receive(complaint_form(), by="receiver")
    counter.do("handle", HANDLING, by="receiver")
    for level, (holder, above) in enumerate(
        (("receiver", "supervisor"), ("supervisor", "director"), ("director", "hq"))
    ):
        for other in {"receiver", "supervisor", "director", "hq"} - {holder}:
            counter.expect_refused(RuleBroken, "escalate", "beyond me", by=other)
        counter.do("escalate", "beyond me", by=holder)
        assert seen_by(counter) == {above}
        at = counter.clock.now()
        assert counter.does.inbox(by=counter.who["hq"], at=at, position=above, level=level + 1).items
        assert not counter.does.inbox(by=counter.who["hq"], at=at, position=above, level=level).items
        assert counter.messages("escalated")[-1].facts["branch"] == "hq"
    counter.do("assign", "receiver", by="director")  # the owner again, and still not of the level
    counter.expect_refused(RuleBroken, "escalate", "beyond me", by="receiver")


def test_who_stands_in_for_an_authority_has_its_cases_in_the_inbox() -> None:
    counter = Counter.open()
    hr, now = counter.who["hr"], counter.clock.now()
    for name, position in (("chief", "deputy_general_manager"), ("deputy", "service_agent")):
        counter.desk.staff.engage(name, name, Post(frozenset({position}), "office", "hq"), by=hr, at=now)
    chief = counter.desk.actor("chief", branch="hq", positions=("deputy_general_manager",))
    deputy = counter.desk.actor("deputy", branch="hq", positions=("service_agent",))
    counter.submitted(remedy(cny(3000)))
    assert not counter.does.inbox(by=deputy, at=counter.clock.now()).items
    until = counter.clock.now() + timedelta(days=1)
    counter.desk.staff.delegate("deputy_general_manager", "deputy", until=until, by=chief, at=counter.clock.now())
    (found,) = counter.does.inbox(by=deputy, at=counter.clock.now()).items
    assert [wait.work for wait in found.waits] == ["approve"]


# --- what is open is listed until it is done (F19) --------------------------------------------------------------------


def test_f19_open_remarks_are_listed_and_chased_until_they_are_answered() -> None:
    counter = Counter.open()
    counter.receive(complaint_form())
    counter.do("remark", "the lift is slow", "building", by="sales")
    manager = counter.who["service_manager"]
    assert [case.id for case in counter.does.unanswered(by=manager).items] == [counter.id]
    for _ in range(20):
        counter.clock.advance(timedelta(days=1))
        counter.desk.sweep()
    assert [m.facts["times"] for m in counter.messages("reminder") if m.to == "building"] == [1, 2, 3, 4, 5]
    assert [m.to for m in counter.messages("not_done")] == ["deputy_general_manager"]
    counter.do("answer_remark", 1, "it is mended", by="sales")
    assert counter.does.unanswered(by=manager).items == ()
    assert "CMP-29.1.6" not in {name for name, state in counter.timers.items() if state.value == "running"}


def test_f19_a_difference_stays_on_the_list_and_a_second_lorry_may_come_before_finance_looked() -> None:
    case = stands(State.JUDGED)
    on(case).submit(back(Goods("engine", "b1", 3)), RULES, by=CLERK, at=T0)
    make(case, Move.APPROVE)
    on(case).draw_slip("TH1", "by truck", salt=SALT, by=CLERK, at=T0)
    on(case).sign_slip("TH1", by=anyone("dora", "deputy_for_sales"), at=T0)
    one = [Goods("engine", "b1", 1)]
    on(case).take_in("TH1", one, by=anyone("wang"), at=T0)
    on(case).reconcile("TH1", "V1", by=CLERK, at=T0)
    assert case.discrepancies == 1
    on(case).take_in("TH1", one, by=anyone("wang"), at=T0)
    assert case.discrepancies == 1
    on(case).take_in("TH1", one, by=anyone("wang"), at=T0)  # before finance has looked
    assert case.discrepancies == 0
    on(case).reconcile("TH1", "V1", by=CLERK, at=T0)
    assert case.slips[0].voucher == "V1"


# --- waiting for the customer (F27), keys (F48) -----------------------------------------------------------------------

WAITING: Final = """
name = "waiting"
extends = "after_sales"
[complaints]
stands_still = ["CMP-04", "CMP-05"]
priorities = ["urgent", "high"]
"""


def waiting_house() -> Counter:
    return Counter.open(loads(WAITING, sections(), shipped))


@given(st.integers(1, 200), st.integers(1, 60))
def test_f27_named_clocks_stand_still_while_the_case_waits_for_the_customer(hours: int, more: int) -> None:
    counter = waiting_house()
    counter.accepted()
    due, at = counter.due("CMP-04"), counter.clock.now()
    counter.clock.advance(timedelta(hours=hours))
    in_time = counter.clock.now() + timedelta(minutes=5) <= due
    counter.do("wait_for_customer", "the sample", by="service_agent")
    since = counter.clock.now()
    assert counter.timers["CMP-04"] == (TimerState.PAUSED if in_time else TimerState.BREACHED)
    counter.expect_refused(RuleBroken, "wait_for_customer", "again", by="service_agent")
    counter.clock.advance(timedelta(hours=more))
    counter.do("involve", ["production"], counter.clock.now() + timedelta(days=9), by="service_agent")
    counter.desk.sweep(counter.clock.now() + timedelta(minutes=1))
    counter.do("resume", by="service_agent")
    paused = counter.clock.now() - since  # counted as the six days are: the office is closed or not
    assert counter.timers["CMP-04"] == (TimerState.RUNNING if in_time else TimerState.BREACHED)
    assert counter.due("CMP-04") == (due + paused if in_time else due)
    assert counter.timers["CMP-06.1"] is TimerState.RUNNING  # the house does not name it
    assert at < since


def test_f27_a_clock_that_begins_meanwhile_stands_still_too_and_a_house_may_have_none() -> None:
    counter = waiting_house()
    counter.receive(complaint_form())
    counter.do("check", "ours", by="sales")
    counter.do("wait_for_customer", "the sample", by="service_agent")
    counter.do("accept", HANDLING, by="service_agent")
    assert counter.timers["CMP-04"] is TimerState.PAUSED
    counter.do("resume", by="service_agent")
    after = counter.timers
    assert after["CMP-04"] is TimerState.RUNNING
    counter = Counter.open()
    counter.accepted()
    counter.expect_refused(RuleBroken, "wait_for_customer", "the sample", by="service_agent")
    counter.expect_refused(RuleBroken, "resume", by="service_agent")


def test_f48_everybody_is_told_also_at_one_instant() -> None:
    counter = Counter.open()
    counter.accepted()
    at = counter.clock.now()
    for name in ("a", "b", "a"):
        counter.does.assign(counter.id, name, by=counter.who["service_manager"], at=at)
    assert [message.to for message in counter.messages("assigned")] == ["a", "b", "a"]
    keys = [m.key for m in counter.desk.store.look(lambda u: u.session.outbox(unsent=False, limit=100))]
    assert not [key for key in keys if "2026-" in key]


# --- lists for a manager ----------------------------------------------------------------------------------------------


def test_warnings_reach_whoever_has_the_case() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.desk.sweep(counter.due("CMP-04"))
    assert [(m.to, m.facts["percent"], m.facts["branch"]) for m in counter.messages("warning")] == [
        ("service_agent", 50, "hq"),
        ("service_agent", 80, "hq"),
    ]


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_f24_of_several_warnings_that_a_late_sweep_finds_the_last_is_sent(backend: str, tmp_path: Any) -> None:
    counter = Counter.open(url=f"sqlite:///{tmp_path}/desk.db" if backend == "sqlite" else "")
    counter.accepted()
    counter.desk.sweep(counter.due("CMP-04"))
    sent = CollectingNotifier()
    counter.clock.move(counter.due("CMP-04"))
    counter.desk.relay(sent)
    assert [m.facts["percent"] for m in sent.sent.values() if m.occasion == "complaint.warning"] == [80]


@pytest.mark.parametrize("backend", ["memory", "sqlite"])
def test_clocks_are_one_statement_by_deadline_and_owner(backend: str, tmp_path: Any) -> None:
    counter = Counter.open(url=f"sqlite:///{tmp_path}/desk.db" if backend == "sqlite" else "")
    counter.accepted()
    counter.accepted(kind=QUALITY)
    agent = counter.who["service_agent"]
    found = counter.does.clocks(by=agent)
    assert [c.due_at for c in found] == sorted(c.due_at for c in found)
    assert len(found) == 4
    assert {(c.owner, c.branch, c.state) for c in found} == {("service_agent", "hq", TimerState.RUNNING)}
    until = found[0].due_at
    assert counter.does.clocks(by=agent, until=until) == tuple(c for c in found if c.due_at <= until)
    assert counter.does.clocks(by=agent, owner="nobody") == ()
    assert counter.does.clocks(by=agent, limit=1) == found[:1]
    stranger = counter.desk.actor("x", branch="south", positions=("service_agent",))
    assert counter.does.clocks(by=stranger) == ()


def test_related_cases_say_by_what_and_which_looks_filed_twice() -> None:
    counter = Counter.open()
    form = complaint_form(order_number="O-1")
    ids: list[str] = []
    several: tuple[dict[str, Any], ...] = ({}, {}, {"batch": "other", "order_number": ""}, {"customer": "customer-2"})
    for changes in several:
        counter.receive(attrs.evolve(form, **changes))
        ids.append(counter.id)
    counter.clock.advance(timedelta(days=100))
    counter.receive(form)
    found = counter.does.related(ids[0], by=counter.who["sales"])
    assert [(one.case.id, one.same, one.duplicate) for one in found] == [
        (ids[2], ("product",), False),
        (ids[1], ("order_number", "batch", "product"), True),
    ]


def test_a_leavers_cases_go_to_another_in_one_go() -> None:
    counter, ids = Counter.open(), []
    for _ in range(3):
        counter.accepted()
        ids.append(counter.id)
    counter.do("withdraw", "never mind", by="service_agent")
    manager, at = counter.who["service_manager"], counter.clock.now()
    done = counter.does.reassign("service_agent", "successor", reason="leaves", by=manager, at=at, key="r1")
    assert (done.done, done.failed) == (tuple(ids[:2]), ())
    again = counter.does.reassign("service_agent", "successor", reason="leaves", by=manager, at=at, key="r1")
    assert again.done == ()
    mine = counter.does.inbox(by=manager, at=at, person="successor")
    assert {one.case.id for one in mine.items} == set(ids[:2])


def test_notes_priorities_and_a_promise_in_business_hours() -> None:
    counter = waiting_house()
    counter.receive(complaint_form())
    first = counter.id
    counter.receive(complaint_form())
    counter.do("note", "see the photograph", attachments=["photo-2"], by="sales")
    counter.expect_refused(RuleBroken, "note", by="sales")
    assert [(note.text, note.attachments) for note in counter.case.notes] == [("see the photograph", ("photo-2",))]
    counter.do("prioritise", "high", by="service_agent")
    error = counter.expect_refused(RuleBroken, "prioritise", "hgh", by="service_agent")
    assert error.accepted is not None
    assert "urgent, high" in error.accepted.en
    sales, at = counter.who["sales"], counter.clock.now()
    assert [one.case.id for one in counter.does.inbox(by=sales, at=at).items] == [counter.id, first]
    counter.does.mark(first, by=counter.who["service_agent"], at=at)
    assert [one.case.id for one in counter.does.inbox(by=sales, at=at).items] == [first, counter.id]
    counter.do("promise", within="2 working hours", by="sales")
    calendar = counter.desk.house.calendar_of("hq")
    assert counter.case.promised_until == calendar.add(counter.clock.now(), timedelta(hours=2))
