"""What a decision, an agent's queue and a month's statistics cost with 10,000 complaints in the store, and 1,000,000.

    python benchmarks/bench_many.py [--json] [--quick] [--backend NAME …]

All but some are an archive: real complaints, led through this desk until nothing of them was open, and copied inside
the database with their timers, their whole trail and their messages. Fifty agents own them. The months that are
measured have 500 and 5,000 cases in either store, the measured agent 40 open ones; what grows is everything else. The
stores are as csdomain opens them; the servers' statistics are up to date, as a server keeps them by itself, and SQLite
has none, as nobody makes any. Targets: among the many <= 1.5 x the time among the few; ten times the month <= 15 x.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice
from math import ceil
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import attrs
import common
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Executable,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    cast,
    create_engine,
    event,
    func,
    insert,
    literal,
    literal_column,
    select,
    text,
    true,
    update,
)

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.values import COMPLAINT, Channel, ComplaintForm, Judgement, Liable, Remedy
from csdomain.contexts import kinds
from csdomain.desk import Desk
from csdomain.kernel.store.unit import EVENT
from csdomain.kernel.values.actors import Actor
from csdomain.kernel.values.money import Money
from csdomain.testing import no_holidays, staff
from csdomain_adapters.notify import CollectingNotifier
from csdomain_adapters.sql.tables import Schema

TARGET, LINEAR = 1.5, 15.0
#: A round takes at least so long: that many calls of what is measured.
ROUND_SECONDS: Final = 0.06
#: Decisions and new complaints a round; each decision takes a case that was prepared for it.
WRITES: Final = 20
MONTH, LARGE = "2026-03", "2026-02"
IN_MONTH, OTHER_MONTHS, TEMPLATES_A_MONTH, BATCH = 500, 37, 12, 1_000
OPEN: Final = 40
NOW: Final = datetime(2026, 4, 8, 2, 0, tzinfo=UTC)
#: Who leads the templates, whom the copies have instead, and who is measured: one of those.
MODEL, AGENTS, AGENT = "agent-00", 50, "agent-17"
FIRST_AGENT: Final = 10
#: Numbers of always the same length, so that ids keep their form and sort as they were made.
WIDE: Final = 10**17


def month_before(months: int) -> datetime:
    """Some morning in the month so many before the measured one."""
    year, month = divmod(2026 * 12 + 2 - months, 12)
    return datetime(year, month + 1, 5, 2, 0, tzinfo=UTC)


# --- complaints, led through the desk ---------------------------------------------------------------------------------


class Leading:
    """Leads complaints of customer service's ``agent`` through every department."""

    def __init__(self, desk: Desk, agent: str) -> None:
        self.does, self.currency = desk.complaints, desk.house.currency
        self.who: dict[str, Actor] = dict(staff(desk, branch="hq"))
        self.who["service_agent"] = desk.actor(agent, branch="hq", positions=("service_agent",))

    def form(self, number: int) -> ComplaintForm:
        return ComplaintForm(
            customer=f"customer-{number}",
            demand="replacement",
            reason="does not start",
            product=f"product-{number % 5}",
            batch="2026-01",
            quantity=9,
            defective=1,
            claimed=Money(100_00 + number, self.currency),
        )

    def receive(self, number: int, at: datetime) -> str:
        return str(self.does.receive(self.form(number), by=self.who["service_agent"], at=at).id)

    def investigated(self, number: int, at: datetime) -> str:
        """One that customer service owns and may judge."""
        who, does = self.who, self.does
        id = self.receive(number, at)
        does.check(id, "the order is ours", by=who["sales"], at=at)
        kind = csdomain.Classification("not_quality", "handling" if number % 2 else "other")
        does.accept(id, kind, by=who["service_agent"], at=at)
        does.investigate(id, by=who["service_agent"], at=at)
        does.conclude(id, by=who["service_agent"], at=at)
        does.report(id, "what was found", by=who["service_agent"], at=at)
        does.rule(id, "go on", by=who["deputy_general_manager"], at=at)
        return id

    def submitted(self, number: int, at: datetime) -> str:
        """One that awaits its decision."""
        id = self.investigated(number, at)
        judged = Judgement(liable=Liable.US, unit=f"unit-{number % 3}", tracked=False)
        self.does.judge(id, judged, by=self.who["service_agent"], at=at)
        remedy = Remedy(granted=Money(90_00 + number, self.currency), text="an explanation")
        self.does.submit(id, remedy, by=self.who["service_agent"], at=at)
        return id

    def decider(self, id: str, at: datetime) -> Actor:
        return self.who[self.does.approval(id, by=self.who["service_agent"], at=at).decided_by]

    def settled(self, number: int, at: datetime, *, established: bool) -> str:
        """One of which nothing is open any more."""
        who, does = self.who, self.does
        if established:
            id = self.submitted(number, at)
            does.approve(id, by=self.decider(id, at), at=at + timedelta(hours=2))
        else:
            id = self.investigated(number, at)
            does.dismiss(id, "used against the manual", by=who["service_agent"], at=at)
        then = at + timedelta(hours=3)
        does.answer(id, Channel.LETTER, "We are sorry.", by=who["sales"], at=then)
        closer = "service_agent" if established else "service_manager"
        case = does.close(id, "replaced" if established else "not established", by=who[closer], at=then)
        if case.state != "settled":
            case = does.review(id, "sales", by=who["gm_office"], at=then)
        assert case.state == "settled", case
        return id


# --- copies, made inside the database ---------------------------------------------------------------------------------


@attrs.frozen
class Template:
    """A complaint of the archive, and how often it is there."""

    id: str
    number: str
    copies: int


class Copying:
    """Copies whole cases under ids, numbers and agents of their own: every table that holds something of them."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.dialect = connection, connection.dialect.name
        schema = Schema(kinds())
        common = self.common = schema.common
        case, audit, timer, outbox = schema.of(COMPLAINTS).table, common.audit, common.timer, common.outbox
        self.of: tuple[tuple[Table, Callable[[str], Any]], ...] = (
            (case, lambda subject: case.c.id == subject),
            (timer, lambda subject: timer.c.subject == subject),
            (audit, lambda subject: audit.c.subject == subject),
            (outbox, lambda subject: outbox.c.key.between(f"{subject}/", f"{subject}0")),
        )
        self.made = 0
        self.position = int(connection.execute(select(func.max(audit.c.position))).scalar_one())

    def copy(self, template: Template, progress: Callable[[int], None]) -> None:
        """``template.copies`` more of it, oldest first."""
        lines, statements = self._lines(template.id), [self._statement(*table, template) for table in self.of]
        left = template.copies
        while left:
            count = min(left, BATCH)
            place = {"first": self.made + 1, "last": self.made + count, "position": self.position}
            for statement in statements:
                self.connection.execute(statement, place)
            self.connection.commit()
            self.made, self.position, left = self.made + count, self.position + count * lines, left - count
            progress(self.made)

    def _lines(self, id: str) -> int:
        audit = self.common.audit
        return int(self.connection.execute(select(func.count()).where(audit.c.subject == id)).scalar_one())

    def _statement(self, table: Table, chosen: Callable[[str], Any], template: Template) -> Executable:
        n = select(bindparam("first", type_=BigInteger).label("x")).cte("n", recursive=True)
        n = n.union_all(select(n.c.x + 1).where(n.c.x < bindparam("last", type_=BigInteger)))
        counted = cast(n.c.x + literal_column(str(WIDE)), String(40))
        marks = {
            template.id: literal(f"{COMPLAINT.prefix}_00000000") + counted,
            template.number: literal("KS-") + counted,
            MODEL: literal("agent-") + cast(n.c.x % AGENTS + FIRST_AGENT, String(40)),
        }
        names = [column.name for column in table.c if column is not table.autoincrement_column]
        rows = self.connection.execute(select(*(table.c[name] for name in names)).where(chosen(template.id))).all()
        assert rows, table.name
        order = table.c.seq if "seq" in table.c else next(iter(table.primary_key))
        ordinal = func.row_number().over(order_by=order).label("ordinal_")
        model = select(*(table.c[name] for name in names), ordinal).where(chosen(template.id)).subquery("model")
        first = bindparam("first", type_=BigInteger)
        given: dict[str, Any] = {
            name: self._changed(model.c[name], {old: new for old, new in marks.items() if _holds(values, old)})
            for name, values in zip(names, zip(*rows, strict=True), strict=True)
        }
        if table is self.common.audit:
            place = (n.c.x - first) * len(rows) + model.c.ordinal_ + bindparam("position", type_=BigInteger)
            wide = cast(place + literal_column(str(WIDE)), String(40))
            given |= {"position": place, "event_id": literal(f"{EVENT.prefix}_00000000") + wide}
        copies = select(*given.values()).select_from(n.join(model, true())).order_by(n.c.x, model.c.ordinal_)
        return insert(table).from_select(list(given), copies)

    def _changed(self, column: Any, marks: Mapping[str, Any]) -> Any:
        """The column with each mark replaced; bytes are JSON, and no database but MariaDB looks into bytes."""
        if not marks:
            return column
        binary = isinstance(column.type, LargeBinary)
        found = column
        if binary and self.dialect == "sqlite":
            found = cast(column, Text)
        elif binary and self.dialect == "postgresql":
            found = func.convert_from(column, "UTF8")
        for old, new in marks.items():
            found = func.replace(found, old, new)
        if binary and self.dialect == "sqlite":
            return cast(found, LargeBinary)
        return func.convert_to(found, "UTF8") if binary and self.dialect == "postgresql" else found

    def finish(self) -> None:
        """The counter of numbered events stands where the trail ends."""
        number = self.common.number
        stood = update(number).where(number.c.series == "csdomain:events").values(last=self.position)
        assert self.connection.execute(stood).rowcount == 1
        self.connection.commit()


def _holds(values: Sequence[object], mark: str) -> bool:
    texts = [value.encode() if isinstance(value, str) else value for value in values]
    return any(mark.encode() in value for value in texts if isinstance(value, bytes))


def shares(total: int, parts: int) -> list[int]:
    """``total`` in ``parts`` that differ by one at the most."""
    return [total // parts + (part < total % parts) for part in range(parts)]


# --- a store with its archive -----------------------------------------------------------------------------------------


class Archive:
    """A desk with ``total`` complaints in its store."""

    def __init__(self, url: str, total: int, in_month: int, decisions: int) -> None:
        self.url, self.total, self.in_month = url, total, in_month
        began = perf_counter()
        with self.opened() as desk:
            templates = self._lead(desk)
        self._fill(templates, began)
        self.desk = self.opened()
        self.engine: Engine = self.desk.store.engine  # type: ignore[attr-defined]  # a SQL store has one
        self.agent = Leading(self.desk, AGENT)
        other = Leading(self.desk, "agent-18")
        for number in range(OPEN):
            (self.agent.investigated if number % 2 else self.agent.submitted)(number, NOW)
        ready = [other.submitted(number, NOW) for number in range(decisions)]
        self.decider = other.decider(ready[0], NOW)
        self.ready: Iterator[str] = iter(ready)
        self._analyze()
        self.megabytes = self._size() / 2**20
        self._tell(f"{total:,} complaints, {self.megabytes:,.0f} MB, {perf_counter() - began:.0f} s", end=True)

    def opened(self) -> Desk:
        more: dict[str, Any] = {} if self.url.startswith("sqlite") else {"upgrade": True}
        return csdomain.open(self.url, holidays=no_holidays(), **more)

    def _lead(self, desk: Desk) -> list[Template]:
        """The templates of each month, the oldest first; their events are numbered, their messages sent."""
        large = 10 * self.in_month
        rest = shares(self.total - self.in_month - large, OTHER_MONTHS)
        plan = [(month_before(OTHER_MONTHS + 1 - place), count, place % 3 == 0) for place, count in enumerate(rest)]
        plan += [(month_before(1), count, True) for count in shares(large, TEMPLATES_A_MONTH)]
        plan += [(month_before(0), count, True) for count in shares(self.in_month, TEMPLATES_A_MONTH)]
        lead = Leading(desk, MODEL)
        templates = []
        for number, (at, count, established) in enumerate(plan):
            id = lead.settled(number, at, established=established)
            case = desk.complaints.get(id, by=lead.who["general_manager"])
            templates.append(Template(id, case.number, count - 1))
        desk.relay(CollectingNotifier())
        desk.follow("archive", lambda _: None)
        return templates

    def _fill(self, templates: Sequence[Template], began: float) -> None:
        engine = create_engine(self.url)
        if engine.dialect.name == "sqlite":
            event.listen(engine, "connect", _unsafe)
        with engine.connect() as connection:
            copying = Copying(connection)
            for template in templates:
                copying.copy(template, lambda made: self._tell(f"{made:,} copied, {perf_counter() - began:.0f} s"))
            copying.finish()
        engine.dispose()

    def _analyze(self) -> None:
        statement = {"postgresql": "vacuum analyze", "mariadb": "analyze table csd_complaint, csd_audit, csd_timer"}
        if self.engine.dialect.name in statement:
            with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(statement[self.engine.dialect.name]))

    def _size(self) -> int:
        if self.engine.dialect.name == "sqlite":
            return sum(path.stat().st_size for path in _files(self.url))
        asked = {
            "postgresql": "select pg_database_size(current_database())",
            "mariadb": "select sum(data_length + index_length) from information_schema.tables"
            " where table_schema = database()",
        }
        with self.engine.connect() as connection:
            return int(connection.execute(text(asked[self.engine.dialect.name])).scalar_one())

    def _tell(self, what: str, *, end: bool = False) -> None:
        """How far it is: at a terminal all the time, else a line for each store."""
        name = self.url.partition(":")[0].partition("+")[0]
        if sys.stderr.isatty():
            print(f"\r\033[K{name}: {what}", end="\n" if end else "", file=sys.stderr, flush=True)
        elif end:
            print(f"{name}: {what}", file=sys.stderr, flush=True)

    # --- what is measured
    def decide(self) -> None:
        for id in islice(self.ready, WRITES):
            self.desk.complaints.approve(id, by=self.decider, at=NOW)

    def receive(self) -> None:
        for number in range(WRITES):
            self.agent.receive(number, NOW)

    def queue(self) -> None:
        page = self.desk.complaints.queue(by=self.agent.who["service_agent"])
        assert len(page.items) == OPEN
        assert page.next is None

    def statistics(self, month: str, *group_by: str) -> None:
        rows = self.desk.complaints.statistics(month, *group_by, by=self.agent.who["service_agent"])
        assert sum(row.count for row in rows) == self.in_month * (10 if month == LARGE else 1)

    def trail(self) -> None:
        """Of one in the middle of the archive."""
        id = f"{COMPLAINT.prefix}_00000000{WIDE + self.total // 2}"
        assert len(self.desk.complaints.trail(id, by=self.agent.who["service_agent"])) > 10


def _unsafe(connection: Any, _record: object) -> None:
    """For filling alone: a file that a crash may ruin."""
    for pragma in ("journal_mode = delete", "journal_mode = off", "synchronous = off", "cache_size = -200000"):
        connection.execute(f"pragma {pragma}")


def _files(url: str) -> list[Path]:
    path = Path(url.removeprefix("sqlite:///"))
    return list(path.parent.glob(f"{path.name}*"))


# --- the measuring ----------------------------------------------------------------------------------------------------


def repeated(work: Callable[[], None], times: int) -> Callable[[], None]:
    def again() -> None:
        for _ in range(times):
            work()

    return again


def calls(work: Callable[[], None]) -> int:
    """How many calls make a round."""
    work()
    began = perf_counter()
    work()
    return ceil(ROUND_SECONDS / (perf_counter() - began))


GROUPS: Final = ("class_name", "cause", "unit", "product", "in_time")
#: What is measured, and how: without a limit where none is asked for.
MEASURED: Final[tuple[tuple[str, Callable[[Archive], None], float | None], ...]] = (
    ("decision", Archive.decide, TARGET),
    ("queue", Archive.queue, TARGET),
    ("statistics", lambda store: store.statistics(MONTH, "class_name"), TARGET),
    ("statistics by five", lambda store: store.statistics(MONTH, *GROUPS), TARGET),
    ("statistics of the large month", lambda store: store.statistics(LARGE, "class_name"), TARGET),
    ("receive", Archive.receive, None),
    ("trail", Archive.trail, None),
)


def measure(backend: str, stores: Mapping[str, Archive], rounds: int) -> Iterator[common.Row]:
    few = next(iter(stores))
    for what, work, limit in MEASURED:
        writes = WRITES if what in ("decision", "receive") else 0
        times = 1 if writes else calls(partial(work, stores[few]))
        sides = {name: repeated(partial(work, store), times) for name, store in stores.items()}
        common.interleaved(sides, 1)  # warms what is cached
        taken = common.interleaved(sides, rounds)
        for name, store in stores.items():
            yield {
                "backend": backend,
                "complaints": name,
                "MB": round(store.megabytes),
                "what": what,
                "ms": 1000 * median(taken[name]) / times / (writes or 1),
                "to few": round(common.ratio(taken, name, few), 2),
                "at most": None if name == few else limit,
                "spread": round(common.spread(taken[name]), 2),
            }


def measure_months(backend: str, name: str, store: Archive, rounds: int) -> common.Row:
    """The month with ten times the cases, beside the other."""
    work = {month: partial(store.statistics, month, "class_name") for month in (MONTH, LARGE)}
    times = calls(work[MONTH])
    sides = {month: repeated(one, times) for month, one in work.items()}
    taken = common.interleaved(sides, rounds)
    return {
        "backend": backend,
        "complaints": name,
        "MB": round(store.megabytes),
        "what": "ten times the month",
        "ms": 1000 * median(taken[LARGE]) / times,
        "to a tenth": round(common.ratio(taken, LARGE, MONTH), 2),
        "at most": LINEAR,
        "spread": round(common.spread(taken[LARGE]), 2),
    }


def missed(rows: Sequence[common.Row]) -> Iterator[str]:
    for row in rows:
        found, limit = row.get("to few", row.get("to a tenth")), row["at most"]
        if limit is not None and float(found or 0) > float(limit):
            yield f"{row['backend']}, {row['complaints']} complaints: {row['what']} {found} x, at most {limit}"


@contextmanager
def fresh_databases(backend: str) -> Iterator[Callable[[int], str]]:
    """A maker of addresses; the databases are gone afterwards, before the next backend needs the room."""
    if backend == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield lambda total: f"sqlite:///{Path(folder) / str(total)}.db"
    else:
        with common.servers() as fresh:
            yield lambda _: fresh(backend)


def told(rows: Iterable[common.Row]) -> Iterator[common.Row]:
    """The rows as they come, each told at once: the run is a long one."""
    for row in rows:
        print("  ".join(f"{name} {value}" for name, value in row.items()), file=sys.stderr, flush=True)
        yield row


def main() -> int:
    every = ("sqlite", *common.there())
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--quick", action="store_true", help="2,000 complaints and 50,000: some minutes")
    parser.add_argument("--backend", nargs="+", choices=every, default=every, help="only on these")
    asked = parser.parse_args()
    totals, in_month, rounds = ((2_000, 50_000), 100, 15) if asked.quick else ((10_000, 1_000_000), IN_MONTH, 21)
    rows: list[common.Row] = []
    for backend in asked.backend:
        with fresh_databases(backend) as address:
            decisions = WRITES * (rounds + 1)
            stores = {f"{total:,}": Archive(address(total), total, in_month, decisions) for total in totals}
            try:
                rows += told(measure(backend, stores, rounds))
                rows += told(measure_months(backend, name, store, rounds) for name, store in stores.items())
            finally:
                for store in stores.values():
                    store.desk.close()
    return common.report("many", rows, list(missed(rows)), as_json=asked.json)


if __name__ == "__main__":
    sys.exit(main())
