"""Lists on SQL: each shape of query is compiled once, and no number of shapes fills the memory."""

from typing import Any

import pytest

from adapters.harness import SQL, Desks
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.case.columns import CUSTOMER, NUMBER
from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.kinds import Query
from csdomain.testing import agent, received
from csdomain_adapters.sql import SqlStore
from csdomain_adapters.sql.listings import _SHAPES

pytestmark = [pytest.mark.rule(PORTS), pytest.mark.parametrize("backend", SQL)]


def made(store: Any) -> dict[object, Any]:
    assert isinstance(store, SqlStore)
    return store._schema.of(COMPLAINTS).listings._made


def test_a_shape_is_compiled_once_whatever_its_values(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    ids = [received(desk).id for _ in range(3)]
    by, kept = agent(desk), made(desk.store)
    kept.clear()  # what opening a desk asked
    for limit in (1, 2, 3):
        for customer in ("customer-1", "nobody"):
            page = desk.complaints.find(Query((CUSTOMER.is_(customer),), limit=limit), by=by)
            assert [case.id for case in page.items] == (ids[:limit] if customer == "customer-1" else [])
    assert len(kept) == 1
    desk.complaints.find(Query((CUSTOMER.is_("x"),), descending=True), by=by)
    desk.complaints.find(Query((CUSTOMER.absent(),)), by=by)
    desk.complaints.find(Query((CUSTOMER.is_("x"),), order_by="number"), by=by)
    desk.complaints.find(Query((CUSTOMER.is_("x"),), after=(ids[0], ids[0])), by=by)
    assert len(kept) == 5


def test_lists_of_any_length_can_be_looked_for_and_the_shapes_stay_few(desks: Desks, backend: str) -> None:
    desk = desks(backend)
    first = received(desk).number
    by, kept = agent(desk), made(desk.store)
    for length in range(_SHAPES + 20):
        numbers = [f"KS-{n}" for n in range(length)]
        assert not desk.complaints.find(Query((NUMBER.among(numbers),)), by=by).items
        assert len(kept) <= _SHAPES
    page = desk.complaints.find(Query((NUMBER.among([*map(str, range(500)), first]),)), by=by)
    assert [case.number for case in page.items] == [first]
