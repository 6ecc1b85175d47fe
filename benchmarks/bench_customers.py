"""Finding a customer, a page of a timeline, a day of birthdays: among 1,000,000 customers and 10,000,000 entries.

    python benchmarks/bench_customers.py [--json] [--quick] [--backend NAME …]

The store is filled by rows: one customer is registered through the desk, every other row is that one with a name, a
phone, a birthday, a representative and an id of its own, and with the terms that the desk would write; before the clock
runs, a sample is registered through a second desk, and the rows are compared. Of the customers 1 in 5 is called by the
same two characters, 1 in 100 by another two; one has nothing else as a name, and was registered last. Beside a search
stand ``LIKE '%…%'`` over a table of nothing but names and phones, and PostgreSQL's pg_trgm where the server has it.
A timeline has 1,000 entries and is read before and after all others are there. A day of birthdays is planned against
the messages alone: the same greetings, written without a run. ``--quick``: 50,000 customers, 200,000 entries.
Targets: a phone <= 2 ms; two characters with 10,000 hits (of a million) <= 5 ms; with 200,000 <= 40 ms; whole fields
first, of one's own customers none is lost; the timeline <= 1.5 x as long among all; birthdays <= 2 x the messages.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from functools import cache, partial
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import attrs
import common
import orjson
from sqlalchemy import Connection, create_engine, event, text
from sqlalchemy.exc import DBAPIError

import csdomain
from csdomain.customers.model.customer import CUSTOMERS
from csdomain.customers.questions.finding import TERMS, searched
from csdomain.customers.questions.matching import terms
from csdomain.customers.values import CUSTOMER_ID, CUSTOMER_RULES, Profile
from csdomain.desk import sections, shipped
from csdomain.flows.greeting import Wish, greet
from csdomain.kernel.store.planning import PAGE, Due
from csdomain.messaging.values import BIRTHDAY
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import MovableClock, no_holidays
from csdomain_adapters.find import Fold
from csdomain_adapters.sql.tables import Schema

BOOK: Final = """
name = "bench"
extends = "after_sales"
[customers]
required = ["name", "phones"]
[messages.greetings.birthday]
by = "service_agent"
[permissions.positions]
own = ["own"]
[permissions.roles.own]
"customers.read" = "own"
"""
NOW: Final = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)
TARGETS: Final[Mapping[str, float]] = {"phone": 2, "two characters, 1 in 100": 5, "two characters, 1 in 5": 40}
FLAT, TWICE = 1.5, 2.0
SURNAMES: Final = "王李张刘陈杨黄赵周吴徐孙马朱胡林郭何高罗"
GIVEN: Final = "伟芳娜敏静丽军洋勇艳杰涛超霞平刚桂英华玉兰萍鹏辉建宇文雪梅海"
COMMON, RARER = "小明", "志强"
#: Whom the copies have instead: so many representatives, and one with a few customers of each kind.
AGENTS, MINE, MY_CUSTOMERS = 50, "agent-own", 40
SAMPLE, FIND, DAYS = 40, 20, 366
ENTRIES: Final = 1_000
#: Numbers of always the same length, so that ids keep their form and sort as they were made.
WIDE: Final = 10**17
#: The customer that the others are made of, by what stands for their own.
NAME, PHONE, OWNER = "@name@", "90000000007", "@agent@"
MODEL: Final = Profile(name=NAME, phones=(PHONE,), born=date(1901, 1, 1), addresses=("北京市朝阳区建国路",))


def id_of(n: int) -> str:
    return f"{CUSTOMER_ID.prefix}_00000000{WIDE + n}"


def name_of(n: int, total: int) -> str:
    """One in five is called by the common characters, one in a hundred by the rarer; the last two by nothing else."""
    if n >= total - 2:
        return COMMON if n % 2 else RARER
    if n >= total - MY_CUSTOMERS or n % 5 == 0:
        given = COMMON
    elif n % 100 == 1:
        given = RARER
    else:
        given = GIVEN[n // 7 % len(GIVEN)] + GIVEN[n // 211 % len(GIVEN)]
    return SURNAMES[n // 100 % len(SURNAMES)] + given


def phone_of(n: int) -> str:
    return f"13{n * 700_001 % 10**9:09}"


def born_of(n: int) -> date:
    return date(1980, 1, 1) + timedelta(n % DAYS)


def agent_of(n: int, total: int) -> str:
    return MINE if n >= total - MY_CUSTOMERS else f"agent-{n % AGENTS:02}"


def profile_of(n: int, total: int) -> Profile:
    return attrs.evolve(MODEL, name=name_of(n, total), phones=(phone_of(n),), born=born_of(n))


# --- filling ----------------------------------------------------------------------------------------------------------


class Filling:
    """Writes customers, terms and entries as rows."""

    def __init__(self, desk: csdomain.Desk) -> None:
        self.schema = Schema((CUSTOMERS, TERMS))
        id = registered(desk, MODEL, OWNER)
        self.model: Any = desk.store.look(lambda unit: unit.of(CUSTOMERS).get(id))
        self.row = self.schema.of(CUSTOMERS).row(self.model)
        self.fold, self.rules = Fold(), desk.house.rulebook[CUSTOMER_RULES]
        self.terms_of = cache(lambda field, said: terms(said, field, self.fold))

    def customers(self, first: int, last: int, total: int) -> Iterator[tuple[Any, ...]]:
        made, body = dict(self.row), self.row["body"]
        for n in range(first, last):
            born, owner = born_of(n), agent_of(n, total)
            made |= {"id": id_of(n), "owner": owner, "queue": owner, "birthday_key": f"G{born.month:02}-{born.day:02}"}
            changes = {self.model.id: made["id"], OWNER: owner, NAME: name_of(n, total)}
            changes |= {PHONE: phone_of(n), MODEL.born.isoformat(): born.isoformat()}  # type: ignore[union-attr]
            made["body"] = body
            for old, new in changes.items():
                made["body"] = made["body"].replace(old.encode(), new.encode())
            yield tuple(made.values())

    def terms(self, first: int, last: int, total: int) -> Iterator[tuple[Any, ...]]:
        whose = (self.model.branch, "", "")
        fields = {said: field for field, said in searched(self.model, self.rules) if said}
        name, phone = fields.pop(NAME), fields.pop(PHONE)
        for n in range(first, last):
            id, owner = id_of(n), agent_of(n, total)
            shared = [*((field, said) for said, field in fields.items()), (name, name_of(n, total))]
            found = {(field, term) for field, said in shared for term in self.terms_of(field, said)}
            found |= {(phone, term) for term in terms(phone_of(n), phone, self.fold)}
            for field, term in found:
                yield (int(field), term, id, whose[0], owner, "", "")

    def fill(self, connection: Connection, total: int) -> None:
        """The terms in the order of their key: an index that grows at its end is made in a tenth of the time."""
        self.connection = connection
        for name in ("customer_term", "customer", "chronicle"):  # those of the model
            connection.execute(text(f"delete from csd_{name}"))  # noqa: S608 - our own names
        customers, found = self.schema.of(CUSTOMERS).table, self.schema.register(TERMS).table
        for table in (customers, found):
            for index in table.indexes:
                index.drop(self.connection)
        self.connection.execute(text("create table bench_term as select * from csd_customer_term where 1 = 0"))
        self.put("csd_customer", self.columns(customers, self.row), self.customers(0, total, total))
        names = [column.name for column in found.columns]
        assert names[:3] == ["field", "term", "customer"], names
        self.put(
            "bench_term",
            ["field", "term", "customer", "branch", "owner", "doctor", "manager"],
            self.terms(0, total, total),
        )
        self.connection.execute(
            text("insert into csd_customer_term select * from bench_term order by field, term, customer")
        )
        self.connection.execute(text("drop table bench_term"))
        for table in (customers, found):
            for index in table.indexes:
                index.create(self.connection)
        self.connection.commit()

    def columns(self, table: Any, row: Mapping[str, Any]) -> list[str]:
        """Values of a row are given to the driver as the column's type would give them."""
        dialect = self.connection.dialect
        self._bind = []
        for name in row:
            kind = table.c[name].type
            self._bind.append(kind.dialect_impl(dialect).bind_processor(dialect))
        return list(row)

    def put(self, table: str, columns: list[str], rows: Iterable[tuple[Any, ...]]) -> None:
        """Many rows, by the quickest way that the driver has."""
        binds = self._bind if table == "csd_customer" else [None] * len(columns)
        if any(binds):
            rows = (
                tuple(bind(value) if bind is not None else value for bind, value in zip(binds, row, strict=True))
                for row in rows
            )
        raw: Any = self.connection.connection.driver_connection
        names = ", ".join(f'"{name}"' for name in columns)
        if self.connection.dialect.name == "sqlite":
            self.connection.commit()
            raw.execute("begin")
            marks = ", ".join("?" * len(columns))
            raw.executemany(f"insert into {table} ({names}) values ({marks})", rows)  # noqa: S608 - our own names
            raw.execute("commit")
            return
        with raw.cursor() as cursor, cursor.copy(f"copy {table} ({names}) from stdin") as copy:
            for row in rows:
                copy.write_row(row)


def registered(desk: csdomain.Desk, profile: Profile, owner: str) -> str:
    """A customer as the desk makes one, with a representative."""
    agent = desk.actor("ann", branch="hq", positions=("service_agent",))
    boss = desk.actor("max", branch="hq", positions=("service_manager",))
    id: str = desk.customers.register(profile, by=agent, at=NOW).id
    desk.customers.assign(id, owner, by=boss, at=NOW)
    return id


def rows_of(connection: Connection, id: str) -> tuple[Any, ...]:
    """What tables hold of a customer, without the id and what is drawn by lot."""
    [row] = connection.execute(text("select * from csd_customer where id = :id"), {"id": id}).mappings().all()
    plain = {name: value for name, value in row.items() if name not in ("id", "body")}
    body = {name: value for name, value in orjson.loads(row["body"]).items() if name not in ("id", "~")}
    found = connection.execute(
        text("select field, term, branch, owner, doctor, manager from csd_customer_term where customer = :id"),
        {"id": id},
    )
    return plain, body, sorted(tuple(each) for each in found)


def check(connection: Connection, book: Rulebook, url: str, total: int) -> None:
    """A sample of the rows is what the desk itself would have written."""
    numbers = range(total - 1, 0, -(total // SAMPLE))
    with opened(url, book) as desk:
        made = [registered(desk, profile_of(n, total), agent_of(n, total)) for n in numbers]
    engine = create_engine(url)
    with engine.connect() as other:
        for n, id in zip(numbers, made, strict=True):
            theirs, mine = rows_of(other, id), rows_of(connection, id_of(n))
            assert theirs == mine, (n, [(a, b) for a, b in zip(theirs, mine, strict=True) if a != b])
    engine.dispose()


def opened(url: str, book: Rulebook) -> csdomain.Desk:
    more: dict[str, Any] = {} if url.startswith("sqlite") else {"upgrade": True}
    return csdomain.open(url, book, holidays=no_holidays(), clock=MovableClock(NOW), **more)


def quick_file(connection: Any, _record: object) -> None:
    """For filling alone: a file that a crash may ruin."""
    for pragma in ("journal_mode = delete", "journal_mode = off", "synchronous = off", "cache_size = -400000"):
        connection.execute(f"pragma {pragma}")


# --- measuring --------------------------------------------------------------------------------------------------------


def timed(work: Callable[[], object], rounds: int) -> float:
    """Milliseconds: the median of rounds, after two that warm what is cached."""
    found = []
    for _ in range(rounds + 2):
        began = perf_counter()
        work()
        found.append(1000 * (perf_counter() - began))
    return median(found[2:])


def whole_first(hits: Any, text: str) -> bool:
    return bool(hits) and hits[0].score.fit == 4 and hits[0].customer.profile.name == text


def search(desk: csdomain.Desk, total: int, rounds: int) -> Iterator[tuple[common.Row, list[str]]]:
    """Each search with its time, and what it should have found and did not."""
    agent = desk.actor("ann", branch="hq", positions=("service_agent",))
    mine = desk.actor(MINE, branch="hq", positions=("own",))
    find = partial(desk.customers.search, limit=FIND)
    phones = iter(phone_of(n) for n in range(17, total, max(1, total // (rounds + 3))))
    name = name_of(total // 2 + 2, total)
    asked: tuple[tuple[str, Callable[[], Any], Callable[[Any], bool]], ...] = (
        ("phone", lambda: find(next(phones), by=agent), lambda hits: hits[0].score.fit == 4),
        ("two characters, 1 in 100", lambda: find(RARER, by=agent), lambda hits: whole_first(hits, RARER)),
        ("two characters, 1 in 5", lambda: find(COMMON, by=agent), lambda hits: whole_first(hits, COMMON)),
        ("a whole name", lambda: find(name, by=agent), lambda hits: whole_first(hits, name)),
        ("the end of a phone", lambda: find(phone_of(9)[-5:], by=agent), bool),
        ("initials in pinyin", lambda: find("zxm", by=agent), bool),
        ("the street of all", lambda: find("建国路", by=agent), bool),
        ("one's own, 1 in 5", lambda: find(COMMON, by=mine, limit=1000), lambda hits: len(hits) == MY_CUSTOMERS - 1),
    )
    for what, work, right in asked:
        found = work()
        faults = [] if right(found) else [f"{what}: what was found is not what is there ({len(found)} hits)"]
        taken = timed(work, rounds)
        limit = TARGETS.get(what)
        if limit is not None and taken > limit:
            faults.append(f"{what}: {taken:.1f} ms, not {limit:g}")
        yield {"what": what, "ms": taken, "hits shown": len(found), "target ms": limit}, faults


def peers(connection: Connection, total: int, rounds: int) -> Iterator[common.Row]:
    """The same by ``LIKE``, and by pg_trgm where it is there, over a table that holds nothing else."""
    connection.execute(
        text("create table bench_name (id varchar(40) primary key, name varchar(40), phone varchar(20))")
    )
    connection.commit()
    filling = ((id_of(n), name_of(n, total), phone_of(n)) for n in range(total))
    raw: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        raw.execute("begin")
        raw.executemany("insert into bench_name values (?, ?, ?)", filling)
        raw.execute("commit")
    else:
        with raw.cursor() as cursor, cursor.copy("copy bench_name from stdin") as copy:
            for row in filling:
                copy.write_row(row)
    connection.commit()
    kinds = ["LIKE"]
    if connection.dialect.name == "postgresql":
        with suppress(DBAPIError):
            connection.execute(text("create extension pg_trgm"))
            connection.execute(
                text("create index bench_trgm on bench_name using gin (name gin_trgm_ops, phone gin_trgm_ops)")
            )
            kinds.append("pg_trgm")
        connection.commit()
    for kind in kinds:
        asked = {"phone": ("phone", phone_of(17)), "two characters, 1 in 100": ("name", RARER)}
        asked |= {"two characters, 1 in 5": ("name", COMMON), "a whole name": ("name", name_of(total // 2 + 2, total))}
        if kind == "LIKE" and len(kinds) > 1:
            connection.execute(text("set enable_bitmapscan = off"))
        for what, (column, said) in asked.items():
            # The whole ones first, as the desk orders them.
            statement = text(
                f"select id from bench_name where {column} like :like "  # noqa: S608 - our own names
                f"order by {column} <> :said, {column} not like :begins, id limit {FIND}"
            )
            values = {"like": f"%{said}%", "said": said, "begins": f"{said}%"}
            taken = timed(lambda: connection.execute(statement, values).all(), max(3, rounds // 5))  # noqa: B023
            yield {"what": f"{what}, by {kind}", "ms": taken}
        if kind == "LIKE" and len(kinds) > 1:
            connection.execute(text("reset enable_bitmapscan"))
    connection.execute(text("drop table bench_name"))
    connection.commit()


def entries(connection: Connection, first: int, last: int, customer: str) -> None:
    """Entries of customers, a thousand each, made inside the database. ``customer`` says whose the x-th is."""
    kind = "text" if connection.dialect.name == "sqlite" else "varchar"
    whose = f"'{CUSTOMER_ID.prefix}_00000000' || cast({WIDE} + {customer} as {kind})"
    for start in range(first, last, 500_000):
        connection.execute(
            text(
                f"with recursive n (x) as (select cast({start} as bigint) "  # noqa: S608 - our own names
                "union all select x + 1 from n where x < :last) "
                "insert into csd_chronicle (event, customer, at, kind, subject, name, amount) "
                f"select 'evt_00000000' || cast({WIDE} + x as {kind}), {whose}, 1700000000000000 + x * 1000000, "
                f"'customer', {whose}, 'customer_assigned', null from n"
            ),
            {"last": min(start + 500_000, last) - 1},
        )
        connection.commit()


def timeline(
    desk: csdomain.Desk, connection: Connection, total: int, rounds: int
) -> Iterator[tuple[common.Row, list[str]]]:
    agent = desk.actor("ann", branch="hq", positions=("service_agent",))
    page = partial(desk.customers.timeline, id_of(0), by=agent, limit=50)
    entries(connection, 0, ENTRIES, "0")
    tidy(connection)
    assert len(page().items) == 50
    few = timed(page, rounds)
    entries(connection, ENTRIES, total, f"1 + x % {total // ENTRIES - 1}")
    tidy(connection)
    many = timed(page, rounds)
    faults = [] if many <= FLAT * few else [f"timeline: {many / few:.2f} x among {total:,}, not {FLAT}"]
    yield {"what": f"a page of {ENTRIES:,} entries, alone", "ms": few}, []
    yield {"what": f"a page of {ENTRIES:,} entries, among {total:,}", "ms": many, "of alone": many / few}, faults


def birthdays(desk: csdomain.Desk, rounds: int) -> Iterator[tuple[common.Row, list[str]]]:
    """A day of birthdays by the planner, and another day's by nothing but its messages."""
    clock: Any = desk.clock
    [source] = [one for one in desk.sources if one.name == "birthday_greetings"]
    desk.plan()
    taken: dict[str, list[float]] = {"planned": [], "messages": []}
    due = 0
    for turn in range(rounds):
        clock.move(NOW + timedelta(days=2 * turn + 1))
        began = perf_counter()
        report = desk.plan()
        taken["planned"].append(perf_counter() - began)
        due = report.subjects
        at = clock.now() + timedelta(days=1)
        [wanted] = [one for one in source.runs(at - timedelta(hours=24), at) if "eve" not in one.facts]
        found = desk.store.look(lambda unit: list(all_of(source, unit, wanted)))  # noqa: B023
        began = perf_counter()
        alone(desk, wanted, found)
        taken["messages"].append(perf_counter() - began)
    share = median(mine / other for mine, other in zip(taken["planned"], taken["messages"], strict=True))
    faults = [] if share <= TWICE else [f"birthdays: {share:.2f} x the messages, not {TWICE}"]
    yield (
        {
            "what": "a day of birthdays",
            "s": median(taken["planned"]),
            "messages s": median(taken["messages"]),
            "of messages": share,
            "due": due,
        },
        faults,
    )


def all_of(source: Any, unit: Any, due: Due) -> Iterator[str]:
    cursor: str | None = ""
    while cursor is not None:
        page = source.page(unit, due, cursor, PAGE)
        yield from page.ids
        cursor = page.next


def alone(desk: csdomain.Desk, due: Due, ids: list[str]) -> None:
    """The greetings of a day and nothing else, as many in a unit as the planner writes."""
    left = iter(ids)
    end = due.at + timedelta(days=1)

    def write(unit: Any, some: list[str]) -> None:
        for id in some:
            wish = Wish(occasion=BIRTHDAY, customer=id, period=f"G{due.at.year}", since=due.at, until=end, by="x")
            greet(unit, desk.house, wish, due.at)

    while some := list(islice(left, PAGE)):
        desk.store.run(lambda unit: write(unit, some))


def tidy(connection: Connection) -> None:
    """Statistics as a server keeps them by itself; SQLite has none, as nobody makes any."""
    connection.commit()
    if connection.dialect.name == "postgresql":
        raw: Any = connection.connection.driver_connection
        raw.autocommit = True
        raw.execute("vacuum analyze")
        raw.autocommit = False


def measure(backend: str, url: str, other: str, given: Any) -> Iterator[tuple[common.Row, list[str]]]:
    total, lines, rounds = (50_000, 200_000, 15) if given.quick else (1_000_000, 10_000_000, 25)
    book = loads(BOOK, sections(), shipped)
    began = perf_counter()
    with opened(url, book) as desk:
        filling = Filling(desk)
    engine = create_engine(url)
    if backend == "sqlite":
        event.listen(engine, "connect", quick_file)
    with engine.connect() as connection:
        filling.fill(connection, total)
        tidy(connection)
        check(connection, book, other, total)
        rows = connection.execute(text("select count(*) from csd_customer_term")).scalar_one()
    engine.dispose()
    if backend == "sqlite":
        opened(url, book).close()
    yield {"what": f"{total:,} customers", "terms": rows, "filled in s": perf_counter() - began}, []
    with opened(url, book) as desk:
        yield from search(desk, total, rounds)
        engine = create_engine(url)
        with engine.connect() as connection:
            for row in peers(connection, total, rounds):
                yield row, []
            yield from timeline(desk, connection, lines, rounds)
        engine.dispose()
        yield from birthdays(desk, 3 if given.quick else 5)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="fewer customers: rougher figures")
    parser.add_argument("--backend", nargs="+", choices=("sqlite", "postgresql"), default=("sqlite", "postgresql"))
    given = parser.parse_args()
    rows: list[common.Row] = []
    faults: list[str] = []
    with common.servers() as fresh, tempfile.TemporaryDirectory() as folder:
        for backend in given.backend:
            sqlite = backend == "sqlite"
            url = f"sqlite:///{Path(folder) / 'many.db'}" if sqlite else fresh(backend)
            for row, missed in measure(backend, url, f"sqlite:///{Path(folder) / backend}-few.db", given):
                rows.append({"store": backend, **row})
                faults += [f"{backend}: {each}" for each in missed]
                print(backend, row, file=sys.stderr, flush=True)
    return common.report("customers", rows, faults, as_json=given.json)


if __name__ == "__main__":
    raise SystemExit(main())
