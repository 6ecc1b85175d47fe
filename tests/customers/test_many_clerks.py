"""Eight clerks on the same customers at once: one representative at any instant, no update lost (CUS-08, CUS-13)."""

import random
import typing
from datetime import timedelta
from threading import Lock, Thread
from typing import Any

import pytest

from adapters.harness import Desks
from csdomain.customers.model.customer import CUSTOMERS
from csdomain.customers.rules import MERGING, TENURE
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import Query
from csdomain.testing import MovableClock

from .test_contract import ENTRIES, FLEET
from .test_tenures import Office

CLERKS, TURNS = 8, 12


@pytest.mark.rule(TENURE, MERGING, "KRN-12")
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
def test_whatever_eight_clerks_do_at_once_each_customer_has_one_representative(desks: Desks, backend: str) -> None:
    desk = desks(backend, rulebook="fleet")
    office, lock, kept, clock = Office(desk), Lock(), list[str](), typing.cast("MovableClock", desk.clock)
    shared = [office.given_to("a") for _ in range(3)]
    died: list[BaseException] = []

    def now() -> Any:
        with lock:
            return clock.advance(timedelta(seconds=1))

    def turn(chance: random.Random, name: str) -> None:
        boss, clerk, who = (office.person(one) for one in ("service_manager", "records_clerk", name))
        id, other = chance.sample(shared, 2)
        does = desk.customers
        match chance.randrange(5):
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
            case _:
                does.split(id, by=boss, at=now())

    done = [0] * CLERKS

    def work(nth: int) -> None:
        chance = random.Random(nth)
        for _ in range(TURNS):
            try:
                turn(chance, f"rep-{nth}")
                done[nth] += 1
            except DomainError:
                pass
            except BaseException as error:  # noqa: BLE001 - told by the test
                died.append(error)

    threads = [Thread(target=work, args=(nth,)) for nth in range(CLERKS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert died == []
    assert sum(done) > CLERKS, "most of what they tried was refused"
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
