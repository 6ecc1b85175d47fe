"""Registers behave alike on every store: random operations drive memory and a database in lockstep (D17)."""

from collections.abc import Callable
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.harness import SQL, sql_factory
from adapters.test_raw_connections import begin, connect
from csdomain.kernel.rules import ONE_WRITER, PORTS
from csdomain.kernel.rules.errors import DomainError
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.store.registers import Register
from csdomain.kernel.store.rows import Rows
from csdomain.testing import Rig
from csdomain.testing.base import at, examples
from csdomain.testing.samples import HEAPS, PILES, READINGS, TASKS, TERMS, Heap, Reading, Task, Term
from csdomain_adapters.memory.store import MemoryStore
from csdomain_adapters.sql.columns import index_name

Step = tuple[Register[Any], Callable[[Rows[Any]], Any]]
EVERY: tuple[Register[Any], ...] = (READINGS, HEAPS, PILES, TASKS, TERMS)
places, letters, few = st.sampled_from([*"aaaé", "a "]), st.sampled_from("xxxy"), st.integers(-2, 3)

readings = st.builds(
    *(Reading, places, st.integers(0, 2).map(at), few, st.none() | letters, st.none() | few, st.none() | st.booleans()),
    seal=st.none() | letters,
    picture=st.none() | st.binary(max_size=3),
)
heaps = st.builds(Heap, places, letters, st.sampled_from([0, 0, 0, 1, 1, 2, 2, -1]), st.integers(0, 2), letters)
tasks = st.builds(Task, places, letters, letters, st.integers(0, 2), st.none() | few, ticket=st.none() | letters)
terms = st.builds(Term, places, letters, few)
amounts = st.sampled_from(
    [{"label": 1}, *({"held": n} for n in (-3, -2, -1, 1, 2)), {"held": 1, "owed": -1}, {"held": -1, "owed": 1}]
)
changes = st.fixed_dictionaries({}, optional={"state": letters, "left": st.none() | few, "ticket": st.none() | letters})


@st.composite
def steps(draw: st.DrawFn) -> Step:
    """One operation on one register, with what it is about."""
    drawn: Any = draw(
        st.sampled_from([(READINGS, readings), (HEAPS, heaps), (PILES, heaps), (TASKS, tasks), (TERMS, terms)])
    )
    register, rows = drawn
    row: Any = draw(rows)
    some, key = draw(st.lists(rows, max_size=3)), register.key_of(row)
    column = draw(st.sampled_from([name for name in register.names if name != "picture"]))
    where = [register["place"].at_least(key[0])]
    value = getattr(row, column)
    where += [register[column].absent() if value is None else register[column].below(value)]
    # Mostly what the register takes.
    own = {HEAPS.mode: "add", TASKS.mode: "take"}.get(register.mode, "put_new")
    doing = draw(st.sampled_from([*[own] * 8, "put", "put_new", "add", "take", "rows", "sums", "drop", "get"]))
    lock, down, limit = draw(st.booleans()), draw(st.booleans()), draw(st.integers(1, 3))
    added, changed = draw(amounts), draw(changes)
    new = draw(st.sampled_from([row, row, None]))
    tally: Tally[Any] = Tally((where[0],), (column,), (), draw(st.sampled_from([None, ("count", limit)])))
    work: dict[str, Callable[[Rows[Any]], Any]] = {
        "put": lambda r: r.put([row, *some]),
        "put_new": lambda r: r.put_new([row, *some]),
        "add": lambda r: r.add(key, added, new=new),
        "take": lambda r: r.take(key, when=where, set=changed, add={"tries": limit - 2} if down else {}),
        "rows": lambda r: r.rows(*where, order_by=(column,), descending=down, limit=limit, lock=lock),
        "sums": lambda r: r.sums(tally),
        "drop": lambda r: r.drop(*where, at=at(24 * 30 + limit)),
        "get": lambda r: r.get(key, lock=lock),
    }
    return register, work[doing]


def outcome(rig: Rig, work: Callable[[Unit], Any]) -> Any:
    try:
        return rig.run(work)
    except DomainError as error:
        return type(error), dict(error.facts), error.render("en"), error.render("zh")


@pytest.mark.rule(PORTS, ONE_WRITER)
@pytest.mark.parametrize("backend", SQL)
def test_memory_and_a_database_say_the_same_of_registers(clean_url: Callable[[str], str], backend: str) -> None:
    url = clean_url(backend)
    rigs = [Rig(lambda _stored, backstage: MemoryStore(backstage)), Rig(sql_factory(url))]

    def drive(units: list[list[Step]]) -> None:
        for rig in rigs:
            rig.run(lambda unit: [unit.session.drop_rows(register, ()) for register in EVERY])
        for unit_steps in units:

            def work(unit: Unit, unit_steps: list[Step] = unit_steps) -> list[Any]:
                return [do(unit.register(register)) for register, do in unit_steps]

            said = [outcome(rig, work) for rig in rigs]
            assert said[0] == said[1]
            kept = [rig.store.look(lambda unit: [unit.register(r).rows().items for r in EVERY]) for rig in rigs]
            assert kept[0] == kept[1]

    examples(300)(given(st.lists(st.lists(steps(), min_size=1, max_size=4), min_size=2, max_size=8))(drive))()
    for rig in rigs:
        rig.close()


def test_an_index_has_a_name_that_every_database_takes() -> None:
    long = index_name("csd_" + "t" * 40, ("a" * 40, "b"))
    assert (len(long), long != index_name("csd_" + "t" * 40, ("a" * 40, "c"))) == (60, True)
    assert index_name("csd_complaint", ("number",), unique=True) == "uq_csd_complaint_number"


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SQL)
def test_a_register_gets_its_table_and_later_its_new_columns(clean_url: Callable[[str], str], backend: str) -> None:
    from csdomain_adapters.sql.dialects import make_engine
    from csdomain_adapters.sql.kinds import add_missing

    @attrs.frozen
    class Later(Heap):
        note: str | None = None

    later: Register[Any] = Register(
        *(Later, "test_later", HEAPS.mode, HEAPS.key, HEAPS.counts), indexes=(("note", "place"),)
    )
    engine = make_engine(clean_url(backend), {})
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("drop table if exists csd_test_later")
        assert add_missing(engine, [attrs.evolve(later, type=Heap, indexes=())]) == ("csd_test_later",)
        assert add_missing(engine, [later]) == ("csd_test_later.note",)
        assert add_missing(engine, [later]) == ()
        with engine.begin() as connection:
            connection.exec_driver_sql("drop table csd_test_later")
    finally:
        engine.dispose()


@pytest.mark.rule(PORTS)
@pytest.mark.parametrize("backend", SQL)
def test_in_a_host_s_transaction_what_held_is_known_whatever_its_driver_counts(
    clean_url: Callable[[str], str], backend: str
) -> None:
    url = clean_url(backend)
    rig = Rig(sql_factory(url))
    raw = connect(url)  # pymysql counts rows that differ afterwards, unless it is told otherwise
    begin(raw)
    host = rig.store.within(raw)

    def work(unit: Unit) -> list[Any]:
        tasks, heaps = unit.register(TASKS), unit.register(HEAPS)
        tasks.put([Task("p", "t")])
        return [
            tasks.take(("p", "t"), when=[TASKS["state"].is_("open")], set={"state": "open"}),
            tasks.take(("p", "t"), when=[TASKS["state"].is_("sent")], set={"state": "open"}),
            tasks.put_new([Task("p", "t"), Task("p", "u")]),
            heaps.add(("p", "i"), {"held": 0}, new=Heap("p", "i")),
            heaps.add(("p", "i"), {"held": 0}),
            heaps.add(("p", "i"), {"held": -1}),
        ]

    said = host.run(work)
    raw.commit()
    raw.close()
    rig.close()
    assert said == [True, False, (Task("p", "t"),), True, True, False]
