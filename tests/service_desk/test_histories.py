"""For every history of jobs: what was charged is collected or open, every job reaches an end, B, C and D are free."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from typing import Any, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from csdomain.kernel.rules.errors import DomainError, NotFound
from csdomain.payments.lifecycle import PaymentState
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import State
from csdomain.service_desk.values import Kind, Work
from service_desk.counter import Counter, yuan

#: Who makes a move, the technician where nobody is named, and with what.
ANYTHING: Final[Mapping[str, tuple[str, tuple[Any, ...] | None]]] = {
    **dict.fromkeys(("dispatch", "classify"), ("service_manager", None)),
    **dict.fromkeys(("enter", "settle"), ("", None)),
    "collect": ("service_agent", None),
    "call_off": ("service_manager", ("ill",)),
    "arrive": ("", ()),
    "unsettle": ("", ("no part", "bring one")),
    "leave_unsigned": ("", ("not at home",)),
    "close_unsigned": ("service_manager", ("moved away",)),
    "countersign": ("service_manager", ()),
    "archive": ("service_agent", ()),
    "cancel": ("service_agent", ("works again",)),
    "book_cost": ("service_agent", ("travel", yuan(5))),
    "request_purchase": ("", ("a roller", yuan(60))),
}
#: What comes next.
AHEAD: Final = {
    State.RECEIVED: "dispatch",
    State.DISPATCHED: "arrive",
    State.ON_SITE: "enter",
    State.UNSIGNED: "settle",
    State.SETTLED: "countersign",
    State.COUNTERSIGNED: "archive",
    State.ARCHIVED: "collect",
}
ENDS: Final = (State.ARCHIVED, State.CLOSED_UNSIGNED, State.CANCELLED)
amounts = st.none() | st.sampled_from([0, 50, 199, 200, 201, 900]).map(yuan)


class Histories(RuleBasedStateMachine):
    """Whatever is tried, by whoever may, in any order; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter()
        self.jobs: list[str] = []

    def do(self, name: str, id: str, *args: Any, who: str = "") -> None:
        job = self.counter.of(id)
        call = self.counter.call(who or job.technician or "service_manager")
        with suppress(DomainError):
            getattr(self.counter.does, name)(id, *args, **call)
        after = self.counter.of(id)
        assert after.version > job.version or after == job

    @rule(data=st.data(), kind=st.sampled_from([Kind.PAID, Kind.PAID, *Kind]))
    def act(self, data: Any, kind: Kind) -> None:
        """Mostly what comes next, else anything, wherever the job is; now and then finance invoices."""
        if len(self.jobs) < 2 or (len(self.jobs) < 4 and not data.draw(st.integers(0, 9))):
            self.jobs.append(self.counter.received(kind))
        id = data.draw(st.sampled_from(self.jobs))
        job, chance = self.counter.of(id), data.draw(st.integers(0, 9))
        ahead = "settle" if job.work is not None and job.state is State.ON_SITE else AHEAD.get(job.state, "archive")
        if chance < 8:
            self.make(ahead if chance < 6 else data.draw(st.sampled_from(sorted(ANYTHING))), id, data)
        elif job.bill:
            with suppress(DomainError):
                self.counter.desk.payments.bills.invoice(job.bill, "F-1", **self.counter.call("finance"))

    def make(self, name: str, id: str, data: Any) -> None:
        now, job = self.counter.now, self.counter.of(id)
        who, arguments = ANYTHING.get(name, ("", None))
        given: tuple[Any, ...] = ()
        if name == "dispatch":
            given = (data.draw(st.sampled_from(["ann", "ben"])), now + timedelta(hours=1), "urgent")
        elif name == "enter":
            fits = st.just(yuan(150)) if job.kind is Kind.PAID else st.none()
            given = (Work(done="a new roller", began=now, ended=now), data.draw(fits | fits | amounts))
        elif name == "classify":
            kind = data.draw(st.sampled_from(Kind))
            given = (kind, {Kind.CONTRACT: "HT-1", Kind.FREE: "goodwill"}.get(kind, ""), "typed wrong")
        elif name == "settle":
            given = ("Mrs Wang", data.draw(amounts))
        elif name == "collect":
            given = (data.draw(amounts) or yuan(10),)
        elif arguments is not None:
            given = arguments
        self.do(name, id, *given, who=who)

    @invariant()
    def what_was_charged_is_collected_or_open(self) -> None:
        finance = self.counter.who["finance"]
        for id in self.jobs:
            job = self.counter.of(id)
            charged = job.kind is Kind.PAID and job.signed
            assert bool(job.bill) is charged
            try:
                bill = self.counter.bill(id)
            except NotFound:
                assert not charged
                continue
            assert job.fee is not None
            paid = [self.counter.desk.payments.get(one, by=finance) for one in bill.payments]
            used = sum(one.uses[bill.id].minor for one in paid if one.state is not PaymentState.FAILED)
            assert (bill.due, bill.collected.minor) == (job.fee, used)
            assert bill.collected + bill.left == job.fee
            assert job.paper is not None
            assert job.paper.stated("fee") == str(job.fee)

    def teardown(self) -> None:
        """Every job can still be brought to an end, by those whose work it is."""
        counter, does = self.counter, self.counter.does
        for id in self.jobs:
            job = counter.of(id)
            if job.state in (State.RECEIVED, State.DISPATCHED):
                does.cancel(id, "not needed", **counter.call("service_agent"))
            if job.state is State.ON_SITE:
                counter.worked(id, yuan(50) if job.kind is Kind.PAID else None, job.technician)
                does.leave_unsigned(id, "not at home", **counter.call(job.technician))
            if job.state in (State.ON_SITE, State.UNSIGNED):
                does.close_unsigned(id, "moved away", **counter.call("service_manager"))
            if job.state is State.SETTLED:
                does.countersign(id, **counter.call("service_manager"))
            if job.state in (State.SETTLED, State.COUNTERSIGNED):
                does.archive(id, **counter.call("service_agent"))
            assert counter.of(id).state in ENDS


@pytest.mark.rule(r.CHARGE, r.KINDS, r.SIGN_OFF)
class TestHistories(Histories.TestCase):  # type: ignore[misc, valid-type]  # made by Hypothesis
    settings = settings(max_examples=20, stateful_step_count=40, deadline=None)
