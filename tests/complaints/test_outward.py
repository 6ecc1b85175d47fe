"""What complaints ask of warehouse, finance and personnel: contracts, wrong ones caught, orders through the outbox."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.test_contracts import failing
from complaints.desks import Counter, cny, remedy
from complaints.test_penalties import DEDUCTION, DISCIPLINE, judged
from csdomain.complaints.ports import Order, OutwardOrders
from csdomain.complaints.rules import CERTIFICATE, CHASING, FINANCE, MONTHLY_REVIEW, REMARKS, WAREHOUSE
from csdomain.complaints.values import Channel, Goods
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


class TestFakeWarehouse(WarehouseContract):
    @pytest.fixture
    def warehouse(self) -> FakeWarehouse:
        return FakeWarehouse()

    @pytest.fixture
    def done(self, warehouse: FakeWarehouse) -> Callable[[], Any]:
        return lambda: warehouse.done

    @pytest.fixture
    def broken(self) -> FakeWarehouse:
        return FakeWarehouse(down())


class TestFakeFinance(FinanceContract):
    @pytest.fixture
    def finance(self) -> FakeFinance:
        return FakeFinance()

    @pytest.fixture
    def done(self, finance: FakeFinance) -> Callable[[], Any]:
        return lambda: finance.done

    @pytest.fixture
    def broken(self) -> FakeFinance:
        return FakeFinance(down())


class TestFakePersonnel(PersonnelContract):
    @pytest.fixture
    def personnel(self) -> FakePersonnel:
        return FakePersonnel()

    @pytest.fixture
    def done(self, personnel: FakePersonnel) -> Callable[[], Any]:
        return lambda: personnel.done

    @pytest.fixture
    def broken(self) -> FakePersonnel:
        return FakePersonnel(down())


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


def caught_finance(kind: type[FakeFinance], broken: Callable[[], Any] = lambda: FakeFinance(down())) -> set[str]:
    made: list[FakeFinance] = []

    def part() -> FakeFinance:
        made.append(kind())
        return made[-1]

    return failing(FinanceContract, part=part, done=lambda: lambda: made[-1].done, broken=broken)


@pytest.mark.rule(FINANCE, CERTIFICATE)
@pytest.mark.parametrize(
    "wrong", [DoesAgain, TakesTheLast, TakesAnything, RefusesForNow, LosesSome, MixesUpOrders, ForgetsTheAmount]
)
def test_wrong_finance_is_caught(wrong: type[FakeFinance]) -> None:
    assert caught_finance(wrong)


@pytest.mark.rule(FINANCE)
def test_right_finance_is_not_and_a_failure_that_is_not_said_or_final_is_caught() -> None:
    assert caught_finance(FakeFinance) == set()
    assert caught_finance(FakeFinance, broken=FakeFinance)
    assert caught_finance(FakeFinance, broken=lambda: FakeFinance([NEVER] * 9))


class ForTheWrongDesk(FakeWarehouse):
    def expect_return(self, order: Order, /) -> None:
        self._take("expect", order, known=True)


class AcceptsNoName(FakePersonnel):
    def discipline(self, order: Order, /) -> None:
        self._take("discipline", order, known=True)


@pytest.mark.rule(WAREHOUSE, MONTHLY_REVIEW)
def test_wrong_warehouses_and_personnel_are_caught() -> None:
    def against(contract: type, kind: type[Any]) -> set[str]:
        made: list[Any] = []

        def part() -> Any:
            made.append(kind())
            return made[-1]

        return failing(contract, part=part, done=lambda: lambda: made[-1].done, broken=lambda: None)

    assert against(WarehouseContract, FakeWarehouse) == against(PersonnelContract, FakePersonnel) == set()
    assert against(WarehouseContract, ForTheWrongDesk)
    assert against(PersonnelContract, AcceptsNoName)


# --- orders leave through the outbox ----------------------------------------------------------------------------------


def whole(counter: Counter) -> None:
    """A case that gives every order there is."""
    counter.accepted()
    counter.do("remark", "the invoice is wrong", "finance", by="sales")
    counter.judged(judged(DISCIPLINE, DEDUCTION))
    goods = Goods("engine", "2026-01", 2)
    counter.do("submit", remedy(cny(900), compensation=cny(300), returns=[goods]), by="service_agent")
    counter.do("approve", by="sales_manager")
    slip = counter.do("draw_slip", "truck", by="sales").number
    counter.do("sign_slip", slip, by="deputy_for_sales")
    counter.do("take_in", slip, [goods], by="warehouse_keeper")
    certificate = counter.do("draw_certificate", cny(300), by="sales").number
    counter.do("sign_certificate", certificate, by="deputy_for_sales")
    counter.do("countersign_certificate", certificate, by="sales")
    counter.do("answer", Channel.LETTER, "We are sorry.", by="sales")
    counter.do("close", "done", by="service_agent")
    counter.do("review", "sales", by="gm_office")
    counter.do("approve_penalty", 1, by="deputy_general_manager")
    counter.do("approve_penalty", 2, by="deputy_general_manager")
    counter.do("notice_penalty", 2, by="general_manager")


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
