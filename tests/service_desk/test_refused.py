"""What is wrong with a job is refused by name on every backend, and nothing has changed (SVC-01…08)."""

from datetime import timedelta
from typing import Any

import pytest

from adapters.harness import BACKENDS, Desks
from csdomain.kernel.rules.errors import MoveRefused, RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.payments.model.bill import BILLS
from csdomain.payments.model.payment import PAYMENTS
from csdomain.service_desk import rules as r
from csdomain.service_desk.model.check import CHECKS
from csdomain.service_desk.model.columns import JOBS
from csdomain.service_desk.model.parts import NotCleared, OutOfTurn
from csdomain.service_desk.policies import NotCharged
from csdomain.service_desk.values import InHand, Kind, MalformedJob, Work
from refused import Wrong, check_refused
from service_desk.counter import Counter, calling, yuan


class Prepared(Counter):
    """Jobs at every step, one carried over from the day before and one that goes out of town."""

    def __init__(self, desk: Any) -> None:
        super().__init__(desk)
        self.carried = self.received()
        self.away = self.received(out_of_town=True)
        self.later(days=1)
        self.fresh = self.received()
        self.there = self.on_site(self.received(), "ben", "urgent")
        self.covered, self.free, self.internal = (
            self.on_site(self.received(kind), "ben", "urgent") for kind in (Kind.CONTRACT, Kind.FREE, Kind.INTERNAL)
        )
        self.goes = self.dispatched(self.received(), "ben", "urgent")
        self.dear = self.worked(self.on_site(self.received(), "ann", "urgent"), yuan("200.01"))
        self.signed = self.worked(self.on_site(self.received(), "ann", "urgent"), yuan(150))
        self.does.settle(self.signed, "Mrs Wang", **self.call("ann"))
        self.open = self.worked(self.on_site(self.received(), "ann", "urgent"), yuan(150))
        self.does.leave_unsigned(self.open, "not at home", **self.call("ann"))

    def enters(self, of: str, fee: Money | None, **more: float) -> object:
        began = self.now + timedelta(**more)
        return self.does.enter(of, Work(done="a roller", began=began, ended=began), fee, **self.call("ben"))

    def sends(self, of: str, minutes: int = 60, reason: str = "") -> object:
        when = self.now + timedelta(minutes=minutes)
        return self.does.dispatch(of, "ben", when, reason, **self.call("service_manager"))


WRONG: dict[str, Wrong[Prepared]] = {
    "under no contract": (
        lambda it: it.does.receive(calling(Kind.CONTRACT, cover=""), **it.call("service_agent")),
        MalformedJob,
    ),
    "a fee under a contract": (lambda it: it.enters(it.covered, yuan(1)), NotCharged),
    "an internal service with a fee": (lambda it: it.enters(it.internal, yuan(1)), NotCharged),
    "a free service with a fee": (lambda it: it.enters(it.free, yuan(1)), NotCharged),
    "a paid service without a fee": (lambda it: it.enters(it.there, None), MalformedJob),
    "a fee of nothing": (lambda it: it.enters(it.there, yuan(0)), MalformedJob),
    "work that began before anybody was there": (lambda it: it.enters(it.there, yuan(9), days=-1), RuleBroken),
    "work of the future": (lambda it: it.enters(it.there, yuan(9), hours=1), RuleBroken),
    "dispatched out of turn": (lambda it: it.sends(it.fresh), OutOfTurn),
    "dispatched into the past": (lambda it: it.sends(it.carried, -60), RuleBroken),
    "out of town without an application": (lambda it: it.sends(it.away, 60, "urgent"), NotCleared),
    "dispatched twice": (lambda it: it.sends(it.goes, 60, "urgent"), MoveRefused),
    "settled before work is entered": (lambda it: it.does.settle(it.there, "W", **it.call("ben")), RuleBroken),
    "settled before anybody is there": (lambda it: it.does.settle(it.goes, "W", **it.call("ben")), MoveRefused),
    "signed by nobody": (lambda it: it.does.settle(it.dear, "", **it.call("ann")), MalformedJob),
    "signed twice": (lambda it: it.does.settle(it.signed, "Mrs Wang", **it.call("ann")), MoveRefused),
    "a dear fee taken on the spot": (
        lambda it: it.does.settle(it.dear, "Mrs Wang", yuan("200.01"), **it.call("ann")),
        RuleBroken,
    ),
    "archived without the manager": (lambda it: it.does.archive(it.signed, **it.call("service_agent")), MoveRefused),
    "countersigned before the customer": (
        lambda it: it.does.countersign(it.open, **it.call("service_manager")),
        MoveRefused,
    ),
    "closed without a reason": (
        lambda it: it.does.close_unsigned(it.open, "", **it.call("service_manager")),
        MalformedJob,
    ),
    "a cost at home": (
        lambda it: it.does.book_cost(it.fresh, "travel", yuan(1), **it.call("service_manager")),
        RuleBroken,
    ),
    "a voucher twice in hand": (
        lambda it: it.does.checks.check([InHand(voucher="V"), InHand(voucher="V")], **it.call("service_agent")),
        MalformedJob,
    ),
}


@pytest.mark.rule(r.KINDS, r.DISPATCH, r.ON_THE_SPOT, r.CHARGE, r.SIGN_OFF, r.DAILY_CHECK, r.OUT_OF_TOWN)
@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_wrong_is_refused_by_name_and_nothing_changes(desks: Desks, backend: str) -> None:
    it = Prepared(desks(backend, rulebook="after_sales"))
    check_refused(it, it.desk, WRONG, (JOBS, CHECKS, BILLS, PAYMENTS))
    assert it.desk.verify().faults == ()
