"""A case is erased, or restricted while law demands keeping it; the hold ends by time or by release (KRN-14)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import Counter
from complaints.hand import ANN, KEEPING, T0, on
from complaints.model import RULES, accept, remedy, submitted
from complaints.model import received as opened
from csdomain.complaints.case import COMPLAINTS, Complaint
from csdomain.complaints.case.papers import require_as_signed
from csdomain.frame import keeping
from csdomain.kernel.cases.events import Event
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.papers.documents import Tampered
from csdomain.kernel.rules import PERSONAL_DATA
from csdomain.kernel.rules.errors import DomainError, NaiveTime, NotPermitted, RuleBroken
from csdomain.kernel.values.money import Money
from csdomain.testing import agent, closed, complaint_form, memory_desk, received, snapshot, staff

pytestmark = pytest.mark.rule(PERSONAL_DATA)
ComplaintErased, ComplaintRestricted = KEEPING.erased, KEEPING.restricted
ComplaintHeld, ComplaintReleased = KEEPING.held, KEEPING.released
BOSS = "general_manager"
DAY = timedelta(days=1)
BY = ANN.id


def held(case: Complaint, until: datetime | None = None, at: datetime = T0) -> tuple[Event, ...]:
    return on(case).hold("litigation", until, RULES, by=BY, at=at)


# --- the pure model against a plainer one -----------------------------------------------------------------------------


steps = st.lists(
    st.tuples(st.sampled_from(["hold", "hold for ever", "release", "erase", "sweep", "say"]), st.integers(0, 3)),
    max_size=14,
)


@given(steps)
def test_a_case_is_erased_once_nothing_holds_it_and_never_before(course: list[tuple[str, int]]) -> None:
    case = opened()
    accept(case)
    now, until, wanted, words = T0, None, False, True
    standing = False
    holds: list[datetime | None] = []
    for step, days in course:
        now += timedelta(hours=1)
        over = standing and until is not None and now >= until
        if over and wanted and step in ("hold", "hold for ever"):
            # Its erasure is due, and the sweep has not been there yet.
            with pytest.raises(RuleBroken) as refused:
                held(case, at=now)
            assert refused.value.rule is PERSONAL_DATA
            continue
        match step:
            case "hold" | "hold for ever":
                until = now + days * DAY + timedelta(minutes=1) if step == "hold" else None
                (event,) = held(case, until, now)
                holds.append(until)
                standing = True
                assert event == ComplaintHeld(
                    subject=case.id, by=BY, at=now, hold=len(holds), code="litigation", until=until
                )
            case "release":
                if not standing or over:
                    before = attrs.evolve(case)
                    with pytest.raises(RuleBroken):
                        on(case).release(by=BY, at=now)
                    assert case == before
                    continue
                events = on(case).release(by=BY, at=now)
                assert [type(event) for event in events] == [ComplaintReleased, *([ComplaintErased] if wanted else [])]
                standing, words, wanted = False, words and not wanted, False
            case "erase":
                events = on(case).erase(by=BY, at=now)
                if standing and not over:
                    assert [type(event) for event in events] == ([] if wanted else [ComplaintRestricted])
                    wanted = True
                else:
                    assert [type(event) for event in events] == ([ComplaintErased] if words or wanted else [])
                    words = wanted = False
            case "sweep":
                now += days * DAY
                over = standing and until is not None and now >= until
                for hold in range(1, len(holds)):
                    assert on(case).lapse(hold, by=BY, at=now) == ()  # another came in its place
                events = on(case).lapse(len(holds), by=BY, at=now) if holds else ()
                assert bool(events) is (over and wanted)
                if events:
                    words = wanted = False
            case "say":
                on(case).remark("they want it soon", "sales", by=ANN, at=now)
                words = True
        assert case.restricted is wanted
        assert (case.form.content.demand == "-") is (case.erased_at is not None)
        assert any(r.text != "-" for r in case.remarks) <= words
        assert (keeping.held(case, now) is not None) is (standing and (until is None or now < until))


@given(st.integers(-3, 0), st.sampled_from(["", "because", "Litigation", "litigation "]))
def test_what_is_no_hold_is_refused_and_changes_nothing(days: int, code: str) -> None:
    case = opened()
    before = attrs.evolve(case)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: held(case, T0 + days * DAY),
        lambda: on(case).hold(code, None, RULES, by=BY, at=T0),
        lambda: on(case).release(by=BY, at=T0),
    )
    for make in attempts:
        with pytest.raises(RuleBroken) as refused:
            make()
        assert refused.value.rule is PERSONAL_DATA
        assert code not in refused.value.facts.values() or not code
    with pytest.raises(NaiveTime):
        held(case, T0.replace(tzinfo=None))
    assert case == before


def test_figures_signatures_and_seals_outlive_the_person() -> None:
    case = submitted([(Money.of(900, "CNY"), Money.of(700, "CNY"))])
    total, salt = case.total, case.form.salt
    on(case).erase(by=BY, at=T0)
    assert case.total == total
    require_as_signed(case)
    case.form.document.verify(salt)
    forged = attrs.evolve(case.form.document, fields={**case.form.document.fields, "claimed": "1.00 CNY"})
    with pytest.raises(Tampered):
        forged.verify()
    assert case.form.salt == ""
    assert case.form.submissions[0].remedy == attrs.evolve(remedy(Money.of(700, "CNY")), text="-")


# --- at a desk --------------------------------------------------------------------------------------------------------


def test_a_hold_ends_in_the_sweep_that_comes_after_its_time_and_erases_then_and_there() -> None:
    counter = Counter.open()
    counter.accepted()
    until = counter.clock.now() + 30 * DAY
    counter.do("hold", "authority", until, by=BOSS)
    counter.do("erase", by=BOSS)
    assert counter.case.restricted
    assert counter.case.form.content.demand == "replacement"
    counter.clock.move(until)
    counter.desk.sweep()
    assert counter.case.restricted  # to the last microsecond
    counter.clock.move(until + timedelta(microseconds=1))
    assert not counter.desk.sweep().failed
    case = counter.case
    assert (case.restricted, case.form.content.demand, case.erased_at) == (False, "-", counter.clock.now())
    assert counter.timers["KRN-14.1"] is TimerState.MET
    trail = counter.desk.complaints.trail(case.id, by=counter.who[BOSS])
    assert [(r.by, r.at) for r in trail if r.name == "complaint_erased"] == [("system", counter.clock.now())]
    assert {record.reason for record in trail} == {""}
    before = counter.everything()
    assert not counter.desk.sweep().failed
    assert counter.everything() == before


def test_a_hold_in_the_place_of_another_runs_to_its_own_time() -> None:
    counter = Counter.open()
    counter.accepted()
    start = counter.clock.now()
    counter.do("hold", "authority", start + DAY, by=BOSS)
    counter.do("erase", by=BOSS)
    counter.do("hold", "litigation", start + 9 * DAY, by=BOSS)
    counter.clock.move(start + 5 * DAY)
    counter.desk.sweep()
    assert counter.case.restricted
    assert (counter.timers["KRN-14.1"], counter.timers["KRN-14.2"]) == (TimerState.CANCELLED, TimerState.RUNNING)
    counter.do("release", by=BOSS)
    assert counter.timers["KRN-14.2"] is TimerState.CANCELLED
    assert counter.case.erased_at == counter.clock.now()


def test_withdrawing_a_case_does_not_end_its_hold() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.do("hold", "authority", counter.clock.now() + DAY, by=BOSS)
    counter.do("erase", by=BOSS)
    counter.do("withdraw", "found it", by="sales")
    assert {state for name, state in counter.timers.items() if name.startswith("CMP")} <= {
        TimerState.CANCELLED,
        TimerState.MET,
    }
    counter.clock.advance(2 * DAY)
    counter.desk.sweep()
    assert counter.case.erased_at is not None


@pytest.mark.parametrize("command", [("hold", "litigation"), ("release",), ("erase",)])
def test_only_who_may_holds_releases_and_erases(command: tuple[Any, ...]) -> None:
    counter = Counter.open()
    counter.accepted()
    counter.do("hold", "authority", by=BOSS)
    for position in counter.who.keys() - {BOSS}:
        counter.expect_refused(NotPermitted, *command, by=position)
    counter.expect_refused(RuleBroken, "hold", "王小明", by=BOSS)
    told = counter.desk.store.look(lambda unit: unit.session.refusals(counter.id))
    assert "王小明" not in str([refusal.facts for refusal in told])


def test_who_may_not_read_what_is_restricted_sees_masks_wherever_the_case_is_read() -> None:
    desk = memory_desk()
    who, now = staff(desk), desk.clock.now()
    id = closed(desk, complaint_form(reason="it hurt Wang", attachments=("wang.jpg",))).id
    open_too = received(desk).id
    boss, does = who[BOSS], desk.complaints
    whole = does.get(id, by=boss)
    does.hold(id, "litigation", by=boss, at=now)
    assert does.get(id, by=who["sales"]).form == whole.form  # held, and nobody asked for its erasure
    does.erase(id, by=boss, at=now)
    for case in (
        does.get(id, by=who["sales"]),
        next(case for case in does.find(by=who["sales"]).items if case.id == id),
        does.to_review("2026-03", by=who["sales"]).items[0],
        does.queue(by=who["service_agent"]).items[0],
    ):
        assert case.form.content.reason == "•••"
        assert case.form.content.attachments == ("•••",)
        assert case.form.document.personal == {"demand": "•••", "reason": "•••", "specification": ""}
        assert "Wang" not in case.form.document.text(reveal=True)
        assert (case.total, case.number, case.state) == (whole.total, whole.number, whole.state)
        case.form.document.verify()
    assert does.get(id, by=boss).form == whole.form
    assert does.get(open_too, by=who["sales"]).form.content.reason == "does not start"
    assert "•••" in {record.reason for record in does.trail(id, by=who["sales"])}
    assert "•••" not in {record.reason for record in does.trail(id, by=boss)}


def test_erasing_again_writes_nothing_and_finds_what_was_said_since() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.do("erase", by=BOSS)
    before = counter.everything()
    counter.do("erase", by=BOSS)
    assert counter.everything() == before
    counter.do("mark", by="service_agent", reason="it hurt Wang")  # stands on the trail alone
    counter.do("erase", by=BOSS)
    assert {record.reason for record in counter.desk.complaints.trail(counter.id, by=counter.who[BOSS])} == {""}
    assert [name for name in names(counter) if name == "complaint_erased"] == ["complaint_erased"] * 2


def names(counter: Counter) -> list[str]:
    return [record.name for record in counter.desk.store.look(lambda unit: unit.trail(counter.id))]


def test_a_house_that_names_no_reasons_holds_nothing() -> None:
    case = opened()
    with pytest.raises(RuleBroken):
        on(case).hold("litigation", None, attrs.evolve(RULES, hold_reasons=()), by=BY, at=T0)


def test_releasing_a_case_that_nobody_wanted_erased_leaves_its_words() -> None:
    counter = Counter.open()
    counter.accepted()
    counter.do("erase", by=BOSS)
    counter.do("remark", "they want it soon", "sales", by="sales")
    counter.do("hold", "bookkeeping", by=BOSS)
    counter.do("release", by=BOSS)
    assert counter.case.remarks[0].text == "they want it soon"
    assert "they want it soon" in [r.reason for r in counter.desk.store.look(lambda unit: unit.trail(counter.id))]


def test_a_case_of_another_branch_is_refused_to_who_may_only_hold_at_home() -> None:
    desk = memory_desk()
    id = received(desk).id
    before = snapshot(desk.store, (COMPLAINTS,))
    with pytest.raises(DomainError):
        desk.complaints.hold(id, "litigation", by=agent(desk, branch="b2"), at=desk.clock.now())
    assert {k: v for k, v in snapshot(desk.store, (COMPLAINTS,)).items() if k != "refusals"} == {
        k: v for k, v in before.items() if k != "refusals"
    }
