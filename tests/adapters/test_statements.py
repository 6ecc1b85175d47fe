"""What a use case says to its database, statement by statement: one more would show here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from adapters.harness import SQL, Desks
from adapters.harness import Statements as Everything
from adapters.whole import STEPS, StepIds, step_of
from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.ports import Receipt
from csdomain.testing import (
    HANDLING,
    CollectingGateway,
    MemoryDirectory,
    MovableClock,
    accepted,
    agent,
    answered,
    checked,
    complaint_form,
    received,
)
from csdomain_adapters.notify import CollectingNotifier

pytestmark = [pytest.mark.rule(PORTS), pytest.mark.parametrize("backend", SQL)]

#: A move: select, update, audit; one for each timer that begins; two for one that stops, one for each and one for all
#: where there are several; one for all messages.
LOAD, SAVE, AUDIT = "SELECT csd_complaint", "UPDATE csd_complaint", "INSERT INTO csd_audit"
BEGIN, STOP, CHANGE = ["INSERT INTO csd_timer"], ["SELECT csd_timer", "UPDATE csd_timer"], ["UPDATE csd_timer"]
TELL = ["INSERT INTO csd_outbox"]
#: The trail, and the customer's timeline where the event is a line of it.
LINED = [AUDIT, "INSERT INTO csd_chronicle"]
CLAIM, FINISH = "INSERT INTO csd_key", "UPDATE csd_key"
#: A number: the counter of its series, and the register of all numbers.
NUMBER = ["INSERT INTO csd_number", "INSERT INTO csd_paper"]
RECEIVE = [*NUMBER, "INSERT INTO csd_complaint", *BEGIN, *LINED, *TELL]
CHECK = [LOAD, SAVE, *STOP, AUDIT, *TELL]
INVESTIGATE = [LOAD, SAVE, AUDIT]
#: The clock of the case and that of the stage.
ACCEPT = [LOAD, SAVE, *BEGIN * 2, *LINED, *TELL]
#: Closing looks at the clock first; it stops it, with the promises that run, and begins that of the review.
CLOSE = [LOAD, "SELECT csd_timer", SAVE, *BEGIN, "SELECT csd_timer", *CHANGE, *LINED, *TELL]
LOOK = ["SELECT csd_timer"]
#: Who stands in for whom and holds what, when it is decided or signed.
STANDING = ["SELECT csd_delegation", "SELECT csd_staff"]
#: The whole complaint, use case by use case. Beside what is written: the clocks of several parts where one ends, and
#: which timers of a name run when all of them are cancelled.
WHOLE = {
    "receive": RECEIVE,
    "check": CHECK,
    "accept": ACCEPT,
    "involve": [LOAD, SAVE, *BEGIN * 2, AUDIT, *TELL],
    "investigate": INVESTIGATE,
    "contribute": [LOAD, SAVE, *LOOK, *CHANGE * 2, AUDIT],
    "inspect": [LOAD, SAVE, *BEGIN, *STOP, AUDIT],
    "conclude": [LOAD, SAVE, *BEGIN, AUDIT],
    "report": [LOAD, SAVE, *STOP, AUDIT, *TELL],
    "rule": [LOAD, SAVE, AUDIT, *TELL],
    "judge": [LOAD, SAVE, *LOOK, *CHANGE, AUDIT, *TELL],
    "submit": [LOAD, SAVE, *BEGIN, AUDIT, *TELL],
    "approve": [LOAD, *STANDING, SAVE, *STOP, *LINED, *TELL],
    "answer": [LOAD, SAVE, *LINED, *TELL],
    "close": CLOSE,
    "draw_slip": [LOAD, *NUMBER, SAVE, AUDIT, *TELL],
    "sign_slip": [LOAD, *STANDING, SAVE, AUDIT, *TELL],
    "take_in": [LOAD, SAVE, AUDIT, *TELL],
    "reconcile": [LOAD, SAVE, AUDIT],
    "draw_certificate": [LOAD, *NUMBER, SAVE, AUDIT, *TELL],
    "sign_certificate": [LOAD, *STANDING, SAVE, AUDIT, *TELL],
    "countersign_certificate": [LOAD, SAVE, AUDIT, *TELL],
    "book_certificate": [LOAD, SAVE, AUDIT],
    "review": [LOAD, SAVE, *STOP, AUDIT],
}


class Statements(Everything):
    """All but the look at the last line of a trail, before the next is added: a test of its own counts those."""

    def of(self, work: Callable[[], object]) -> list[str]:
        said = super().of(work)
        following = [*said[1:], ""]
        return [one for one, then in zip(said, following, strict=True) if (one, then) != ("SELECT csd_audit", AUDIT)]


def test_the_chain_costs_one_look_at_the_trail_and_none_where_the_lock_shows_it(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    seller, at, id = agent(desk, "s-1", position="sales"), desk.clock.now(), received(desk).id
    said = Everything(desk.store)
    look = [] if backend == "sqlite" else ["SELECT csd_audit"]
    checked = said.of(lambda: desk.complaints.check(id, "ours", by=seller, at=at))
    line = CHECK.index(AUDIT)
    assert checked == [*CHECK[:line], *look, *CHECK[line:]]
    assert said.of(lambda: received(desk)) == RECEIVE, "a new case has no line yet"


@pytest.mark.parametrize("keyed", [False, True], ids=["plain", "keyed"])
def test_a_whole_complaint_costs_what_it_writes(desks: Desks, backend: str, keyed: bool) -> None:
    ids = StepIds()
    desk = desks(backend, ids=ids)
    received(desk)  # and the rulebook is stored with the first
    do, said, id = step_of(desk, ids), Statements(desk.store), ""
    said_by: dict[str, list[str]] = {}
    for step in STEPS:
        receipts: list[Receipt] = []
        key = "k" if keyed else None
        said_by[step] = said.of(lambda: receipts.append(do(step, id, key=key)))  # noqa: B023
        id = receipts[0].id
    assert said_by == {step: [CLAIM, *cost, FINISH] if keyed else cost for step, cost in WHOLE.items()}


def test_a_move_costs_what_it_writes(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    by, seller, at = agent(desk), agent(desk, "s-1", position="sales"), desk.clock.now()
    complaints = desk.complaints
    answers = [answered(desk).id for _ in range(2)]  # and the rulebook is stored with the first
    said = Statements(desk.store)
    ids: list[str] = []

    def receive(key: str | None = None) -> None:
        ids.append(complaints.receive(complaint_form(), by=by, at=at, key=key).id)

    def close(id: str, key: str | None = None) -> None:
        complaints.close(id, "replaced", by=agent(desk, "service_agent"), at=at, key=key)

    assert said.of(receive) == RECEIVE
    assert said.of(lambda: complaints.check(ids[0], "ours", by=seller, at=at)) == CHECK
    assert said.of(lambda: complaints.accept(ids[0], HANDLING, by=by, at=at)) == ACCEPT
    assert said.of(lambda: complaints.investigate(ids[0], by=by, at=at)) == INVESTIGATE
    assert said.of(lambda: close(answers[0])) == CLOSE
    # Two more for a key; one and a look at what is known where it was used.
    assert said.of(lambda: receive("k1")) == [CLAIM, *RECEIVE, FINISH]
    assert said.of(lambda: receive("k1")) == [CLAIM, "SELECT csd_key"]
    assert said.of(lambda: complaints.check(ids[1], "ours", by=seller, at=at, key="k2")) == [CLAIM, *CHECK, FINISH]
    keyed: Any = {"by": by, "at": at, "key": "k3", "expected_version": 2}
    assert said.of(lambda: complaints.accept(ids[1], HANDLING, **keyed)) == [CLAIM, *ACCEPT, FINISH]
    assert said.of(lambda: complaints.investigate(ids[1], by=by, at=at, key="k4")) == [CLAIM, *INVESTIGATE, FINISH]
    assert said.of(lambda: close(answers[1], "k5")) == [CLAIM, *CLOSE, FINISH]


def test_cancelling_costs_a_look_and_one_for_each_timer_that_runs(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk), desk.clock.now()
    waiting, running = received(desk).id, accepted(desk).id
    look = "SELECT csd_timer"
    assert said.of(lambda: desk.complaints.withdraw(waiting, "found", by=by, at=at)) == [
        LOAD,
        SAVE,
        look,
        *CHANGE,
        *LINED,
    ]
    # Of three timers one has ended: that of the sales check.
    withdraw = [LOAD, SAVE, look, *CHANGE * 2, *LINED]
    assert said.of(lambda: desk.complaints.withdraw(running, "found", by=by, at=at)) == withdraw


def test_a_refusal_costs_its_record(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk), desk.clock.now()
    id = received(desk).id

    def refused() -> None:
        with pytest.raises(Exception, match="KRN-07"):
            desk.complaints.accept(id, HANDLING, by=by, at=at)

    assert said.of(refused) == [LOAD, "INSERT INTO csd_refusal"]


def test_questions_cost_one_each(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk), desk.clock.now()
    id = checked(desk).id
    complaints, one = desk.complaints, [LOAD]
    assert said.of(lambda: complaints.get(id, by=by)) == one
    assert said.of(lambda: complaints.find(by=by)) == one
    assert said.of(lambda: complaints.queue(by=by)) == one
    assert said.of(lambda: complaints.tally(by=by)) == one
    assert said.of(lambda: complaints.moves(id, by=by, at=at)) == one
    assert said.of(lambda: complaints.part_moves(id, by=by, at=at)) == one
    assert said.of(lambda: complaints.open_ends(id, by=by)) == one
    assert said.of(lambda: complaints.statistics("2026-03", "class_name", by=by)) == one
    assert said.of(lambda: complaints.trail(id, by=by)) == [*one, "SELECT csd_audit"]
    assert said.of(lambda: complaints.deadlines(id, by=by, at=at)) == [*one, "SELECT csd_timer"]


def test_the_outbox_costs_one_for_a_list_and_three_to_send_again(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk, "boss", position="service_manager"), desk.clock.now()
    case = accepted(desk, by=by).id
    desk.relay(desk.messages.notifier(CollectingGateway(), MemoryDirectory()))
    messages, key = desk.messages, f"{case}/accepted/1"
    assert said.of(lambda: messages.dead(by=by)) == ["SELECT csd_outbox"]
    assert said.of(lambda: messages.waiting(by=by)) == ["SELECT csd_outbox"]
    again = ["SELECT csd_outbox", "UPDATE csd_outbox", "INSERT INTO csd_audit"]
    assert said.of(lambda: messages.resend(key, by=by, at=at)) == again


def test_jobs_cost_by_the_batch(desks: Desks, backend: str) -> None:
    clock = MovableClock()
    desk = desks(backend, clock=clock)
    said = Statements(desk.store)
    for _ in range(3):
        accepted(desk)
    # Of each it is told that it came, to whom it went twice, that it was accepted, and whose turn it is: claimed
    # ten at a time, then each is marked and its outcome noted.
    step = ["SELECT csd_outbox", "UPDATE csd_outbox"]
    assert said.of(lambda: desk.relay(CollectingNotifier())) == [*step * (2 + 2 * 12), "SELECT csd_outbox"]
    desk.sweep()  # what years that were published since the last sweep move, is counted once
    assert said.of(desk.sweep) == ["SELECT csd_cursor", "SELECT csd_timer"], "a sweep with nothing due looks twice"
    clock.advance(timedelta(days=60))
    fired = said.of(desk.sweep)
    # Of each the clock of the case fires two warnings and a breach, that of the stage a breach; each reads its
    # case and tells whoever has it, or the superior.
    assert fired.count("UPDATE csd_timer") == 12
    assert fired.count("INSERT INTO csd_audit") == 12
    assert fired.count("INSERT INTO csd_outbox") == 12
    assert fired.count("SELECT csd_complaint") == 12
    assert fired.count("UPDATE csd_outbox") == 6, "a warning takes the place of those that wait in its line"
    assert len(fired) <= 2 + 12 + 12 + 12 + 12 + 12 + 6, fired
