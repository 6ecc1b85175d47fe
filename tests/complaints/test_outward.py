"""What complaints ask of warehouse, finance and personnel: contracts, wrong ones caught, orders through the outbox."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.test_contracts import failing
from complaints.desks import Counter
from complaints.model import cny, remedy
from complaints.test_penalties import DEDUCTION, DISCIPLINE, judged
from csdomain.complaints.ports import Order, OutwardOrders
from csdomain.complaints.rules import CERTIFICATE, CHASING, FINANCE, MONTHLY_REVIEW, REMARKS, WAREHOUSE
from csdomain.complaints.values import Goods
from csdomain.kernel.cases.delivery import MessageState, RelayPolicy
from csdomain.kernel.rules import AUDITED, PORTS
from csdomain.kernel.store.ports import DeliveryFailed, Queued
from csdomain.testing import (
    FakeFinance,
    FakePersonnel,
    FakeWarehouse,
    FinanceContract,
    PersonnelContract,
    WarehouseContract,
)
from csdomain.testing.notifier import MESSAGE
from csdomain_adapters.notify import CollectingNotifier

pytestmark = pytest.mark.rule(PORTS)

DOWN: Final = DeliveryFailed(definite=False, why="no answer")
NEVER: Final = DeliveryFailed(definite=True, why="unknown here")


def down() -> list[DeliveryFailed | None]:
    return [DOWN] * 9


# --- the fakes keep the contracts -------------------------------------------------------------------------------------


class Fake:
    """A contract kept by the fake ``of``, and by one that fails."""

    of: ClassVar[type[Any]]

    @pytest.fixture
    def part(self) -> Any:
        return self.of()

    @pytest.fixture
    def done(self, part: Any) -> Callable[[], Any]:
        return lambda: part.done

    @pytest.fixture
    def broken(self) -> Any:
        return self.of(down())


class TestFakeWarehouse(Fake, WarehouseContract):
    of = FakeWarehouse


class TestFakeFinance(Fake, FinanceContract):
    of = FakeFinance


class TestFakePersonnel(Fake, PersonnelContract):
    of = FakePersonnel


# --- wrong ones are caught --------------------------------------------------------------------------------------------


class DoesAgain(FakeFinance):
    def _take(self, what: str, order: Order, known: bool) -> None:
        super()._take(what, attrs.evolve(order, key=f"{order.key}#{self.deliveries}" if order.key else ""), known)


class TakesTheLast(FakeFinance):
    def _take(self, what: str, order: Order, known: bool) -> None:
        self.done.pop(order.key, None)
        super()._take(what, order, known)


class TakesAnything(FakeFinance):
    def _take(self, what: str, order: Order, known: bool) -> None:
        self.done.setdefault(order.key, (what, order))


class RefusesForNow(FakeFinance):
    def _take(self, what: str, order: Order, known: bool) -> None:
        try:
            super()._take(what, order, known)
        except DeliveryFailed as error:
            raise DeliveryFailed(definite=False, why=error.why) from error


class LosesSome(FakeFinance):
    def _take(self, what: str, order: Order, known: bool) -> None:
        super()._take(what, order, known)
        if len(self.done) > 20:
            self.done.popitem()


class MixesUpOrders(FakeFinance):
    def book_discount(self, order: Order, /) -> None:
        self.compare_return(order)


class ForgetsTheAmount(FakeFinance):
    def _take(self, what: str, order: Order, known: bool) -> None:
        super()._take(what, attrs.evolve(order, amount=0), known)


class ForTheWrongDesk(FakeWarehouse):
    def expect_return(self, order: Order, /) -> None:
        self._take("expect", order, known=True)


class AcceptsNoName(FakePersonnel):
    def discipline(self, order: Order, /) -> None:
        self._take("discipline", order, known=True)


def caught(contract: type, kind: type[Any], broken: Callable[[], Any] = lambda: FakeFinance(down())) -> set[str]:
    made: list[Any] = []

    def part() -> Any:
        made.append(kind())
        return made[-1]

    return failing(contract, part=part, done=lambda: lambda: made[-1].done, broken=broken)


@pytest.mark.rule(FINANCE, CERTIFICATE, WAREHOUSE, MONTHLY_REVIEW)
@pytest.mark.parametrize(
    ("contract", "wrong"),
    [
        (WarehouseContract, ForTheWrongDesk),
        (PersonnelContract, AcceptsNoName),
        *((FinanceContract, wrong) for wrong in FakeFinance.__subclasses__()),
    ],
)
def test_a_wrong_one_is_caught_and_the_right_one_is_not(contract: type, wrong: type[Any]) -> None:
    assert caught(contract, wrong)
    (right,) = wrong.__bases__
    assert caught(contract, right, lambda: right(down())) == set()


@pytest.mark.rule(FINANCE)
def test_a_failure_that_is_not_said_or_final_is_caught() -> None:
    assert caught(FinanceContract, FakeFinance, broken=FakeFinance)
    assert caught(FinanceContract, FakeFinance, broken=lambda: FakeFinance([NEVER] * 9))


# --- orders leave through the outbox ----------------------------------------------------------------------------------


GOODS: Final = Goods("engine", "2026-01", 2)
GRANTED: Final = remedy(cny(900), compensation=cny(300), returns=[GOODS])
#: The steps of a case that gives every order there is, and whom each sends an order.
STEPS: Final[tuple[tuple[tuple[Any, ...], str], ...]] = (
    *((("remark", "the invoice is wrong", "finance"), ""), (("submit", GRANTED), ""), (("approve",), "")),
    *((("draw_slip",), ""), (("sign_slip",), "expect_return"), (("take_in", [GOODS]), "compare_return")),
    *(
        (("draw_certificate", cny(300)), ""),
        (("sign_certificate",), ""),
        (("countersign_certificate",), "book_discount"),
    ),
    *((("answer",), ""), (("close",), ""), (("review",), ""), (("approve_penalty",), "discipline")),
    *((("approve_penalty", 2), ""), (("notice_penalty", 2), "deduct")),
)


def whole(counter: Counter) -> None:
    """Each order is given when its step is taken, and not before."""
    counter.accepted()
    counter.judged(judged(DISCIPLINE, DEDUCTION))
    given: list[str] = []
    for step, order in STEPS:
        counter.go(step)
        given += [order] if order else []
        assert sorted(name for name in {wanted[0] for wanted in WANTED} if counter.messages(name)) == sorted(given)


#: Name of the order, number, pieces, amount, discipline.
WANTED: Final = {
    ("expect_return", "TH202603-0001", 0, 0, ""),
    ("compare_return", "TH202603-0001", 2, 0, ""),
    ("book_discount", "ZK202603-0001", 0, 30_000, ""),
    ("discipline", "1", 0, 0, "warning"),
    ("deduct", "2", 0, 8_000, ""),
}
luck = st.lists(st.sampled_from([DOWN, DOWN, None]), max_size=12)


def noted(*parts: Any) -> list[tuple[Any, ...]]:
    return [
        (name, order.number, order.pieces, order.amount, order.discipline)
        for part in parts
        for name, order in part.done.values()
    ]


@pytest.mark.rule(WAREHOUSE, FINANCE, CERTIFICATE, MONTHLY_REVIEW, AUDITED)
@given(luck, luck, luck, st.lists(st.booleans(), max_size=4))
def test_every_order_arrives_at_least_once_and_is_done_exactly_once(
    warehouse: list[DeliveryFailed | None],
    finance: list[DeliveryFailed | None],
    personnel: list[DeliveryFailed | None],
    dies: list[bool],
) -> None:
    """However often delivery fails, or the relay dies after an order was taken and before that was noted."""
    counter = Counter.open()
    whole(counter)
    others = CollectingNotifier()
    # A relay that dies has used up an attempt of all that it held; after the eighth a message is given up.
    most = RelayPolicy().attempts - 1 - sum(dies)
    parts = FakeWarehouse(warehouse[:most]), FakeFinance(finance[:most]), FakePersonnel(personnel[:most])
    orders = OutwardOrders(others, *parts)
    deaths = list(dies)

    class Dying:
        def send(self, message: Queued, /) -> None:
            orders.send(message)
            if deaths and deaths.pop(0):
                raise KeyboardInterrupt

    for _ in range(40):
        try:
            report = counter.desk.relay(Dying())
        except KeyboardInterrupt:
            report = None
        if (
            report is not None
            and not report.retrying
            and not counter.desk.store.look(lambda unit: unit.session.outbox(unsent=True, limit=1))
        ):
            break
        counter.clock.advance(timedelta(days=3))
    assert len(noted(*parts)) == len(WANTED)
    assert set(noted(*parts)) == WANTED
    orders_sent = {
        message.key for message in counter.desk.store.look(lambda u: u.session.outbox(unsent=False, limit=99))
    }
    assert set(others.sent) | {key for part in parts for key in part.done} == orders_sent


@pytest.mark.rule(REMARKS, CHASING)
def test_departments_that_are_told_something_else_are_told_it() -> None:
    """A remark for finance, a part that the warehouse is to do: they are departments, these are no orders."""
    counter, others = Counter.open(), CollectingNotifier()
    counter.accepted()
    counter.do("remark", "the invoice is wrong", "finance", by="sales")
    until = counter.clock.now() + timedelta(days=9)
    counter.do("involve", ["warehouse", "personnel"], until, by="service_agent")
    counter.clock.advance(timedelta(days=2))
    counter.desk.sweep()
    parts = FakeWarehouse(), FakeFinance(), FakePersonnel()
    assert counter.desk.relay(OutwardOrders(others, *parts)).dead == 0
    told = {(message.to, message.occasion.partition(".")[2]) for message in others.sent.values()}
    assert told >= {("finance", "remark"), ("warehouse", "part_wanted"), ("warehouse", "reminder")}
    assert noted(*parts) == []


@pytest.mark.parametrize(
    ("to", "occasion"),
    [
        ("warehouse", "complaint.deduct"),
        ("finance", "complaint.expect_return"),
        ("personnel", "complaint.book_discount"),
        ("sales", "complaint.discipline"),
        ("customer-1", "complaint.compare_return"),
    ],
)
def test_an_order_to_somebody_else_is_refused_for_good(to: str, occasion: str) -> None:
    others, parts = CollectingNotifier(), (FakeWarehouse(), FakeFinance(), FakePersonnel())
    facts: dict[str, Any] = {"complaint": "cmp_1", "slip": "TH1", "pieces": 1, "amount": 1, "kind": "warning"}
    with pytest.raises(DeliveryFailed) as caught:
        OutwardOrders(others, *parts).send(attrs.evolve(MESSAGE, to=to, occasion=occasion, facts=facts))
    assert caught.value.definite
    assert to not in str(caught.value)
    assert not others.sent
    assert noted(*parts) == []


def test_what_is_refused_for_good_is_not_tried_again_and_is_listed() -> None:
    counter = Counter.open()
    whole(counter)
    parts = FakeWarehouse([NEVER]), FakeFinance(), FakePersonnel()
    report = counter.desk.relay(OutwardOrders(CollectingNotifier(), *parts))
    assert (report.dead, report.retrying) == (1, 0)
    assert parts[0].deliveries == 1
    (dead,) = counter.desk.store.look(lambda unit: unit.session.outbox(state=MessageState.DEAD, limit=9))
    assert (dead.to, dead.occasion) == ("warehouse", "complaint.expect_return")
