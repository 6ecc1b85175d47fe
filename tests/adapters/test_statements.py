"""What a use case says to its database, statement by statement: one more would show here."""

from datetime import timedelta

import pytest

from adapters.harness import SQL, Desks, Statements
from csdomain.kernel.rules import PORTS
from csdomain.testing import CollectingGateway, MemoryDirectory, MovableClock, agent, complaint_form
from csdomain_adapters.notify import CollectingNotifier

pytestmark = [pytest.mark.rule(PORTS), pytest.mark.parametrize("backend", SQL)]

RECEIVE = ["INSERT INTO csd_number", "INSERT INTO csd_complaint", "INSERT INTO csd_audit"]
#: A move: select, update, audit, and one for each kind of effect.
ACCEPT = [
    "SELECT csd_complaint",
    "UPDATE csd_complaint",
    "INSERT INTO csd_timer",
    "INSERT INTO csd_audit",
    "INSERT INTO csd_outbox",
]
CLOSE = [
    "SELECT csd_complaint",
    "UPDATE csd_complaint",
    "SELECT csd_timer",
    "UPDATE csd_timer",
    "INSERT INTO csd_audit",
    "INSERT INTO csd_outbox",
]
CLAIM, FINISH = "INSERT INTO csd_key", "UPDATE csd_key"


def test_a_move_costs_what_it_writes(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk), desk.clock.now()
    complaints = desk.complaints
    ids: list[str] = []

    def receive(key: str | None = None) -> None:
        ids.append(complaints.receive(complaint_form(), by=by, at=at, key=key).id)

    assert said.of(receive) == RECEIVE
    assert said.of(lambda: complaints.accept(ids[0], by=by, at=at)) == ACCEPT
    assert said.of(lambda: complaints.close(ids[0], "replaced", by=by, at=at)) == CLOSE
    # Two more for a key; one and a look at what is known where it was used.
    assert said.of(lambda: receive("k1")) == [CLAIM, *RECEIVE, FINISH]
    assert said.of(lambda: receive("k1")) == [CLAIM, "SELECT csd_key"]
    assert said.of(lambda: complaints.accept(ids[1], by=by, at=at, key="k2", expected=1)) == [CLAIM, *ACCEPT, FINISH]
    assert said.of(lambda: complaints.close(ids[1], "x", by=by, at=at, key="k3")) == [CLAIM, *CLOSE, FINISH]


def test_a_refusal_costs_its_record(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk), desk.clock.now()
    id = desk.complaints.receive(complaint_form(), by=by, at=at).id

    def refused() -> None:
        with pytest.raises(Exception, match="KRN-07"):
            desk.complaints.close(id, "replaced", by=by, at=at)

    assert said.of(refused) == ["SELECT csd_complaint", "INSERT INTO csd_refusal"]


def test_questions_cost_one_each(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk), desk.clock.now()
    id = desk.complaints.receive(complaint_form(), by=by, at=at).id
    complaints, one = desk.complaints, ["SELECT csd_complaint"]
    assert said.of(lambda: complaints.get(id, by=by)) == one
    assert said.of(lambda: complaints.find(by=by)) == one
    assert said.of(lambda: complaints.queue(by=by)) == one
    assert said.of(lambda: complaints.tally(by=by)) == one
    assert said.of(lambda: complaints.moves(id, by=by)) == one
    assert said.of(lambda: complaints.trail(id, by=by)) == [*one, "SELECT csd_audit"]
    assert said.of(lambda: complaints.deadlines(id, by=by, at=at)) == [*one, "SELECT csd_timer"]


def test_the_outbox_costs_one_for_a_list_and_three_to_send_again(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    said, by, at = Statements(desk.store), agent(desk, "boss", position="service_manager"), desk.clock.now()
    case = desk.complaints.receive(complaint_form(), by=by, at=at).id
    desk.complaints.accept(case, by=by, at=at)
    desk.relay(desk.messages.notifier(CollectingGateway(), MemoryDirectory()))
    messages, key = desk.messages, f"{case}/accepted"
    assert said.of(lambda: messages.dead(by=by)) == ["SELECT csd_outbox"]
    assert said.of(lambda: messages.waiting(by=by)) == ["SELECT csd_outbox"]
    again = ["SELECT csd_outbox", "UPDATE csd_outbox", "INSERT INTO csd_audit"]
    assert said.of(lambda: messages.resend(key, by=by, at=at)) == again


def test_jobs_cost_by_the_batch(desks: Desks, backend: str) -> None:
    clock = MovableClock()
    desk = desks(backend, clock=clock)
    said, by = Statements(desk.store), agent(desk)
    for _ in range(3):
        id = desk.complaints.receive(complaint_form(), by=by, at=clock.now()).id
        desk.complaints.accept(id, by=by, at=clock.now())
    claim, mark = ["SELECT csd_outbox", "UPDATE csd_outbox"], ["UPDATE csd_outbox"]
    assert said.of(lambda: desk.relay(CollectingNotifier())) == [*claim, *mark * 3, "SELECT csd_outbox"]
    assert said.of(desk.sweep) == ["SELECT csd_timer"], "a sweep with nothing due looks once"
    clock.advance(timedelta(days=60))
    fired = said.of(desk.sweep)
    # Each of three timers fires two warnings and a breach; the breach reads its case and tells the superior.
    assert fired.count("UPDATE csd_timer") == 9
    assert fired.count("INSERT INTO csd_audit") == 9
    assert fired.count("INSERT INTO csd_outbox") == 3
    assert fired.count("SELECT csd_complaint") == 3
    assert len(fired) <= 2 + 9 + 9 + 9 + 3 + 3, fired
