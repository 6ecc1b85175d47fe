"""Erasing a customer leaves no trace of the person anywhere, and figures, trail, signatures and seals as they were.

Every text that any command takes holds a mark (``flows.said``); the marks are then looked for in every row of every
table, in the files of SQLite, and in all that was logged (KRN-14).
"""

import logging
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest
from sqlalchemy import create_engine, inspect, text

from adapters.harness import BACKENDS, Desks
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.case.papers import require_as_signed
from csdomain.desk import Desk
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.store.kinds import Tally
from csdomain.kernel.store.ports import AuditRecord, Unit
from csdomain.testing import MovableClock, SequentialIds, snapshot
from csdomain_adapters.memory import MemoryStore
from flows.said import (
    BOOK,
    CUSTOMER,
    IDS,
    LEVELS,
    Talk,
    book,
    everything_by_amount,
    everything_by_level,
    found,
    questions,
    slots,
)

GM = "general_manager"
READERS = ("sales", "service_agent", "rnd", "finance", "deputy_general_manager")
SEARCH = "search"  # what the test itself asks a database may be logged
pytestmark = pytest.mark.rule(PERSONAL_DATA)


@pytest.fixture
def talking(desks: Desks, database_url: Callable[[str], str]) -> Callable[..., Talk]:
    """Opens desks on databases of their own; those at the same place share a clock and ids."""
    clock, ids = MovableClock(), SequentialIds()
    urls: dict[str, str] = {}

    def open_at(backend: str, rules: str = BOOK) -> Talk:
        url = urls.setdefault(backend, database_url(backend))
        heard = {} if url.startswith("memory") else {"upgrade": True, "echo": "debug"}
        desk = desks.at(url, rulebook=book(rules), clock=clock, ids=ids, **heard)
        return Talk(desk, clock)

    return open_at


def kept(desk: Desk) -> Iterator[Any]:
    """Everything that a store holds, as it holds it: all columns of all rows of all tables, and SQLite's files."""
    if isinstance(desk.store, MemoryStore):
        yield desk.store._tables
        return
    url = desk.store.engine.url  # type: ignore[attr-defined]  # a SQL store has one
    if url.get_backend_name() == "sqlite":
        for file in Path(url.database).parent.glob(f"{Path(url.database).name}*"):
            yield file.read_bytes()
    engine = create_engine(url, logging_name=SEARCH)
    tables = [name for name in inspect(engine).get_table_names() if name.startswith("csd_")]
    assert {"csd_complaint", "csd_audit", "csd_refusal", "csd_outbox", "csd_key", "csd_timer"} <= set(tables)
    with engine.connect() as connection:
        for table in tables:
            for row in connection.execute(text(f"select * from {table}")):  # noqa: S608 - our own names
                yield [value if isinstance(value, bytes) else str(value) for value in row]
    engine.dispose()


def stored(desk: Desk, ids: list[str]) -> list[Complaint]:
    return desk.store.look(lambda unit: [unit.of(COMPLAINTS).get(id) for id in ids])


def figures(talk: Talk) -> dict[str, Any]:
    """What must not change: all columns, statistics, totals, states, timers, trails without words, signatures."""
    by, does = talk.who[GM], talk.desk.complaints

    def trail(unit: Unit, id: str) -> list[AuditRecord]:
        records = [r for r in unit.trail(id) if r.name not in {"complaint_erased", "complaint_held", "timer_reminded"}]
        hidden = {"complaint_restricted", "complaint_released", "complaint_exported"}
        return [attrs.evolve(r, reason="", position=None) for r in records if r.name not in hidden]

    cases = stored(talk.desk, talk.ids)
    for case in cases:
        require_as_signed(case)
        for paper in does.papers(case.id, by=by):
            paper.verify()
    return {
        "columns": [COMPLAINTS.row(case) for case in cases],
        "totals": [(case.total, case.state, case.round, case.open_ends()) for case in cases],
        "statistics": does.statistics("2026-03", "class_name", "unit", by=by),
        "tally": does.tally(Tally(group_by=("state",), sums=("claimed", "granted", "lost")), by=by),
        "trails": talk.desk.store.look(lambda unit: {id: trail(unit, id) for id in talk.ids}),
        "timers": talk.desk.store.look(
            lambda unit: {id: [t for t in unit.timers_of(id) if not t.name.startswith("KRN-14")] for id in talk.ids}
        ),
        "papers": {
            id: [
                (paper.number, paper.fields, paper.signatures, paper.copies, paper.personal_digest)
                for paper in does.papers(id, by=by)
            ]
            for id in talk.ids
        },
    }


def shown(talk: Talk, position: str) -> dict[str, Any]:
    """Every answer to every question that can be asked of complaints, by one position."""
    does, by, now = talk.desk.complaints, talk.who[position], talk.clock.now()
    answers: dict[str, Any] = {
        "find": does.find(by=by),
        "queue": does.queue(by=by),
        "discrepancies": does.discrepancies(by=by),
        "unanswered": does.unanswered(by=by),
        "clocks": does.clocks(by=by),
        "inbox": does.inbox(by=by, at=now),
        "to_review": does.to_review("2026-03", by=by),
        "statistics": does.statistics("2026-03", "class_name", by=by),
        "tally": does.tally(by=by),
        "tallies": does.tallies([Tally(), Tally(group_by=("state",))], by=by),
    }
    for id in talk.ids:
        for name in ("get", "papers", "open_ends", "trail", "related"):
            answers[f"{name} {id}"] = getattr(does, name)(id, by=by)
        for name in ("moves", "part_moves", "deadlines"):
            answers[f"{name} {id}"] = getattr(does, name)(id, by=by, at=now)
        case = does.get(id, by=by)
        answers[f"as_data {id}"] = [does.as_data(each, by=by, of=case) for each in (case, does.trail(id, by=by))]
        papers = does.papers(id, by=by)
        answers[f"printed {id}"] = [paper.text("zh", reveal=True) + paper.html(reveal=True) for paper in papers]
    submitted = [case.id for case in stored(talk.desk, talk.ids) if case.form.submission is not None]
    for id in submitted:
        answers[f"approval {id}"] = does.approval(id, by=by, at=now).text()
    # What erases and exports asks for more than reading.
    assert {name.split()[0] for name in answers} - {"printed"} == questions() - {"of_customer", "export_of", "reassign"}
    return answers


def test_every_text_that_a_command_takes_is_said_or_is_an_id(talking: Callable[..., Talk]) -> None:
    by_amount, by_level = talking("memory"), talking("memory", LEVELS)
    everything_by_amount(by_amount)
    everything_by_level(by_level)
    assert slots() - IDS <= by_amount.said.keys() | by_level.said.keys()
    assert slots() >= IDS


@pytest.mark.parametrize("backend", BACKENDS)
def test_no_trace_is_left(backend: str, talking: Callable[..., Talk], caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("sqlalchemy", "sqlalchemy.engine", "sqlalchemy.engine.Engine"):
        caplog.set_level(logging.DEBUG, name)
    talk = talking(backend)
    desk, boss = talk.desk, talk.who[GM]
    everything_by_amount(talk)
    if backend != "memory":  # another rulebook on the same database
        other = talking(backend, LEVELS)
        other.said, other.calls = talk.said, talk.calls
        everything_by_level(other)
        talk.ids += other.ids
    there = found(talk.marks, list(kept(desk)))
    missing = [slot for slot, marks in talk.said.items() if not set(marks) & set(there)]
    missing = [slot for slot in missing if not slot.startswith("refused.")]  # what a refusal was given is not repeated
    assert not missing, "what is there is found: " + " ".join(missing)
    export = desk.export_customer(CUSTOMER, by=boss, at=talk.at())
    assert set(found(talk.marks, export)) >= set(talk.said["report.text"])
    shown(talk, GM)
    before, whole = figures(talk), snapshot(desk.store, (COMPLAINTS,))

    seen: list[int] = []
    report = desk.erase_customer(CUSTOMER, by=boss, at=talk.at(), progress=seen.append)

    assert (report.erased, report.restricted, report.unchanged) == (tuple(sorted(talk.ids)), (), ())
    assert sum(seen) == len(talk.ids)
    assert found(talk.marks, list(kept(desk))) == []
    assert found(talk.marks, desk.export_customer(CUSTOMER, by=boss, at=talk.at())) == []
    assert found(talk.marks, shown(talk, GM)) == []
    ours = [record for record in caplog.records if not record.name.endswith(SEARCH)]
    logged = [f"{record.getMessage()} {record.exc_text or ''}" for record in ours]
    assert backend == "memory" or any("csd_complaint" in line for line in logged)
    assert found(talk.marks, logged) == []
    assert figures(talk) == before
    after = snapshot(desk.store, (COMPLAINTS,))
    assert [(m.key, m.to, m.facts, m.next_at) for m in after["outbox"]] == [
        (m.key, m.to, m.facts, m.next_at) for m in whole["outbox"]
    ]
    again = desk.erase_customer(CUSTOMER, by=boss, at=talk.at())
    assert again.unchanged == report.erased
    assert snapshot(desk.store, (COMPLAINTS,)) == after


@pytest.mark.parametrize("backend", BACKENDS)
def test_what_is_held_is_kept_and_only_some_may_read_it(backend: str, talking: Callable[..., Talk]) -> None:
    talk = talking(backend)
    desk, boss = talk.desk, talk.who[GM]
    everything_by_amount(talk)
    for id in talk.ids:
        desk.complaints.hold(id, "litigation", talk.clock.now() + timedelta(days=9), by=boss, at=talk.at())
    before, there = figures(talk), found(talk.marks, list(kept(desk)))
    everything = shown(talk, GM)
    assert len(found(talk.marks, shown(talk, "sales"))) > len(talk.ids)

    report = desk.erase_customer(CUSTOMER, by=boss, at=talk.at())

    assert (report.erased, report.restricted, report.unchanged) == ((), tuple(sorted(talk.ids)), ())
    assert found(talk.marks, list(kept(desk))) == there
    for position in READERS:
        assert found(talk.marks, shown(talk, position)) == [], position
    assert set(found(talk.marks, shown(talk, GM))) == set(found(talk.marks, everything))
    assert figures(talk) == before
    assert desk.erase_customer(CUSTOMER, by=boss, at=talk.at()).unchanged == report.restricted

    desk.complaints.release(talk.ids[0], by=boss, at=talk.at())
    talk.clock.advance(timedelta(days=10))
    assert not desk.sweep().failed
    assert found(talk.marks, list(kept(desk))) == []
    assert figures(talk) | {"timers": 0} == before | {"timers": 0}
