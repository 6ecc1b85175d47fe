"""Every open case is in somebody's inbox, and every hand-over tells whoever has it now (CMP-16…19, CMP-29, KRN-06)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases import ACTS, BY_LEVEL, CLERK, A, make
from complaints.desks import ANN, JUDGED, RULES, SALT, T0, Counter, anyone, cny, holding, levels_book, received, remedy
from complaints.ends import back
from complaints.hand import HOUSE, act, on
from csdomain.complaints.case import Complaint, Wait
from csdomain.complaints.commands import receiving
from csdomain.complaints.effects import EFFECTS
from csdomain.complaints.lifecycle import COMPLAINT_MOVES, OPEN, Move, State
from csdomain.complaints.rules import CHASING, FINANCE, GRAVE, HANDLED, LEVELS, REMARKS, SALES_CHECK, STATES
from csdomain.complaints.values import Channel, ComplaintRules, Goods, Judgement, Liable, Path, ProposedPenalty
from csdomain.desk import house_of
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.papers.approvals import Outcome
from csdomain.kernel.rules import TIMERS
from csdomain.kernel.rules.errors import DomainError, NotPermitted, RuleBroken
from csdomain.kernel.values.actors import Actor, ActorId
from csdomain.kernel.values.durations import WorkingTime
from csdomain.staff.values import Post
from csdomain.testing import HANDLING, QUALITY, complaint_form, no_holidays

pytestmark = pytest.mark.rule(STATES, SALES_CHECK, GRAVE, HANDLED, LEVELS, CHASING, REMARKS, FINANCE, TIMERS)

HOUSES: Final = {Path.DEPARTMENTS: HOUSE, Path.LEVELS: house_of(levels_book(), no_holidays())}
BOTH: Final = attrs.evolve(back(Goods("engine", "b1", 2)), granted=cny(50), compensation=cny(50))
PENALISED: Final = attrs.evolve(JUDGED, penalties=(ProposedPenalty("worker-9", "warning"),))
Acts = Mapping[str, Callable[[Complaint, ComplaintRules, Mapping[str, Any]], Any]]


def _last(case: Complaint, field: str) -> Any:
    there = getattr(case, field)
    return there[-1].number if there else "none"


#: What can be done beside the moves of the case itself.
BESIDE: Final[Acts] = {
    "draw_slip": lambda c, r, k: on(c).draw_slip(f"TH{len(c.slips)}", "by truck", salt=SALT, **k),
    "sign_slip": lambda c, r, k: on(c).sign_slip(_last(c, "slips"), **k | {"by": anyone("dora")}),
    "take_in": lambda c, r, k: on(c).take_in(_last(c, "slips"), [Goods("engine", "b1", 1)], **k | {"by": anyone("wang")}),
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
ASIDE: Final = frozenset({"promise", "mark", "note", "prioritise", "wait_for_customer", "resume", "withdraw", "dismiss"})


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


@pytest.mark.parametrize("path", Path)
@given(data=st.data())
def test_every_open_case_waits_for_whoever_moves_it_next_and_whoever_newly_has_it_is_told(
    path: Path, data: st.DataObject
) -> None:
    rules = RULES if path is A else BY_LEVEL
    case = received(rules=rules)
    for _ in range(data.draw(st.integers(1, 30))):
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
    return counter.desk.house.resolve(who).may(counter.does._cases.read)  # noqa: SLF001


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
    step("contribute", "finance", "paid", by="finance_clerk" if "finance_clerk" in counter.who else "rnd")
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
