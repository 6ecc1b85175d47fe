"""Closed complaints under another rulebook: nothing changes under their own, and under another exactly what must."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.desks import LEVELS_BOOK, levels_book
from complaints.hand import KEEPING
from csdomain import Desk
from csdomain.complaints import events as e
from csdomain.complaints import rules as r
from csdomain.complaints.case import COMPLAINTS
from csdomain.complaints.commands.taking_over import PastCase
from csdomain.complaints.effects import EFFECTS
from csdomain.complaints.lifecycle import State
from csdomain.complaints.values import COMPLAINT, COMPLAINT_RULES
from csdomain.contexts import sections
from csdomain.desk import load_rulebook, shipped
from csdomain.kernel.cases import timers
from csdomain.kernel.cases.effects import CancelTimers, PauseTimer, ResumeTimer, StartTimer, StopTimer
from csdomain.kernel.cases.events import Event, Moved
from csdomain.kernel.cases.timers import Timer, TimerState
from csdomain.kernel.rules import APPROVALS, HOUSE_RULES
from csdomain.kernel.store.ports import AuditRecord
from csdomain.kernel.values.codec import from_micros
from csdomain.kernel.values.durations import CalendarDays, Duration, WorkingTime
from csdomain.kernel.values.money import CurrencyMismatch
from csdomain.reporting.whatif import WhatIf, what_if
from csdomain.reporting.whatif_clocks import TABLE, Clocks, Terms
from csdomain.reporting.whatif_report import ChangedCase, ChangeKind, WhatIfReport, Why
from csdomain.reporting.whatif_text import render
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import HANDLING, MovableClock, agent, complaint_form, memory_desk, received
from reporting.lives import Life, live, live_by_level, live_on

AMOUNTS = (0, 1, 9_999, 10_000, 10_001, 50_000, 100_000, 100_001, 499_999, 500_000, 500_001, 900_000)


def lives(**fixed: Any) -> st.SearchStrategy[Life]:
    drawn: dict[str, st.SearchStrategy[Any]] = {
        "claimed": st.none() | st.sampled_from(AMOUNTS),
        "granted": st.sampled_from(AMOUNTS),
        "hours": st.lists(st.integers(0, 60), min_size=1, max_size=6).map(tuple),
        "quality": st.booleans(),
        "grave": st.booleans(),
        "joint": st.integers(0, 2),
        "until": st.integers(1, 60),
        "promised": st.sampled_from([0, 1, 48]),
        "again": st.booleans(),
        "above": st.integers(0, 1),
        "dismissed": st.booleans(),
        "returned": st.integers(0, 1),
        "forms": st.integers(1, 2),
        "penalty": st.booleans(),
        "swept": st.booleans(),
        "reviewed": st.booleans(),
        "erased": st.booleans(),
    }
    return st.builds(Life, **{**drawn, **{name: st.just(value) for name, value in fixed.items()}})


def lived(plans: Sequence[Life], rulebook: Any = "after_sales", lead: Any = live) -> tuple[Desk, list[str]]:
    """A desk in memory where these lives were led, one after the other; their ids."""
    clock = MovableClock()
    desk = memory_desk(rulebook, clock=clock)
    return desk, [lead(desk, clock, plan) for plan in plans]


def book(text: str, base: str = "after_sales") -> Rulebook:
    return loads(f'name = "new"\nextends = "{base}"\n{text}', sections(), shipped)


def asked(desk: Desk, rulebook: Rulebook | str) -> tuple[WhatIfReport, Mapping[str, ChangedCase]]:
    changed: list[ChangedCase] = []
    report = desk.what_if(rulebook, on_change=changed.append)
    assert report.changed == len(changed)
    return report, {case.id: case for case in changed}


def whys(case: ChangedCase) -> set[Why]:
    return {change.why for change in case.changes if change.why is not None}


def trail(desk: Desk, id: str) -> Sequence[AuditRecord]:
    return desk.store.look(lambda unit: unit.trail(id))


def one(records: Sequence[AuditRecord], kind: type[Event]) -> AuditRecord:
    return next(record for record in records if record.name == kind.name)


#: A house whose clocks stand still while a case waits for the customer.
STILL = book('[complaints]\nstands_still = ["CMP-04", "CMP-05", "CMP-07"]')


# --- the same rulebook ------------------------------------------------------------------------------------------------


@pytest.mark.rule(HOUSE_RULES)
@given(st.lists(lives(), min_size=1, max_size=3))
def test_the_same_rulebook_changes_nothing(plans: list[Life]) -> None:
    desk, ids = lived(plans)
    report, changed = asked(desk, "after_sales")
    assert (changed, report.refused, report.moved, report.cases) == ({}, (), 0, len(ids))
    breaches = [record for id in ids for record in trail(desk, id) if record.name == "timer_breached"]
    assert report.breached == (len(breaches), len(breaches))
    submissions = [record for id in ids for record in trail(desk, id) if record.name == e.RemedySubmitted.name]
    assert report.submissions == len(submissions)


@given(st.lists(lives(waits=True, swept=True), min_size=1, max_size=2))
def test_f27_clocks_that_stood_still_change_nothing_where_they_still_may(plans: list[Life]) -> None:
    desk, _ = lived(plans, STILL)
    report, changed = asked(desk, STILL)
    assert (changed, report.refused, report.moved) == ({}, (), 0)


@pytest.mark.rule(r.LEVELS)
@given(st.lists(lives(penalty=False), min_size=1, max_size=3))
def test_the_same_rulebook_changes_nothing_up_the_line(plans: list[Life]) -> None:
    desk, ids = lived(plans, levels_book(), live_by_level)
    report, changed = asked(desk, levels_book())
    assert (changed, report.refused, report.moved, report.cases) == ({}, (), 0, len(ids))


# --- decisions --------------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.WITHIN_LIMIT)
@given(plan=lives(dismissed=False, hours=(1,)), limit=st.sampled_from([1, 10_000, 99_999, 100_000]))
def test_a_lower_limit_moves_exactly_the_amounts_above_it(plan: Life, limit: int) -> None:
    """The sales manager decides up to 100,000 fen; now only up to ``limit``, the deputy what is above."""
    desk, (id,) = lived([plan])
    lower = book(f"""
[complaints]
ladder = [
  {{ authority = "sales_manager", up_to = "{limit / 100:.2f} CNY" }},
  {{ authority = "deputy_general_manager", over = "{limit / 100:.2f} CNY", up_to = "5000 CNY" }},
  {{ authority = "general_manager", over = "5000 CNY" }},
]
""")
    report, changed = asked(desk, lower)
    totals = [record.facts["total"] for record in trail(desk, id) if record.name == e.RemedySubmitted.name]
    approved = [record.facts["total"] for record in trail(desk, id) if record.name == e.RemedyApproved.name]
    above = [total for total in totals if limit < int(str(total)) <= 100_000]
    assert report.moved == len(above)
    found = changed[id].changes if id in changed else ()
    decided = [(change.before, change.after) for change in found if change.kind is ChangeKind.DECIDER]
    assert decided == [("sales_manager", "deputy_general_manager")] * len(above)
    beyond = any(limit < int(str(total)) <= 100_000 for total in approved)
    assert (Why.BEYOND in whys(changed[id]) if id in changed else False) is beyond
    assert id not in changed or set(whys(changed[id])) <= {Why.BEYOND}


@pytest.mark.rule(r.WITHIN_LIMIT)
def test_what_nobody_decides_is_refused() -> None:
    desk, (small, large) = lived([Life(claimed=50_000), Life(claimed=700_000)])
    report, changed = asked(
        desk,
        book("""
[complaints]
ladder = [
  { authority = "sales_manager", up_to = "1000 CNY" },
  { authority = "deputy_general_manager", over = "1000 CNY", up_to = "6000 CNY" },
]
"""),
    )
    assert changed.keys() == {large}
    assert whys(changed[large]) == {Why.NOBODY, Why.BEYOND}
    assert [(row.before, row.after, row.count) for row in report.decisions] == [
        ("sales_manager", "sales_manager", 1),
        ("general_manager", "", 1),
    ]
    assert small not in changed


@pytest.mark.rule(r.LEVELS)
def test_a_shorter_line_has_no_such_level() -> None:
    desk, (low, high) = lived([Life(claimed=40_000), Life(claimed=250_000)], levels_book(), live_by_level)
    shorter = LEVELS_BOOK.replace('name = "by_level"', 'name = "shorter"').replace(
        ', up_to = "2000 CNY" },\n  { authority = "hq", over = "2000 CNY"', ""
    )
    _, changed = asked(desk, loads(shorter, sections(), shipped))
    assert changed.keys() == {high}
    assert whys(changed[high]) == {Why.LEVEL, Why.BEYOND}
    assert low not in changed


@pytest.mark.rule(APPROVALS)
def test_a_signature_that_is_not_on_the_trail_is_missing() -> None:
    """No book can ask for a signature that no step makes; here it is as if one could."""
    desk, ids = lived([Life(claimed=50_000), Life(dismissed=True)])
    rules = load_rulebook("after_sales")[COMPLAINT_RULES]
    judging = WhatIf(desk.house)
    judging._judge.rules = attrs.evolve(rules, signatures=(*rules.signatures, "legal"))
    plain, dismissed = (judging.take(case) for case in past_cases(desk, ids))
    assert [(change.rule, change.why, change.what) for change in plain.changes] == [
        (APPROVALS.id, Why.SIGNATURE, "legal")
    ]
    assert not dismissed.changes, "nothing is decided of what is dismissed"


# --- classes, path ----------------------------------------------------------------------------------------------------


@pytest.mark.rule(r.CLASSES)
def test_a_class_or_cause_that_is_gone_is_refused() -> None:
    desk, (quality, other) = lived([Life(quality=True), Life()])
    gone = book('[complaints.classes.quality]\nquality = true\ncauses = ["design"]')
    _, changed = asked(desk, gone)
    assert changed.keys() == {quality}
    assert [(change.rule, change.why, change.what) for change in changed[quality].changes] == [
        (r.CLASSES.id, Why.CAUSE, "material")
    ]
    rules = load_rulebook("after_sales")[COMPLAINT_RULES]
    only = attrs.evolve(rules, classes={"quality": rules.classes["quality"]})
    judging = WhatIf(desk.house)
    judging._judge.rules = only
    found = {case.id: judging.take(case) for case in past_cases(desk, [quality, other])}
    assert [refused.why for refused in found[other].refused] == [Why.CLASS]
    assert not found[quality].refused


@pytest.mark.rule(r.FINDING)
def test_what_becomes_a_fault_of_quality_wants_a_finding() -> None:
    desk, (id,) = lived([Life(hours=(1,))])
    _, changed = asked(desk, book('[complaints.classes.not_quality]\nquality = true\ncauses = ["handling"]'))
    assert whys(changed[id]) == {Why.FINDING, Why.SIGNATURE}


@pytest.mark.rule(r.STATES)
def test_another_path_is_refused_and_its_deadlines_are_not_known() -> None:
    desk, (id,) = lived([Life(hours=(40,))])
    report, changed = asked(desk, levels_book())
    assert Why.PATH in whys(changed[id])
    before, after = report.breached
    assert before == after > 0, "they count as they were"
    assert all(row.unknown == row.before and row.ran == 0 for row in report.deadlines)


@pytest.mark.rule(r.LOSS)
def test_a_discipline_that_is_gone_is_refused() -> None:
    desk, (punished, not_) = lived([Life(penalty=True), Life()])
    _, changed = asked(desk, book('[complaints]\ndisciplines = ["reprimand"]'))
    assert changed.keys() == {punished}
    assert whys(changed[punished]) == {Why.DISCIPLINE}
    assert not_ not in changed


# --- deadlines --------------------------------------------------------------------------------------------------------

DURATIONS = st.one_of(
    st.integers(1, 8).map(CalendarDays), st.integers(1, 60).map(lambda hours: WorkingTime(timedelta(hours=hours)))
)


@pytest.mark.rule(r.ACCEPTANCE)
@given(plan=lives(forms=1), within=DURATIONS)
def test_closing_is_late_exactly_where_it_took_longer(plan: Life, within: Duration) -> None:
    desk, (id,) = lived([plan])
    _, changed = asked(desk, book(f'[complaints]\nclose_within = "{within}"'))
    lines = trail(desk, id)
    accepted, closed = one(lines, e.ComplaintAccepted).at, one(lines, e.ComplaintClosed).at
    before = any(line.name == "timer_breached" and line.facts["timer"] == "CMP-04" for line in lines)
    after = closed > desk.calendar("office").deadline(accepted, within)
    kinds = {change.what: change.kind for change in (changed[id].changes if id in changed else ())}
    expected = {} if before is after else {"CMP-04": ChangeKind.BREACHED if after else ChangeKind.KEPT}
    assert kinds == expected


@pytest.mark.rule(r.REPORT)
@given(plan=lives(forms=1), within=st.integers(1, 4).map(CalendarDays))
def test_the_report_is_late_exactly_where_it_took_longer(plan: Life, within: Duration) -> None:
    desk, (id,) = lived([plan])
    report, _ = asked(desk, book(f'[complaints]\nreport_within = "{within}"'))
    lines = trail(desk, id)
    ended, reported = one(lines, e.InvestigationConcluded).at, one(lines, e.InvestigationReported).at
    late = reported > desk.calendar("office").deadline(ended, within)
    assert {row.name: row.after for row in report.deadlines}["CMP-07"] == late


def told(kind: type[e.ComplaintMoved], stamped: Mapping[str, Any], facts: Mapping[str, Any]) -> e.ComplaintMoved:
    """An event as it was told."""
    given = {field.name for field in attrs.fields(kind) if field.init}
    event = kind(**{name: value for name, value in facts.items() if name in given})
    for name, value in {**stamped, **{name: value for name, value in facts.items() if name not in given}}.items():
        object.__setattr__(event, name, value)
    return event


def simulated(desk: Desk, id: str, rules: Any) -> tuple[set[str], set[str], dict[str, datetime]]:
    """What the table of effects itself starts and stops, event by event: all names, the late, those that still run."""
    kinds = {
        kind.name: kind for kind in vars(e).values() if isinstance(kind, type) and issubclass(kind, e.ComplaintMoved)
    }
    base = {field.name for field in attrs.fields(Moved)}
    place = desk.house.place("hq")
    case = desk.store.look(lambda unit: unit.of(COMPLAINTS).get(id))
    there: dict[str, Timer] = {}

    def put(name: str, changed: tuple[Timer, Any]) -> None:
        there[name] = changed[0]

    def all_running() -> list[str]:
        return [name for name, timer in there.items() if timer.live or timer.overdue]

    def still(state: TimerState) -> tuple[str, ...]:
        """Those that these rules, not those of the desk, let stand still."""
        named = (name for name in all_running() if name.partition(".")[0] in rules.stands_still)
        return tuple(name for name in named if there[name].state is state)

    waits = False
    for line in trail(desk, id):
        if line.name not in kinds:
            continue
        kind = kinds[line.name]
        own = {field.name for field in attrs.fields(kind)} - base
        facts: dict[str, Any] = {name: value for name, value in line.facts.items() if name in own}
        if "until" in facts:
            facts["until"] = from_micros(facts["until"])
        if kind in (e.WaitingBegun, e.WaitingEnded):
            waits = kind is e.WaitingBegun
            facts["timers"] = still(TimerState.RUNNING if waits else TimerState.PAUSED)
        moved: dict[str, Any] = {"move": line.move, "source": line.source, "dest": line.dest}
        event = told(kind, {"subject": line.subject, "by": line.by, "at": line.at, **moved}, facts)
        for effect in EFFECTS.of((event,), case, rules, place):
            if isinstance(effect, StartTimer) and not effect.timer.reminder:
                there[effect.timer.name] = effect.timer
                if waits and effect.timer.name in still(TimerState.RUNNING):
                    put(effect.timer.name, timers.pause(effect.timer, line.at))
            elif isinstance(effect, PauseTimer):
                put(effect.name, timers.pause(there[effect.name], effect.at))
            elif isinstance(effect, ResumeTimer):
                there[effect.name] = timers.resume(there[effect.name], place.calendar, effect.at)
            elif isinstance(effect, StopTimer) and effect.name in all_running():
                put(effect.name, timers.meet(there[effect.name], effect.at))
            elif isinstance(effect, CancelTimers):
                for name in all_running():
                    if name.startswith(effect.prefix):
                        put(name, timers.cancel(there[name], effect.at))
    late = {name for name, timer in there.items() if timer.state is TimerState.BREACHED and name not in all_running()}
    return set(there), late, {name: there[name].due_at for name in all_running()}


STAGES = st.fixed_dictionaries(
    {name: st.integers(1, 4) for name in ("sales_check", "rnd", "customer_service", "decision")}
)


@pytest.mark.rule(r.STAGES)
@given(
    plan=lives(waits=True) | lives(),
    close=st.integers(1, 9),
    report=st.integers(1, 4),
    stages=STAGES,
    day=st.integers(1, 28),
    still=st.sets(st.sampled_from(["CMP-04", "CMP-05", "CMP-06", "CMP-07", "CMP-18"])),
)
def test_deadlines_are_those_that_the_effects_start_and_stop(
    plan: Life, close: int, report: int, stages: Mapping[str, int], day: int, still: set[str]
) -> None:
    within = "\n".join(
        f'[complaints.stages.{name}]\nwithin = "{n} days"\nsuperior = "general_manager"' for name, n in stages.items()
    )
    new = book(
        f'[complaints]\nclose_within = "{close} days"\nreport_within = "{report} days"\nreview_by = {day}\n'
        f"stands_still = {sorted(still)}\n{within}"
    )
    desk, (id,) = lived([plan], STILL)
    clocks = Clocks(Terms(new[COMPLAINT_RULES], desk.calendar("office"), desk.house.zone("hq")))
    for line in trail(desk, id):
        clocks.take(line)
    assert (set(clocks.ran), clocks.late, clocks.running) == simulated(desk, id, new[COMPLAINT_RULES])


@given(plan=lives(penalty=False))
def test_deadlines_up_the_line_are_those_of_the_effects_as_well(plan: Life) -> None:
    desk, (id,) = lived([plan], levels_book(), live_by_level)
    rules = levels_book()[COMPLAINT_RULES]
    clocks = Clocks(Terms(rules, desk.calendar("office"), desk.house.zone("hq")))
    for line in trail(desk, id):
        clocks.take(line)
    assert (set(clocks.ran), clocks.late, clocks.running) == simulated(desk, id, rules)


def test_every_event_of_the_trail_that_moves_a_deadline_is_known() -> None:
    """A new event whose effects touch a timer shows here: it belongs in the table of clocks."""
    silent: set[type[Event]] = {
        *(e.ComplaintMarked, e.ComplaintAssigned, e.AnswerDeclined, e.DismissalObjected, e.ComplaintEscalated),
        *(e.RemarkNoted, e.SlipMoved, e.CertificateMoved, e.PenaltyMoved),
        *(KEEPING.held, KEEPING.released, e.ComplaintImported, e.RemarkAnswered),
    }
    assert {kind.name for kind in EFFECTS._rows} == TABLE.keys() | {kind.name for kind in silent}


@pytest.mark.rule(r.MONTHLY_REVIEW)
def test_a_review_that_nobody_made_is_judged_only_where_it_was_found_late() -> None:
    desk, (id,) = lived([Life(reviewed=False)])
    report, changed = asked(desk, book("[complaints]\nreview_by = 1"))
    assert changed == {}, "nothing says that anybody has looked since"
    assert {row.name: row.unknown for row in report.deadlines}["CMP-20"] == 1

    desk.sweep(one(trail(desk, id), e.ComplaintClosed).at + timedelta(days=60))
    report, changed = asked(desk, book("[complaints]\nreview_by = 1"))
    assert changed == {}, "late before and after"
    assert {row.name: (row.before, row.after, row.unknown) for row in report.deadlines}["CMP-20"] == (1, 1, 0)


# --- what a trail cannot tell -----------------------------------------------------------------------------------------


@pytest.mark.rule(r.STATES)
def test_of_an_imported_case_only_what_came_after_is_judged() -> None:
    clock = MovableClock()
    desk = memory_desk(clock=clock)
    at = clock.now()
    past = PastCase(
        number="OLD-1",
        form=complaint_form(),
        state=State.CLOSED,
        received_at=at - timedelta(days=90),
        accepted_at=at - timedelta(days=80),
        closed_at=at - timedelta(days=1),
        classification=HANDLING,
        outcome="replaced",
    )
    by = agent(desk, "manager", position="service_manager")
    desk.complaints.take_over(past, by=by, at=at)
    report, changed = asked(desk, book('[complaints]\nclose_within = "1 days"'))
    assert (report.cases, report.imported, changed, report.deadlines) == (1, 1, {}, ())


@pytest.mark.rule(r.STATES)
def test_the_clock_of_a_case_imported_open_is_not_known() -> None:
    clock = MovableClock()
    desk = memory_desk(clock=clock)
    at = clock.now()
    past = PastCase(
        number="OLD-2",
        form=complaint_form(),
        state=State.ACCEPTED,
        received_at=at,
        accepted_at=at,
        classification=HANDLING,
    )
    taken = desk.complaints.take_over(past, by=agent(desk, "manager", position="service_manager"), at=at)
    id = live_on(desk, clock, Life(hours=(30,)), taken.id)
    report, changed = asked(desk, "after_sales")
    assert changed == {}
    closing = next(row for row in report.deadlines if row.name == "CMP-04")
    assert (closing.ran, closing.before, closing.after, closing.unknown) == (0, 1, 1, 1), id


#: Closing sooner, and less for the sales manager to decide.
LOW: Final = """
[complaints]
close_within = "1 days"
ladder = [
  { authority = "sales_manager", up_to = "100 CNY" },
  { authority = "deputy_general_manager", over = "100 CNY" },
]
"""


@pytest.mark.rule("KRN-14")
def test_erased_cases_count_and_name_nobody() -> None:
    plan = Life(claimed=90_000, hours=(8,), erased=True)
    desk, (erased, kept) = lived([plan, attrs.evolve(plan, erased=False)])
    report, changed = asked(desk, book(LOW))
    assert report.cases == 2
    assert [change.what for change in changed[erased].changes] == [change.what for change in changed[kept].changes]
    told = render(report) + str(report.as_data())
    assert "customer-1" not in told


def test_open_and_withdrawn_cases_are_left_out() -> None:
    clock = MovableClock()
    desk = memory_desk(clock=clock)
    received(desk)
    gone = received(desk).id
    desk.complaints.withdraw(gone, "never mind", by=agent(desk), at=clock.now())
    assert desk.what_if("after_sales").cases == 0


def test_another_currency_is_refused() -> None:
    desk, _ = lived([Life()])
    text = 'name = "abroad"\nextends = "after_sales"\n[organisation]\ncurrency = "EUR"\n[complaints]\n'
    text += 'ladder = [{ authority = "sales_manager" }]\npenalty_basis = [{ rate = 0.1 }]\n'
    text += 'without_amount = { grave = "sales_manager", ordinary = "sales_manager" }\n'
    text += '[payments]\nsmall_fee = "30 EUR"\nwrite_off = [{ authority = "sales_manager" }]\n'
    with pytest.raises(CurrencyMismatch) as caught:
        desk.what_if(loads(text, sections(), shipped))
    assert (caught.value.facts["given"], caught.value.facts["expected"]) == ("CNY", "EUR")


# --- the whole --------------------------------------------------------------------------------------------------------


def past_cases(desk: Desk, ids: Sequence[str]) -> list[Any]:
    from csdomain.reporting.whatif import _Books, _page

    cases, _ = desk.store.look(lambda unit: _page(unit, _Books(desk.house), 100, None))
    return [case for case in cases if case.id in ids]


@given(plans=st.lists(lives(hours=(2, 30)), min_size=1, max_size=6), batch=st.integers(1, 7), listed=st.integers(0, 3))
def test_batches_and_lists_do_not_change_what_is_counted(plans: list[Life], batch: int, listed: int) -> None:
    desk, ids = lived(plans)
    house = desk.house.under(book('[complaints]\nclose_within = "1 days"'))
    whole = what_if(desk.store, house)
    done: list[int] = []
    parts = what_if(desk.store, house, batch=batch, listed=listed, progress=done.append)
    assert attrs.evolve(parts, listed=whole.listed) == whole
    assert parts.listed == whole.listed[:listed]
    assert sum(done) == len(ids) == whole.cases
    assert parts.unlisted == parts.changed - len(parts.listed)


def test_the_report_is_told_in_both_languages() -> None:
    desk, _ = lived([Life(claimed=90_000, hours=(8,)), Life()])
    new = book(LOW)
    report = desk.what_if(new)
    english, chinese = render(report), render(report, "zh")
    assert f"{desk.house.rulebook.ref} → {new.ref}" in english
    for said in (
        "decided by deputy_general_manager instead of sales_manager",
        "closing: late",
        "whoever decided is not authorised",
    ):
        assert said in english
    for said in ("由 sales_manager 改为 deputy_general_manager 核决", "结案：会逾期", "核决者权限不足"):
        assert said in chinese
    assert COMPLAINT.prefix not in english
    data = report.as_data()
    assert data["cases"] == {"total": 2, "imported": 0, "changed": 1, "refused": 1}
    assert data["decisions"]["moved"] == 1
    assert {row["why"] for row in data["refused"]} == {"beyond"}
