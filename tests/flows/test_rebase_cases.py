"""Running cases are moved to another rulebook on purpose, each audited, and nothing else of them changes (KRN-01)."""

from collections.abc import Callable
from pathlib import Path

import attrs
import pytest

import csdomain
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.lifecycle import State
from csdomain.kernel.rules import HOUSE_RULES
from csdomain.kernel.rules.errors import NotPermitted, RuleBroken
from csdomain.testing import MovableClock, SequentialIds, accepted, closed, no_holidays, received, snapshot, staff

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
    levels.write_text('name = "levels"\nextends = "after_sales"\n[complaints]\npath = "levels"\n', encoding="utf-8")
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
