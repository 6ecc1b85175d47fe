"""Units lock in one order: by the order of kinds, by id within a kind, numbers last (D19)."""

import logging
from collections.abc import Callable
from typing import Any, Final

import attrs
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from csdomain.contexts import LOCK_ORDER, contexts
from csdomain.desk import Desk
from csdomain.kernel.rules import ONE_WRITER
from csdomain.kernel.store.kinds import Kind
from csdomain.kernel.store.locks import OTHERS, LockOrder, LockRanks
from csdomain.kernel.store.unit import StandardUnit
from csdomain.kernel.values.ids import IdKind
from csdomain.kernel.values.numbering import NumberPattern
from csdomain.testing import Rig, complaint_form, memory_desk, received, staff
from csdomain.testing.base import PICK, SPECIMEN, Specimen
from csdomain.testing.kit import HANDLING
from csdomain_adapters.memory.store import MemoryStore

pytestmark = pytest.mark.rule(ONE_WRITER)
NUMBER: Final = NumberPattern("N-{seq}")
KINDS: Final[dict[str, Kind[Specimen]]] = {
    table: Kind(Specimen, IdKind("spc"), table) for table in ("complaint", "customer", "shelf", "parcel")
}
IDS: Final = [SPECIMEN.make(millis=n, randomness=0) for n in range(3)]


def store_of(strict: bool) -> Rig:
    rig = Rig(lambda _stored, backstage: MemoryStore(attrs.evolve(backstage, locks=LockRanks(LOCK_ORDER, strict))))
    for kind in KINDS.values():
        for id in IDS[:2]:
            rig.run(lambda unit: unit.of(kind).add(Specimen(id)))  # noqa: B023 - run at once
    return rig


steps = st.lists(
    st.tuples(st.sampled_from(["load", "obtain", "make", "number"]), st.sampled_from(sorted(KINDS)), st.integers(0, 2)),
    max_size=6,
)


@given(steps)
@example([("make", "complaint", 2), ("load", "complaint", 2), ("load", "complaint", 0)])
def test_what_a_unit_locks_out_of_order_raises_and_nothing_else(steps: list[tuple[str, str, int]]) -> None:
    rig, order = store_of(strict=True), ["complaint", "parcel", "customer", "shelf"]
    held: list[tuple[int, int]] = []
    made: set[tuple[int, int]] = set()
    drawn = False

    def work(unit: StandardUnit) -> None:
        nonlocal drawn
        for step, table, n in steps:
            place, kind, id = (order.index(table), n), KINDS[table], IDS[n]
            if step == "number":
                unit.number(NUMBER, rig.clock.now(), zone="UTC")
                drawn = True
            elif step == "make":
                if n == 2 and place not in {*made, *held}:
                    unit.of(kind).add(Specimen(id))
                    made.add(place)
            elif n < 2 or place in made or step == "obtain":
                wrong = place not in {*held, *made} and (drawn or any(place < other for other in held))
                with pytest.raises(LockOrder) if wrong else _nothing():
                    if step == "load":
                        unit.load(kind, id, may=PICK, by=rig.actor())
                    else:
                        unit.obtain(kind, id, lambda: Specimen(id))  # noqa: B023 - run at once
                if place not in made:  # nobody else can wait for what this unit has made
                    held.append(place)

    rig.run(work)


@attrs.frozen
class _nothing:  # noqa: N801 - as contextlib's
    def __enter__(self) -> None: ...
    def __exit__(self, *_: object) -> None: ...


def test_elsewhere_it_is_logged_and_the_work_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    rig = store_of(strict=False)
    with caplog.at_level(logging.WARNING, "csdomain.locks"):
        rig.run(lambda unit: [unit.load(KINDS["shelf"], id, may=PICK, by=rig.actor()) for id in (IDS[1], IDS[0])])
    assert [record.getMessage() for record in caplog.records] == [
        f"shelf {IDS[0]} is locked after shelf {IDS[1]}: lock it before, kinds in order, ids ascending"
    ]


def test_every_kind_of_the_house_has_its_place() -> None:
    assert {kind.table for context in contexts() for kind in context.kinds} <= set(LOCK_ORDER)
    assert len(set(LOCK_ORDER)) == len(LOCK_ORDER)
    assert OTHERS in LOCK_ORDER


# --- what an app that combines use cases meets
def _two(desk: Desk) -> tuple[str, str]:
    return received(desk).id, received(desk).id


@pytest.mark.parametrize(
    ("work", "why"),
    [
        (lambda d, c, by, at: [d.check(id, "ours", by=by["sales"], at=at) for id in reversed(c)], "ids ascending"),
        (
            lambda d, c, by, at: [
                d.receive(complaint_form(), by=by["service_agent"], at=at),
                d.check(c[0], "ours", by=by["sales"], at=at),
            ],
            "number KS202603-0003 was drawn",
        ),
    ],
)
def test_use_cases_that_an_app_combines_the_wrong_way_round_fail_in_its_tests(
    work: Callable[..., Any], why: str
) -> None:
    desk = memory_desk()
    cases, by, at = _two(desk), staff(desk), desk.clock.now()
    with pytest.raises(LockOrder, match=why):
        desk.together(lambda inner: work(inner.complaints, cases, by, at))
    loose = memory_desk(strict_locks=False)
    cases = _two(loose)
    loose.together(lambda inner: work(inner.complaints, cases, staff(loose), at))


def test_use_cases_in_order_go_together() -> None:
    desk = memory_desk()
    (first, second), by, at = _two(desk), staff(desk), desk.clock.now()

    def work(inner: Any) -> str:
        for id in (first, second):
            inner.complaints.check(id, "ours", by=by["sales"], at=at)
        inner.complaints.accept(first, HANDLING, by=by["service_agent"], at=at)
        third = inner.complaints.receive(complaint_form(), by=by["service_agent"], at=at).id
        inner.complaints.check(third, "ours", by=by["sales"], at=at)
        return str(third)

    assert desk.complaints.get(desk.together(work), by=by["sales"]).state.value == "checked"
