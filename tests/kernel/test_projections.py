"""What a projection refuses when it is declared, and a case that begins while its rows are made again (D20)."""

from typing import Any

import attrs
import pytest

from csdomain.kernel.rules import PORTS
from csdomain.kernel.store.projections import Derived, Projection, rebuild
from csdomain.kernel.store.registers import Mode, Register
from csdomain.kernel.store.unit import StoredRepository
from csdomain.testing import Rig
from csdomain.testing.base import PICKING, SPECIMENS
from csdomain.testing.samples import HEAPS, PICKS, TERMS, Pick
from csdomain_adapters.memory.store import MemoryStore

pytestmark = pytest.mark.rule(PORTS)


@attrs.frozen
class Loose:
    """A row that names no case."""

    event: str
    subject: str | None


def declared(*index: tuple[str, ...], key: tuple[str, ...] = ("event", "nth")) -> Register[Pick]:
    return Register(Pick, "test_other", Mode.DISPOSABLE, key, indexes=index)


@pytest.mark.parametrize(
    ("register", "subject", "why"),
    [
        (HEAPS, "place", "DISPOSABLE"),
        (declared(), "subject", "no index begins"),
        (declared(("subject",)), "weight", "names no case"),
        (Register(Loose, "test_loose", Mode.DISPOSABLE, ("event",), indexes=(("subject",),)), "subject", "no case"),
    ],
)
def test_rows_that_could_not_be_made_again_are_refused(register: Register[Any], subject: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Derived(SPECIMENS, register, lambda _case, _trail: (), subject)


def test_rows_of_events_have_the_event_in_their_key_and_their_subject_beside_it() -> None:
    with pytest.raises(ValueError, match="begins with the event"):
        Projection(SPECIMENS, declared(("subject",), key=("subject", "event")), {})
    with pytest.raises(Exception, match="subject"):
        Projection(SPECIMENS, TERMS, {})
    assert Derived(SPECIMENS, PICKS, lambda _case, _trail: ()).name == "test_pick.specimen"


def test_what_makes_other_rows_has_another_version() -> None:
    others = [
        attrs.evolve(PICKING, form=2),
        attrs.evolve(PICKING, ends=frozenset()),
        attrs.evolve(PICKING, rows={"specimen_grown": lambda _: ()}),
    ]
    assert len({PICKING.version, *(each.version for each in others)}) == 4
    assert attrs.evolve(PICKING).version == PICKING.version


def test_a_case_that_begins_between_two_looks_keeps_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    rig = Rig(lambda _stored, backstage: MemoryStore(backstage))
    ids = [rig.stored().id for _ in range(3)]
    rig.run(lambda unit: unit.record([rig.picked(id, weight=1) for id in ids]))
    there = rig.store.look(lambda unit: unit.register(PICKS).rows()).items
    columns = StoredRepository.columns

    def before(self: Any, *given: Any) -> Any:
        page = columns(self, *given)
        return attrs.evolve(page, items=page.items[:1] + page.items[2:])  # the second was not there yet

    monkeypatch.setattr(StoredRepository, "columns", before)
    report = rebuild(rig.store, PICKING.derived)
    assert (report.added, report.dropped) == (0, 0)
    assert rig.store.look(lambda unit: unit.register(PICKS).rows()).items == there


def test_the_rows_of_a_record_that_cannot_be_read_are_left_and_it_is_named() -> None:
    rig = Rig(lambda _stored, backstage: MemoryStore(backstage))
    ids = [rig.stored().id for _ in range(3)]
    rig.run(lambda unit: unit.record([rig.picked(id, weight=1) for id in ids]))
    rig.run(lambda unit: unit.register(PICKS).drop(PICKS["subject"].is_(ids[2])))
    tables = rig.store._tables  # type: ignore[attr-defined]
    stored = tables.aggregates["specimen"][ids[1]]
    tables.aggregates["specimen"][ids[1]] = attrs.evolve(stored, body="no body")
    report = rebuild(rig.store, PICKING.derived)
    assert (report.unreadable, report.added, report.dropped) == ((ids[1],), 1, 0)
    rows = rig.store.look(lambda unit: unit.register(PICKS).rows()).items
    assert sorted(row.subject for row in rows) == ids
