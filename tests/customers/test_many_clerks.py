"""Clerks on the same customers and payments at once: one representative at any instant, each fen used once, no update
lost (CUS-08, CUS-13, REN-06)."""

import random
import typing
from datetime import timedelta
from threading import Lock, Thread
from typing import Any, Final

import pytest

from adapters.harness import SQL, Desks
from csdomain.customers.model.customer import CUSTOMERS
from csdomain.customers.rules import MERGING, TENURE
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import Query
from csdomain.payments.rules import AMOUNT
from csdomain.payments.values import Line
from csdomain.testing import MovableClock
from payments.till import yuan

from .test_contract import ENTRIES, FLEET
from .test_tenures import Office

TURNS: Final = 12
#: So much was paid for each customer, and a little more is asked for by bills than there is.
PAID, OWED = 100, 70


@pytest.mark.rule(TENURE, MERGING, AMOUNT, "KRN-12")
@pytest.mark.parametrize(
    ("backend", "clerks"),
    [("sqlite", 8), ("postgresql", 8), *(pytest.param(name, 16, marks=pytest.mark.faults) for name in SQL)],
)
def test_whatever_clerks_do_at_once_each_customer_has_one_representative_and_no_fen_is_used_twice(
    desks: Desks, backend: str, clerks: int
) -> None:
    desk = desks(backend, rulebook="fleet")
    office, lock, kept, clock = Office(desk), Lock(), list[str](), typing.cast("MovableClock", desk.clock)
    shared = [office.given_to("a") for _ in range(3)]
    died: list[BaseException] = []
    money, finance = desk.payments, office.person("finance")
    by: Any = {"by": finance, "at": desk.clock.now()}
    came = [money.receive(id, yuan(PAID), "icbc", f"R{n}", **by).id for n, id in enumerate(shared)]
    bills = [
        [money.bills.open(f"{id}/{n}", "fee", id, [Line("work", 1, yuan(OWED))], **by).id for n in range(2)]
        for id in shared
    ]
    done: list[tuple[str, str, int]] = []

    def now() -> Any:
        with lock:
            return clock.advance(timedelta(seconds=1))

    def turn(chance: random.Random, name: str) -> None:
        boss, clerk, who = (office.person(one) for one in ("service_manager", "records_clerk", name))
        id, other = chance.sample(shared, 2)
        does = desk.customers
        match chance.randrange(8):
            case 0:
                kept.append(does.register(FLEET, by=who, at=now()).id)
            case 1:
                does.assign(id, name, by=boss, at=now())
            case 2:
                paper = does.handovers.file(
                    id, "moves away", ENTRIES, by=office.person(does.get(id, by=boss).owner), at=now()
                ).id
                try:
                    does.handovers.sign(paper, name, by=boss, at=now())
                    does.handovers.transfer(paper, by=clerk, at=now())
                except DomainError:
                    does.handovers.withdraw(paper, "nobody", by=boss, at=now())
                    raise
            case 3:
                does.merge(id, other, by=boss, at=now())
            case 4:
                does.split(id, by=boss, at=now())
            case _:
                nth, amount = chance.randrange(len(shared)), chance.choice((3, 7, 40))
                bill, payment, back = chance.choice(bills[nth]), came[nth], chance.random() < 0.3
                if back:
                    money.bills.take_back(bill, payment, yuan(amount), "for others", by=finance, at=now())
                else:
                    money.bills.apply(bill, payment, yuan(amount), by=finance, at=now())
                done.append((bill, payment, -amount if back else amount))

    turns = [0] * clerks

    def work(nth: int) -> None:
        chance = random.Random(nth)
        for _ in range(TURNS):
            try:
                turn(chance, f"rep-{nth}")
                turns[nth] += 1
            except DomainError:
                pass
            except BaseException as error:  # noqa: BLE001 - told by the test
                died.append(error)

    threads = [Thread(target=work, args=(nth,)) for nth in range(clerks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert died == []
    assert sum(turns) > clerks, "most of what they tried was refused"
    found = desk.store.look(lambda unit: unit.of(CUSTOMERS).find(Query(limit=1000)).items)
    assert {customer.id for customer in found} == {*shared, *kept}
    for customer in found:
        trail = desk.customers.trail(customer.id, by=office.person("general_manager"))
        given = [record for record in trail if record.name == "customer_assigned"]
        assert [t.representative for t in customer.tenures] == [record.facts["representative"] for record in given]
        ends = [tenure.until for tenure in customer.tenures]
        assert ends == [tenure.since for tenure in customer.tenures[1:]] + [None] * bool(customer.tenures)
        assert customer.owner == (customer.tenures[-1].representative if customer.tenures else "")
        follows = sum(record.name in ("customer_set_apart", "customer_lost") for record in trail)
        assert customer.version == len(trail) - follows, "each saving is on the trail, and none was overwritten"
    for nth, payment in enumerate(came):
        used = {bill: sum(of for one, _, of in done if one == bill) for bill in bills[nth]}
        held, owed = money.get(payment, by=finance), {bill: money.bills.get(bill, by=finance) for bill in bills[nth]}
        assert {bill: held.uses.get(bill, yuan(0)) for bill in used} == {bill: yuan(of) for bill, of in used.items()}
        assert {bill: one.collected for bill, one in owed.items()} == {bill: yuan(of) for bill, of in used.items()}
        assert all(one.collected == one.confirmed <= yuan(OWED) for one in owed.values())
        assert yuan(0) <= held.left == yuan(PAID - sum(used.values()))
    assert desk.verify().faults == ()
