"""For every history of jobs: what was charged is collected or open, every job reaches an end, B, C and D are free."""

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

ENDS: Final = (State.ARCHIVED, State.CLOSED_UNSIGNED, State.CANCELLED)
amounts = st.none() | st.sampled_from([0, 50, 199, 200, 201, 900]).map(yuan)


class Histories(RuleBasedStateMachine):
    """Whatever is tried, by whoever may, in any order; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.counter = Counter()
        self.jobs: list[str] = []
        self.fees: dict[str, Any] = {}

    def one(self, data: Any) -> str:
        if not self.jobs:
            self.receive(Kind.PAID)
        id: str = data.draw(st.sampled_from(self.jobs))
        return id

    def do(self, name: str, id: str, *args: Any, who: str = "") -> None:
        job = self.counter.of(id)
        call = self.counter.call(who or job.technician or "service_manager")
        with suppress(DomainError):
            getattr(self.counter.does, name)(id, *args, **call)
        after = self.counter.of(id)
        assert after.version > job.version or after == job

    @rule(kind=st.sampled_from(Kind))
    def receive(self, kind: Kind) -> None:
        self.jobs.append(self.counter.received(kind))

    @rule(data=st.data(), who=st.sampled_from(["ann", "ben"]))
    def dispatch(self, data: Any, who: str) -> None:
        expected = self.counter.now + timedelta(hours=1)
        self.do("dispatch", self.one(data), who, expected, "urgent", who="service_manager")

    @rule(data=st.data(), name=st.sampled_from(["arrive", "arrive", "call_off", "cancel", "unsettle"]))
    def visit(self, data: Any, name: str) -> None:
        more = {"arrive": (), "unsettle": ("no part", "bring one")}.get(name, ("ill",))
        who = "" if name in ("arrive", "unsettle") else "service_manager" if name == "call_off" else "service_agent"
        self.do(name, self.one(data), *more, who=who)

    @rule(data=st.data(), fee=amounts)
    def enter(self, data: Any, fee: Any) -> None:
        at = self.counter.now
        self.do("enter", self.one(data), Work(done="a new roller", began=at, ended=at), fee)

    @rule(data=st.data(), cash=amounts)
    def settle(self, data: Any, cash: Any) -> None:
        self.do("settle", self.one(data), "Mrs Wang", cash)

    @rule(data=st.data(), kind=st.sampled_from(Kind))
    def classify(self, data: Any, kind: Kind) -> None:
        cover = {Kind.CONTRACT: "HT-1", Kind.FREE: "goodwill"}.get(kind, "")
        self.do("classify", self.one(data), kind, cover, "typed wrong", who="service_manager")

    @rule(data=st.data(), name=st.sampled_from(["leave_unsigned", "close_unsigned", "countersign", "archive"]))
    def end(self, data: Any, name: str) -> None:
        who = {"leave_unsigned": "", "archive": "service_agent"}.get(name, "service_manager")
        self.do(name, self.one(data), *(("moved away",) if "unsigned" in name else ()), who=who)

    @rule(data=st.data(), amount=amounts)
    def pay(self, data: Any, amount: Any) -> None:
        self.do("collect", self.one(data), amount or yuan(10), who="service_agent")

    @rule(data=st.data())
    def invoice(self, data: Any) -> None:
        if bill := self.counter.of(self.one(data)).bill:
            with suppress(DomainError):
                self.counter.desk.payments.bills.invoice(bill, "F-1", **self.counter.call("finance"))

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
