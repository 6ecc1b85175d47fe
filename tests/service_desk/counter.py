"""What the tests of the service desk share: a desk and its people, calls, and ports without a store."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final

from csdomain.desk import Desk
from csdomain.kernel.rules import Text
from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.payments.model.bill import Bill
from csdomain.payments.values import bill_of
from csdomain.service_desk.model.act import JobAct
from csdomain.service_desk.model.job import Job
from csdomain.service_desk.ports import AnyContract
from csdomain.service_desk.rules import CHARGE
from csdomain.service_desk.values import Call, Contact, Entry, Kind, Product, Trip, Work
from csdomain.testing import memory_desk, staff

WHO: Final = Contact(name="Wang", phone="13800000000", address="1 Main Street")
PRINTER: Final = Product(model="P-100", specification="A4", bought_on=date(2026, 1, 15), bought_at="Kunming")
#: Why each kind costs what it costs.
COVERS: Final = {Kind.PAID: "", Kind.CONTRACT: "HT-1", Kind.FREE: "goodwill", Kind.INTERNAL: ""}


def yuan(amount: str | int) -> Money:
    return Money.of(amount, "CNY")


def calling(kind: Kind = Kind.PAID, **more: Any) -> Call:
    whose = "" if kind is Kind.INTERNAL else "customer-1"
    given = {"kind": kind, "contact": WHO, "product": PRINTER, "problem": "jams", "customer": whose}
    return Call(**{**given, "cover": COVERS[kind], **more})


def trip(technician: str = "service_agent", **more: Any) -> Trip:
    days = {"since": date(2026, 3, 1), "until": date(2026, 4, 30)}
    return Trip(**{"technician": technician, "town": "Dali", "estimate": yuan(900), **days, **more})


class FakeTill:
    """Bills and payments that are only counted. Satisfies Till."""

    small_fee = yuan(200)

    def charge(self, by: Actor, at: datetime, job: str, customer: str, fee: Money, /) -> str:
        return bill_of(job, "fee")

    def take(self, by: Actor, at: datetime, job: str, customer: str, amount: Money, /) -> str:
        if amount > self.small_fee:
            raise RuleBroken(CHARGE, accepted=Text("an invoice first", "先开票"))
        return "payment-1"


class FakeJobs:
    """Nobody waits, no voucher is out. Satisfies Jobs."""

    def waiting(self, branch: str, before: datetime, /) -> str | None:
        return None

    def entries(self, branch: str, /) -> Sequence[Entry]:
        return []


def hand(**given: Any) -> JobAct:
    return JobAct(till=FakeTill(), cover=AnyContract(), jobs=FakeJobs(), works=lambda *_: True, **given)


class Counter:
    """A desk and its people; each command a minute after the last."""

    def __init__(self, desk: Desk | None = None, position: str = "service_agent") -> None:
        self.desk = memory_desk(strict_locks=True) if desk is None else desk
        self.who = dict(staff(self.desk))
        for name in ("ann", "ben"):
            self.who[name] = self.desk.actor(name, branch="hq", positions=(position,))
        self.does = self.desk.service_desk

    @property
    def now(self) -> datetime:
        return self.desk.clock.now()

    def call(self, who: str, **options: Any) -> dict[str, Any]:
        self.later(minutes=1)
        return {"by": self.who[who], "at": self.now, **options}

    def later(self, **much: float) -> None:
        self.desk.clock.advance(timedelta(**much))  # type: ignore[attr-defined]  # a movable one

    def received(self, kind: Kind = Kind.PAID, **more: Any) -> str:
        return self.does.receive(calling(kind, **more), **self.call("service_agent")).id

    def dispatched(self, id: str, technician: str = "ann", reason: str = "") -> str:
        call = self.call("service_manager")
        return self.does.dispatch(id, technician, self.now + timedelta(hours=2), reason, **call).id

    def on_site(self, id: str, technician: str = "ann", reason: str = "") -> str:
        self.dispatched(id, technician, reason)
        return self.does.arrive(id, **self.call(technician)).id

    def worked(self, id: str, fee: Money | None = None, technician: str = "ann") -> str:
        began = self.now
        self.later(minutes=30)
        work = Work(done="a new roller", began=began, ended=self.now)
        return self.does.enter(id, work, fee, **self.call(technician)).id

    def settled(self, id: str, fee: Money | None = None, cash: Money | None = None) -> str:
        self.worked(self.on_site(id), fee)
        return self.does.settle(id, "Mrs Wang", cash, **self.call("ann")).id

    def of(self, id: str) -> Job:
        return self.does.get(id, by=self.who["service_manager"])

    def bill(self, id: str) -> Bill:
        return self.desk.payments.bills.get(bill_of(id, "fee"), by=self.who["finance"])

    def told(self, *occasions: str) -> list[tuple[str, str]]:
        """What waits in the outbox: the occasion, and to whom."""
        queued = self.desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=999))
        return [(one.occasion, one.to) for one in queued if not occasions or one.occasion in occasions]
