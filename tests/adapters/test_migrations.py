"""Migrations: from nothing, step by step, twice, at once; and what they make is what the code expects."""

import ast
import json
import re
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, inspect, text

import csdomain
from adapters.harness import SQL, Desks
from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.lifecycle import State
from csdomain.contexts import stored
from csdomain.kernel.rules import NUMBERING, PERSONAL_DATA, PORTS
from csdomain.messaging.values import Channel
from csdomain.testing import (
    CollectingGateway,
    MemoryDirectory,
    accepted,
    agent,
    answered,
    complaint_form,
    no_holidays,
    received,
    recipient,
    staff,
)
from csdomain_adapters.sql import SchemaOutdated, ours
from csdomain_adapters.sql.dialects import make_engine
from csdomain_adapters.sql.migrate import _SCRIPTS, HEAD, current, downgrade, upgrade
from csdomain_adapters.sql.tables import VERSION_TABLE, Schema

pytestmark = pytest.mark.rule(PORTS)


def scripts() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


REVISIONS = [script.revision for script in reversed(list(scripts().walk_revisions()))]


@pytest.fixture(params=SQL)
def url(request: pytest.FixtureRequest, database_url: Callable[[str], str]) -> str:
    return database_url(request.param)


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    made = make_engine(url, {})
    yield made
    made.dispose()


def tables(engine: Engine) -> set[str]:
    return {name for name in inspect(engine).get_table_names() if name != VERSION_TABLE}


def differences(engine: Engine) -> list[object]:
    def included(name: str | None, type_: str, _parents: object) -> bool:
        return type_ != "table" or (ours(name) and name != VERSION_TABLE)

    def meant(item: Any, _name: str | None, type_: str, reflected: bool, _other: object) -> bool:
        """Alembic does not know of indexes that only some databases have."""
        only = item._ddl_if if type_ == "index" and not reflected else None
        return only is None or engine.dialect.name in only.dialect

    names = {"include_name": included, "include_object": meant}
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True, **names}
        )
        return list(compare_metadata(context, Schema(stored()).meta))


def test_the_head_is_the_scripts_head() -> None:
    assert scripts().get_heads() == [HEAD]
    assert REVISIONS[-1] == HEAD


def test_a_migration_names_columns_and_never_a_kind_that_may_change() -> None:
    ours = {f"csdomain_adapters.{name}" for name in ("sql.kinds", "sql.tables", "system")}
    allowed = {"sqlalchemy", "alembic", "datetime", "hashlib", "json", "orjson", "typing", "collections.abc", *ours}
    paths = sorted((_SCRIPTS / "versions").glob("v*.py"))
    assert len(paths) == len(REVISIONS)
    for path in paths:
        imported = [
            name
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name in ([node.module or "."] if isinstance(node, ast.ImportFrom) else [n.name for n in node.names])
        ]
        assert set(imported) <= allowed, path.name


def test_from_nothing_to_what_the_code_expects(engine: Engine) -> None:
    assert current(engine) is None
    upgrade(engine)
    assert current(engine) == HEAD
    assert differences(engine) == []
    assert tables(engine) == set(Schema(stored()).meta.tables)


def test_indexes_and_keys_are_as_the_code_says(engine: Engine) -> None:
    """Alembic compares neither the conditions of indexes nor primary keys nor the collation of texts."""
    upgrade(engine)
    migrated = shapes(engine)
    names = [*tables(engine), VERSION_TABLE]
    with engine.begin() as connection:
        for name in names:
            connection.execute(text(f"drop table {name}"))
    Schema(stored()).meta.create_all(engine)
    assert migrated == shapes(engine)


def shapes(engine: Engine) -> dict[str, object]:
    if engine.dialect.name == "sqlite":
        query = "select name, sql from sqlite_master where name like '%csd_%' and name not like '%alembic%'"
        with engine.connect() as connection:
            found = {row[0]: row[1] or "" for row in connection.execute(text(query))}
        # A migration may have added columns one by one: their order is no difference.
        return {name: sorted(re.split(r"\s*,\s*", " ".join(sql.split()))) for name, sql in found.items()}
    if engine.dialect.name == "mariadb":
        queries = (
            "select 'column', table_name, column_name, column_type, is_nullable, collation_name, extra",
            "select 'index', table_name, index_name, seq_in_index, column_name, non_unique, collation",
            "select 'table', table_name, engine, table_collation, row_format, create_options, table_comment",
        )
        found = {}
        with engine.connect() as connection:
            for query, source in zip(queries, ("columns", "statistics", "tables"), strict=True):
                where = f" from information_schema.{source} where table_schema = database()"
                for row in connection.execute(text(query + where)):
                    if "alembic" not in row[1]:
                        found["/".join(map(str, row[:4]))] = tuple(row)
        return found
    query = (
        "select c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attcollation::text"
        " from pg_attribute a join pg_class c on c.oid = a.attrelid where c.relname like 'csd!_%' escape '!'"
        " and c.relname not like '%alembic%' and c.relkind = 'r' and a.attnum > 0"
    )
    with engine.connect() as connection:
        columns: dict[str, object] = {row[0]: tuple(row[1:]) for row in connection.execute(text(query))}
        indexes = connection.execute(
            text("select indexname, indexdef from pg_indexes where tablename like 'csd!_%' escape '!'")
        )
        return columns | {row[0]: row[1] for row in indexes if "alembic" not in row[0]}


def test_step_by_step_up_and_down_again(engine: Engine) -> None:
    seen = []
    for revision in REVISIONS:
        upgrade(engine, revision)
        assert current(engine) == revision
        seen.append(tables(engine))
    assert seen[-1] == set(Schema(stored()).meta.tables)
    for revision, there in zip(reversed(REVISIONS[:-1]), reversed(seen[:-1]), strict=True):
        downgrade(engine, revision)
        assert (current(engine), tables(engine)) == (revision, there)
    downgrade(engine, "base")
    assert (current(engine), tables(engine)) == (None, set())
    upgrade(engine)
    assert differences(engine) == []


def test_twice_is_once(engine: Engine) -> None:
    upgrade(engine)
    before = tables(engine)
    upgrade(engine)
    upgrade(engine, HEAD)
    assert (tables(engine), current(engine)) == (before, HEAD)


def test_what_was_written_before_survives(engine: Engine, url: str, desks: Desks) -> None:
    # What every earlier revision has: the trail, timers, the outbox, numbers, keys, rulebooks.
    upgrade(engine, REVISIONS[-2])
    with engine.begin() as connection:
        connection.execute(text("insert into csd_number (series, last) values ('KS202603-{seq:04}', 41)"))
        connection.execute(text("insert into csd_rulebook (ref, body) values ('old@1', :b)"), {"b": b"text"})
        connection.execute(
            text(
                "insert into csd_audit (event_id, subject, actor, at, name, schema, move, source, dest, reason, facts)"
                " values ('evt_1', 's', 'u', 1000000, 'n', 1, 'm', '', 'd', 'why', :f)"
            ),
            {"f": b'{"a":1}'},
        )
    upgrade(engine)
    desk = desks.at(url)
    assert received(desk).number == "KS202603-0042"
    assert desk.store.look(lambda unit: unit.session.get_rulebook("old@1")) == "text"
    (record,) = desk.store.look(lambda unit: unit.trail("s"))
    assert (record.reason, record.facts) == ("why", {"a": 1})


def test_inboxes_and_searches_know_the_cases_that_were_there(engine: Engine, url: str, desks: Desks) -> None:
    upgrade(engine)
    desk = desks.at(url)
    first = received(desk, complaint_form(order_number="O-1", batch="B-1")).id
    grave = accepted(desk, complaint_form(order_number="O-2")).id
    ended = received(desk).id
    by, at = agent(desk, position="deputy_general_manager"), desk.clock.now()
    desk.complaints.mark(grave, by=agent(desk), at=at)
    desk.complaints.assign(grave, "agent-9", by=by, at=at)
    desk.complaints.withdraw(ended, "never mind", by=agent(desk), at=at)
    names = ("order_number", "batch", "handler", "open_remarks", "level", "urgency", "product", "desks")
    asked = text(f"select {', '.join(names)} from csd_complaint order by id")  # noqa: S608 - constants

    def columns() -> list[tuple[object, ...]]:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(asked)]

    before = columns()
    downgrade(engine, "0004")
    with engine.begin() as connection:  # as a body was before hand-overs were counted
        stored = connection.execute(text("select body from csd_complaint where id = :id"), {"id": first}).scalar_one()
        kept = {k: v for k, v in json.loads(bytes(stored)).items() if k not in ("handed", "told", "waits")}
        said = {"id": first, "body": json.dumps(kept).encode()}
        connection.execute(text("update csd_complaint set body = :body where id = :id"), said)
    upgrade(engine)
    assert columns() == [(*before[0][:-1], "*"), *before[1:]]
    assert before[2][-1] is None

    def inbox(**whose: Any) -> list[str]:
        return [one.case.id for one in desk.complaints.inbox(by=by, at=at, **whose).items]

    assert (inbox(position="sales"), inbox(person="agent-9")) == ([first], [grave])
    assert differences(engine) == []


def test_messages_that_are_there_are_given_their_states(engine: Engine, url: str, desks: Desks) -> None:
    upgrade(engine, "0005")
    queued = "insert into csd_outbox (%s, occasion, recipient, facts, created_at, attempts, next_at, sent_at, failure)"
    queued %= engine.dialect.identifier_preparer.quote("key")
    rows = {"new/1": (1, None), "tried/1": (2, None), "sent/1": (None, 3), "dead/1": (None, None)}
    with engine.begin() as connection:
        for key, (next_at, sent_at) in rows.items():
            values = {"k": key, "n": next_at, "s": sent_at, "f": b"{}"}
            connection.execute(text(f"{queued} values (:k, 'o', 'boss', :f, 1, 1, :n, :s, '')"), values)
        # As where it was cut short on MariaDB: some columns are there, and somebody queued meanwhile.
        connection.execute(text("alter table csd_outbox add column state varchar(16) not null default 'waiting'"))
    for _ in range(2):
        upgrade(engine)
        desk = desks.at(url)
        found = desk.store.look(lambda unit: unit.session.outbox(limit=9))
        states = {"new/1": "waiting", "tried/1": "waiting", "sent/1": "sent", "dead/1": "dead"}
        assert {message.key: message.state.value for message in found} == states
        assert all(message.readable and not message.line for message in found)
        for version in ("0005", HEAD):  # once more, and nothing is made of what is done
            with engine.begin() as connection:
                connection.execute(text(f"update {VERSION_TABLE} set version_num = '{version}'"))  # noqa: S608
            upgrade(engine, "0006" if version == "0005" else HEAD)


@pytest.mark.rule(PERSONAL_DATA)
def test_what_was_typed_into_messages_that_are_there_is_taken_away(engine: Engine, url: str, desks: Desks) -> None:
    upgrade(engine, "0018")
    columns = "(%s, occasion, recipient, facts, created_at, attempts, next_at, failure)"
    columns %= engine.dialect.identifier_preparer.quote("key")
    insert = f"insert into csd_outbox {columns} values (:k, :o, 'boss', :f, 1, 0, 1, '')"  # noqa: S608 - of this test
    rows = {
        "message.notice": b'{"sender":"ann","text":"wyvern"}',
        "message.drivers_care": b"{wyv",
        "x": b'{"text":"x"}',
    }
    with engine.begin() as connection:
        for n, (occasion, facts) in enumerate(rows.items()):
            values = {"k": f"evt_{n}/x", "o": occasion, "f": facts}
            connection.execute(text(insert), values)
    upgrade(engine)
    desk = desks.at(url)
    directory = MemoryDirectory({"boss": recipient(channel=Channel.IN_APP)})
    desk.relay(desk.messages.notifier(CollectingGateway(), directory))
    found = desk.store.look(lambda unit: unit.session.outbox(unsent=False, limit=9))
    assert [dict(one.facts) for one in found] == [{"sender": "ann"}, {}, {"text": "x"}]
    assert [one.dead for one in found] == [True] * 3, "what waits is listed, not lost"


@pytest.mark.rule(NUMBERING)
def test_the_numbers_of_papers_that_are_there_come_into_the_register(engine: Engine, url: str, desks: Desks) -> None:
    upgrade(engine)
    desk = desks.at(url)
    who, at = staff(desk), desk.clock.now()
    case = answered(desk).id
    desk.complaints.decline(case, "no", by=who["sales"], at=at)
    desk.complaints.renew(case, complaint_form(), by=who["service_agent"], at=at)
    past = PastCase(number="OLD-1", form=complaint_form(), state=State.RECEIVED, received_at=at)
    desk.complaints.take_over(past, by=who["service_manager"], at=at)
    for _ in range(3):
        received(desk)

    def rows() -> list[Any]:
        with engine.connect() as connection:
            return list(connection.execute(text("select number, kind, subject from csd_paper order by number")))

    before = rows()
    assert [row[0] for row in before] == [f"KS202603-000{n}" for n in range(1, 6)] + ["OLD-1"]
    downgrade(engine, "0004")
    with engine.begin() as connection:  # the fault of old left counters behind what was taken over
        connection.execute(text("update csd_number set last = 2"))
    upgrade(engine)
    assert rows() == before
    assert received(desk).number == "KS202603-0006"


def test_a_failed_migration_leaves_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("create table csd_rulebook (mine integer)"))  # the last that the first script makes
    with pytest.raises(Exception, match="csd_rulebook"):
        upgrade(engine)
    assert (current(engine), tables(engine)) == (None, {"csd_rulebook"})


@pytest.mark.parametrize("count", [4])
def test_several_processes_at_once(url: str, engine: Engine, count: int) -> None:
    code = (
        "import sys; from csdomain_adapters.sql.dialects import make_engine;"
        "from csdomain_adapters.sql.migrate import upgrade;"
        "import alembic.command; print('ready', flush=True); sys.stdin.readline();"
        "upgrade(make_engine(sys.argv[1], {}))"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    told = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * count, told
    assert current(engine) == HEAD
    assert differences(engine) == []


def test_who_looks_at_a_revision_is_not_disturbed_by_an_upgrade(mariadb_url: str) -> None:
    done, failed = threading.Event(), []

    def look() -> None:
        engine = make_engine(mariadb_url, {})
        while not done.is_set():
            try:
                current(engine)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is the finding
                failed.append(str(error))

    lookers = [threading.Thread(target=look) for _ in range(4)]
    for looker in lookers:
        looker.start()
    try:
        upgrade(make_engine(mariadb_url, {}))
    finally:
        done.set()
        for looker in lookers:
            looker.join()
    assert failed == []


def test_a_server_is_upgraded_on_purpose_only(postgresql_url: str) -> None:
    def opened(**options: Any) -> str:
        with csdomain.open(postgresql_url, holidays=no_holidays(), **options) as desk:
            return desk.complaints.find(by=agent(desk)).items.__repr__()

    engine = make_engine(postgresql_url, {})
    with pytest.raises(SchemaOutdated) as caught:
        opened()
    assert (caught.value.facts["actual"], caught.value.facts["expected"]) == ("none", HEAD)
    assert "csdomain db upgrade" in str(caught.value)
    assert current(engine) is None, "it touched nothing"
    upgrade(engine, REVISIONS[0])
    with pytest.raises(SchemaOutdated, match=REVISIONS[0]):
        opened()
    assert opened(upgrade=True) == "()"
    assert opened() == "()"
    engine.dispose()


def test_a_sqlite_file_is_brought_up_to_date_by_itself(sqlite_url: str) -> None:
    engine = make_engine(sqlite_url, {})
    upgrade(engine, REVISIONS[0])
    engine.dispose()
    with csdomain.open(sqlite_url, holidays=no_holidays()) as desk:
        assert desk.complaints.find(by=agent(desk)).items == ()
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        assert database.execute("pragma journal_mode").fetchone() == ("wal",)
    database.close()
    with pytest.raises(SchemaOutdated):
        csdomain.open(sqlite_url.replace("fresh", "other"), holidays=no_holidays(), upgrade=False)
