"""Running cases are moved to another rulebook on purpose, each audited, and nothing else of them changes (KRN-01)."""

import tomllib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import attrs
import pytest

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.lifecycle import State
from csdomain.complaints.service import COMPLAINT_CASES
from csdomain.complaints.values import COMPLAINT_RULES
from csdomain.contexts import pinnings
from csdomain.desk import load_rulebook
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken
from csdomain.rulebook import stuck
from csdomain.rulebook.loader import content
from csdomain.rulebook.reading import overridden
from csdomain.testing import (
    MovableClock,
    SequentialIds,
    accepted,
    closed,
    memory_desk,
    no_holidays,
    received,
    snapshot,
    staff,
)
from rulebook.test_loading import put, toml

STRICTER = """
name = "stricter"
extends = "after_sales"
[complaints]
close_within = "3 days"
"""


@pytest.mark.rule(HOUSE_RULES)
@pytest.mark.parametrize("backend", ["sqlite"])
def test_the_running_cases_of_a_rulebook_move_and_the_others_stay(
    backend: str, database_url: Callable[[str], str], tmp_path: Path
) -> None:
    url, ids = database_url(backend), SequentialIds()
    stricter = tmp_path / "stricter.toml"
    stricter.write_text(STRICTER, encoding="utf-8")
    with csdomain.open(url, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        running = [received(desk).id, accepted(desk).id, accepted(desk).id]
        done = desk.complaints.withdraw(received(desk).id, "found it", by=staff(desk)["sales"], at=desk.clock.now()).id
        old = desk.house.rulebook.ref
        before = {id: desk.complaints.get(id, by=staff(desk)["general_manager"]) for id in (*running, done)}
        deadlines = desk.complaints.deadlines(running[1], by=staff(desk)["general_manager"], at=desk.clock.now())
    with csdomain.open(url, stricter, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        boss, agent, now = staff(desk)["general_manager"], staff(desk)["service_agent"], desk.clock.now()
        fresh = received(desk).id
        whole = snapshot(desk.store, (COMPLAINTS,))
        report = desk.rebase(old, by=agent, at=now)
        assert ([id for id, _ in report.refused], report.moved) == (running, ())
        assert all(isinstance(error, NotPermitted) for _, error in report.refused)
        after = snapshot(desk.store, (COMPLAINTS,))
        assert {k: v for k, v in after.items() if k != "refusals"} == {
            k: v for k, v in whole.items() if k != "refusals"
        }

        seen: list[int] = []
        report = desk.rebase(old, by=boss, at=now, progress=seen.append)
        assert (report.moved, report.refused, sum(seen)) == (tuple(running), (), 4)
        ref = desk.house.rulebook.ref
        for id in running:
            case = desk.complaints.get(id, by=boss)
            assert case == attrs.evolve(before[id], rulebook=ref, version=before[id].version + 1)
            assert desk.complaints.trail(id, by=boss)[-1].facts == {"before": old, "after": ref}
        assert desk.complaints.get(done, by=boss) == before[done]
        assert desk.complaints.get(fresh, by=boss).rulebook == ref
        # A timer that runs keeps its deadline; what begins from now on goes by the new rules.
        assert desk.complaints.deadlines(running[1], by=boss, at=now) == deadlines
        assert desk.rebase(old, by=boss, at=now).moved == ()


@pytest.mark.rule(HOUSE_RULES)
def test_a_case_is_not_moved_to_the_rulebook_it_goes_by_nor_to_another_path(
    database_url: Callable[[str], str], tmp_path: Path
) -> None:
    url, ids = database_url("sqlite"), SequentialIds()
    levels = tmp_path / "levels.toml"
    text = 'name = "levels"\nextends = "after_sales"\n[complaints]\npath = "levels"\nsignatures = []\n'
    levels.write_text(text, encoding="utf-8")
    with csdomain.open(url, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        id, old = accepted(desk).id, desk.house.rulebook.ref
        settled = closed(desk)
        assert settled.state == State.CLOSED.value
        with pytest.raises(RuleBroken) as refused:
            desk.complaints.rebase(id, by=staff(desk)["general_manager"], at=desk.clock.now())
        assert refused.value.rule is HOUSE_RULES
    with csdomain.open(url, levels, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        report = desk.rebase(old, by=staff(desk)["general_manager"], at=desk.clock.now())
        assert report.moved == ()
        assert [case for case, _ in report.refused] == [id, settled.id]


IMPOSSIBLE = {
    "currency": ('[organisation]\ncurrency = "USD"\n', "its amounts are in CNY, not USD"),
    "class": (
        '[complaints.classes.not_quality]\nquality = false\ncauses = ["packing"]\n',
        "no class not_quality: handling",
    ),
}


@pytest.mark.rule(HOUSE_RULES)
@pytest.mark.parametrize("change", IMPOSSIBLE)
def test_f46_what_could_not_go_on_stays_pinned_and_is_named_beforehand(
    change: str, database_url: Callable[[str], str], tmp_path: Path
) -> None:
    text, why = IMPOSSIBLE[change]
    book = content(load_rulebook("after_sales").canonical)
    put(book, ["name"], "other")
    for key, value in tomllib.loads(text).items():
        book[key] = overridden(book[key], value)
    if change == "currency":
        for name in ("complaints", "payments"):
            book[name] = tomllib.loads(toml(book[name]).replace("CNY", "USD"), parse_float=Decimal)
    other = tmp_path / "other.toml"
    other.write_text(toml(book), encoding="utf-8")
    url, ids = database_url("sqlite"), SequentialIds()
    with csdomain.open(url, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        id, old = accepted(desk).id, desk.house.rulebook.ref
        new = load_rulebook(other)
        (one,) = desk.store.look(lambda unit: stuck(unit, pinnings(), old, new))
        assert (one.id, [text.en for text in one.why]) == (id, [one.why[0].en])
        assert why in one.why[0].en
    with csdomain.open(url, other, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        boss = staff(desk)["general_manager"]
        report = desk.rebase(old, by=boss, at=desk.clock.now())
        assert (report.moved, [case for case, _ in report.refused]) == ((), [id])
        assert why in str(report.refused[0][1])
        assert desk.complaints.get(id, by=boss).rulebook == old


@pytest.mark.rule(HOUSE_RULES)
def test_f46_a_calendar_that_pinned_cases_use_does_not_vanish(
    database_url: Callable[[str], str], tmp_path: Path
) -> None:
    book = content(load_rulebook("after_sales").canonical)
    book["name"], book["organisation"]["calendar"] = "renamed", "desk"
    book["calendars"] = {"desk": book["calendars"]["office"]}
    renamed = tmp_path / "renamed.toml"
    renamed.write_text(toml(book), encoding="utf-8")
    url, ids = database_url("sqlite"), SequentialIds()
    with csdomain.open(url, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        id = accepted(desk).id
        before = desk.complaints.deadlines(id, by=staff(desk)["general_manager"], at=desk.clock.now())
    with csdomain.open(url, renamed, clock=MovableClock(), ids=ids, holidays=no_holidays()) as desk:
        boss = staff(desk)["general_manager"]
        assert desk.complaints.deadlines(id, by=boss, at=desk.clock.now()) == before
        assert desk.sweep(desk.clock.now() + timedelta(days=30)).failed == ()


@pytest.mark.rule(HOUSE_RULES)
def test_f46_a_case_at_a_level_that_the_ladder_lacks_stays() -> None:
    book = load_rulebook("fleet")
    with memory_desk("fleet") as desk:
        agent, boss = staff(desk)["hotline_agent"], staff(desk)["general_manager"]
        case = desk.complaints.get(received(desk, by=agent).id, by=boss)
    levels = len(book[COMPLAINT_RULES].ladder.bands)
    for level in range(levels + 2):
        why = COMPLAINT_CASES.against(attrs.evolve(case, level=level), book)
        assert [text.en for text in why] == ([f"it is at level {level + 1} of {levels}"] if level >= levels else [])
