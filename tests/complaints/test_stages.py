"""The clocks of a case: of the whole and of each stage, with the house's own figures (CMP-04, CMP-05, CMP-07)."""

import json
from collections import Counter as Count
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from complaints.cases import FINDING, NOTHING
from complaints.desks import BOSS, STEP, Counter
from complaints.houses import CALENDARS, calendar_of, figures, hours, house
from complaints.model import RULES
from csdomain.complaints.lifecycle import State
from csdomain.complaints.rules import ACCEPTANCE, CHASING, REPORT, STAGES, STATES
from csdomain.complaints.values import ComplaintRules, MalformedStep, Stage, StageName
from csdomain.contexts import sections
from csdomain.desk import shipped
from csdomain.kernel.calendar import CalendarSpec
from csdomain.kernel.cases.timers import TimerState
from csdomain.kernel.rules.errors import InvalidValue, RulebookInvalid
from csdomain.kernel.values.durations import Duration, ElapsedTime
from csdomain.rulebook import Rulebook, loads
from csdomain.testing import HANDLING, QUALITY, complaint_form

#: What begins and what ends each clock, from the rules: of a quality fault, R&D comes before customer service.
STEPS: Final[tuple[Any, ...]] = (
    *("check", "accept", "investigate", ("inspect", FINDING), "conclude", "report", "rule", "judge"),
    *(("submit", NOTHING), ("return_back", "say it better"), ("submit", NOTHING), "approve", "answer", "close"),
)
BETWEEN: Final = {
    "sales_check": ("receive", "check"),
    "rnd": ("accept", "inspect"),
    "customer_service": ("inspect", "judge"),
    "decision": ("submit", "return_back"),
    "decision again": ("submit again", "approve"),
    "report": ("conclude", "report"),
    "whole": ("accept", "close"),
}


def clocks(rules: ComplaintRules, quality: bool) -> dict[str, tuple[str, str, Duration | None, str]]:
    """Each clock of the rules: what begins and ends it, the house's figure, who is told of an overrun."""
    found: dict[str, tuple[str, str, Duration | None, str]] = {}
    for name, (begins, ends) in BETWEEN.items():
        if name in ("report", "whole"):
            within, to = (rules.report_within if name == "report" else rules.close_within), "boss"
        else:
            stage = rules.stages.get(name.split()[0])
            within, to = (None, "") if stage is None else (stage.within, stage.superior)
        if not quality:
            begins, ends = (begins.replace("inspect", "accept"), ends)
            within = None if name == "rnd" else within
        found[name] = (begins, ends, within, to)
    return found


def named(step: Any) -> str:
    return step if isinstance(step, str) else str(step[0])


def take(counter: Counter, step: Any, quality: bool) -> None:
    """A step, by whoever may do anything of its kind."""
    by = "general_manager" if named(step) in ("return_back", "approve") else ""
    counter.go(("accept", QUALITY) if step == "accept" and quality else step, by=by)


waits = st.lists(st.tuples(st.integers(0, 60), st.booleans()), min_size=len(STEPS), max_size=len(STEPS))


def walk(
    counter: Counter, quality: bool, waited: Sequence[tuple[int, bool]] = ((0, False),) * len(STEPS), until: str = ""
) -> dict[str, datetime]:
    """The whole case with so many hours before each step, the sweeper running then or not; when each was done."""
    counter.receive(complaint_form())
    done = {"receive": counter.now}
    for step, (wait, swept) in zip(STEPS, waited, strict=True):
        name = named(step)
        if name == "inspect" and not quality:
            continue
        counter.clock.advance(hours(wait))
        if swept:
            counter.desk.sweep()
        take(counter, step, quality)
        done[f"{name} again" if name in done else name] = counter.now
        if name == until:
            break
    return done


def overdue(counter: Counter) -> Count[tuple[str, str]]:
    """Which overruns were told to whom: by the stage or rule of the timer."""
    said: Count[tuple[str, str]] = Count()
    for message in counter.messages("overdue"):
        rule, _, rest = str(message.facts["timer"]).partition(".")
        what = {ACCEPTANCE.id: "whole", REPORT.id: "report", STAGES.id: rest.split(".")[0]}.get(rule)
        if what is not None:
            said[what, message.to] += 1
        assert message.facts["complaint"] == counter.id
        assert message.facts["number"] == counter.case.number
    return said


@pytest.mark.rule(ACCEPTANCE, STAGES, REPORT)
@given(figures(), st.sampled_from(CALENDARS), st.booleans(), waits)
def test_each_clock_runs_between_its_events_and_an_overrun_is_told_once_to_its_superior(
    rules: ComplaintRules, calendar: CalendarSpec, quality: bool, waited: list[tuple[int, bool]]
) -> None:
    counter = house(rules, calendar)
    done = walk(counter, quality, waited)
    counter.clock.advance(hours(5000))
    counter.desk.sweep()
    expected: Count[tuple[str, str]] = Count()
    dues: dict[str, datetime] = {}
    for name, (begins, ends, within, to) in clocks(rules, quality).items():
        if within is not None:
            dues[name] = calendar_of(counter).deadline(done[begins], within)
            if done[ends] > dues[name]:
                expected[name.split()[0], to] += 1
    assert overdue(counter) == expected
    found = [t for t in counter.desk.store.look(lambda unit: unit.timers_of(counter.id)) if t.name != "CMP-20"]
    assert sorted(timer.due_at for timer in found) == sorted(dues.values())
    late = [timer for timer in found if timer.state is TimerState.BREACHED]
    assert len(late) == expected.total()
    assert all(timer.state in (TimerState.MET, TimerState.BREACHED) for timer in found)
    assert all(timer.ended_at == min(timer.due_at, timer.completed_at or timer.due_at) for timer in found)
    assert counter.case.in_time is (done["close"] <= dues["whole"] if "whole" in dues else None)
    warned = [r for r in counter.desk.store.look(lambda u: u.trail(counter.id)) if r.name == "timer_warned"]
    assert {r.facts["timer"] for r in warned} <= {"CMP-04"}
    assert {r.facts["percent"] for r in warned} <= set(rules.warnings)


@pytest.mark.rule(STAGES, ACCEPTANCE, REPORT)
@pytest.mark.parametrize("quality", [True, False])
def test_a_clock_is_named_by_its_rule_and_stage_and_from_the_second_on_by_its_number(quality: bool) -> None:
    """They stand in databases under these names."""
    counter = house(RULES)
    walk(counter, quality)
    stages = ["sales_check", "customer_service", "decision.1.1", "decision.1.2", *(["rnd"] if quality else [])]
    assert set(counter.timers) == {"CMP-04", "CMP-07", "CMP-20", *(f"CMP-05.{stage}" for stage in stages)}


@pytest.mark.rule(STAGES, ACCEPTANCE, REPORT)
@given(st.integers(-2, 2), st.sampled_from([*(stage.value for stage in StageName), "report", "whole"]), st.booleans())
def test_done_at_the_deadline_is_in_time_and_a_microsecond_later_is_late(ticks: int, name: str, swept: bool) -> None:
    """There is time enough for everything but the one clock that is looked at, whose end comes at its edge."""
    begins, ends = BETWEEN[name]
    within, ample = ElapsedTime(hours(3)), ElapsedTime(hours(4000))
    stages = {s.value: Stage(within if s.value == name else ample, f"superior of {s.value}") for s in StageName}
    rules = attrs.evolve(
        RULES,
        stages=stages,
        report_within=within if name == "report" else ample,
        close_within=within if name == "whole" else ample,
    )
    counter = house(rules)
    counter.receive(complaint_form())
    began = counter.now
    for step in [*STEPS[:9], *(STEPS[9:10] if name == "decision" else STEPS[11:])]:
        if named(step) == ends:
            at = began + hours(3) + ticks * timedelta(microseconds=1)
            if swept:
                counter.desk.sweep(at)
            counter.clock.move(at - STEP)
            take(counter, step, True)
            break
        take(counter, step, True)
        if named(step) == begins:
            began = counter.now
    superior = stages[name].superior if name in stages else RULES.overrun_to
    assert [message.to for message in counter.messages("overdue")] == ([superior] if ticks > 0 else [])


@pytest.mark.rule(ACCEPTANCE)
@given(st.sets(st.integers(1, 99), max_size=3), st.integers(0, 99))
def test_a_warning_is_on_the_trail_and_no_overrun(percents: set[int], passed: int) -> None:
    rules = attrs.evolve(RULES, stages={}, close_within=ElapsedTime(hours(100)), warnings=tuple(sorted(percents)))
    counter = house(rules, CALENDARS[2])  # always open: an hour is a percent
    counter.accepted(complaint_form())
    counter.clock.advance(hours(passed))
    counter.desk.sweep()
    trail = counter.desk.store.look(lambda unit: unit.trail(counter.id))
    warned = [record.facts["percent"] for record in trail if record.name == "timer_warned"]
    assert warned == sorted(percent for percent in percents if percent <= passed)
    assert counter.messages("overdue") == []


@pytest.mark.rule(STAGES)
@pytest.mark.parametrize("end", ["dismiss", "withdraw"])
@pytest.mark.parametrize("quality", [True, False])
def test_no_stage_runs_on_once_a_case_is_dismissed_or_withdrawn_and_what_was_late_is_late(
    end: str, quality: bool
) -> None:
    dismissed = end == "dismiss"
    for late in (False, True):
        counter = house(RULES).accepted(complaint_form(), QUALITY if quality else HANDLING)
        counter.go("investigate", "conclude", *(["inspect"] if quality and dismissed else []))
        counter.clock.advance(hours(24 * (5 if late else 0)))
        counter.go(end, by="" if dismissed else "service_agent")
        late_ones = overdue(counter)
        stage = ("customer_service", "service_manager") if dismissed or not quality else ("rnd", BOSS)
        assert late_ones == Count({stage: 1, ("report", "service_manager"): 1} if late else {})
        counter.clock.advance(hours(24 * 400))
        counter.desk.sweep()
        whole = {("whole", "service_manager"): 1} if dismissed else {}  # it is still to be answered and closed
        assert overdue(counter) == late_ones + Count(whole)


@pytest.mark.rule(STAGES, ACCEPTANCE)
def test_a_second_form_and_an_investigation_begun_anew_have_stages_of_their_own() -> None:
    counter = house(RULES)
    walk(counter, True, until="answer")
    counter.go("decline", "renew")
    assert counter.timers["CMP-04"] is TimerState.MET
    assert counter.running() == {"CMP-04.2", "CMP-05.rnd.2"}
    counter.go("dismiss", "answer", "object", "reopen")
    assert counter.running() == {"CMP-04.2", "CMP-05.rnd.3"}
    counter.go("inspect")
    assert counter.running() == {"CMP-04.2", "CMP-05.customer_service.3"}
    assert counter.told("to_inspect") == ["rnd"] * 3


@pytest.mark.rule(STAGES)
def test_a_form_that_goes_by_the_finding_of_the_former_waits_for_no_lab() -> None:
    counter = house(RULES)
    walk(counter, True, until="answer")
    counter.go("decline", "renew")
    counter.judged()
    assert counter.timers["CMP-05.rnd.2"] is TimerState.CANCELLED
    counter.clock.advance(hours(24 * 400))
    counter.desk.sweep()
    assert overdue(counter) == Count({("whole", "service_manager"): 1})


@pytest.mark.rule(STAGES, STATES)
def test_where_a_house_sets_no_limit_no_clock_runs() -> None:
    bare = attrs.evolve(RULES, stages={}, close_within=None, report_within=None, review_by=None)
    counter = house(bare)
    walk(counter, True, [(50, True)] * len(STEPS))
    assert counter.timers == {}
    assert counter.case.state is State.SETTLED
    assert counter.case.in_time is None


def telling(who: str) -> Rulebook:
    """After sales, with other people to tell of overruns."""
    return loads(
        f"""
        name = "told_{who}"
        extends = "after_sales"
        [complaints]
        overrun_to = "{who} boss"
        stages.sales_check = {{ within = "1 days", superior = "{who} superior" }}
        chasing = {{ every = "1 working days, same hour", times = 2, superior = "{who} chief" }}
        [permissions.positions]
        "{who} boss" = []
        "{who} superior" = []
        "{who} chief" = []
        """,
        sections(),
        shipped,
    )


@pytest.mark.rule(STAGES, ACCEPTANCE, CHASING)
def test_whoever_the_rules_name_that_a_case_began_under_is_told(sqlite_url: str) -> None:
    """The house goes by other rules meanwhile, in another process."""
    for n, who in enumerate(("old", "new")):
        counter = Counter.open(telling(who), sqlite_url)
        counter.clock.advance(hours(n))
        counter.receive(complaint_form(customer=f"unchecked under {who} rules"))
        counter.accepted(complaint_form(customer=f"accepted under {who} rules"))
        counter.go(("involve", ["production"], hours(1)))
        if who == "old":
            counter.desk.close()
    counter.clock.advance(hours(24 * 30))
    counter.desk.sweep()
    customers = {str(case.id): case.customer for case in counter.does.find(by=counter.who["service_agent"]).items}
    told = {
        (customers[str(message.facts["complaint"])], message.to)
        for occasion in ("overdue", "not_done")
        for message in counter.messages(occasion)
    }
    roles = {"accepted": ("boss", "chief"), "unchecked": ("superior",)}
    accepted = {(f"accepted under {who} rules", f"{who} {one}") for who in ("old", "new") for one in roles["accepted"]}
    stages = {(f"accepted under {who} rules", "service_manager") for who in ("old", "new")}
    unchecked = {(f"unchecked under {who} rules", f"{who} superior") for who in ("old", "new")}
    assert told == accepted | stages | unchecked
    counter.desk.close()


@pytest.mark.rule(REPORT)
@pytest.mark.parametrize("deputy", ["deputy_general_manager", "deputy for the south"])
def test_the_report_goes_to_the_deputy_in_charge(deputy: str) -> None:
    counter = house(attrs.evolve(RULES, ruling_by=deputy))
    walk(counter, True, until="conclude")
    assert counter.told("to_rule") == []
    counter.go("report")
    assert counter.told("to_rule") == [deputy]
    counter.go("rule")
    assert counter.case.form.document.signature("ruling").by == BOSS


@pytest.mark.rule(STAGES, CHASING)
@pytest.mark.parametrize("nobody", ["", "a\nb", "x" * 65])
@pytest.mark.parametrize(
    "where", ["overrun_to", "handled_by", "grave_to", "stages.decision.superior", "chasing.superior"]
)
def test_a_house_says_whom_to_tell(where: str, nobody: str) -> None:
    """Else nothing could be told: receiving a complaint, or the sweeper, would fail."""
    *tables, key = where.split(".")
    heading = f"[{'.'.join(['complaints', *tables])}]"
    text = f"name = 'x'\nextends = 'after_sales'\n{heading}\n{key} = {json.dumps(nobody)}\n"
    with pytest.raises(RulebookInvalid) as refused:
        loads(text, sections(), shipped)
    assert str(refused.value).endswith(f".{key}")
    assert "@ $.complaints" in str(refused.value)


@pytest.mark.rule(STAGES)
def test_a_stage_that_there_is_not_and_a_figure_that_is_none_are_refused() -> None:
    with pytest.raises(MalformedStep) as refused:
        attrs.evolve(RULES, stages={"lunch": Stage(ElapsedTime(hours(1)), "cook")})
    assert refused.value.facts["given"] == ["lunch"]
    for warnings in ((0,), (100,), (50, 50), (80, 50)):
        with pytest.raises(InvalidValue):
            attrs.evolve(RULES, warnings=warnings)


@pytest.mark.rule(ACCEPTANCE)
def test_the_customer_is_told_that_it_was_accepted_and_closed_by_ids_alone_and_once() -> None:
    counter = house(RULES)
    walk(counter, False)
    for occasion in ("accepted", "answered", "closed"):
        (message,) = counter.messages(occasion)
        assert message.to == "customer-1"
        assert set(message.facts) <= {"complaint", "number", "channel"}
        assert message.key.startswith(f"{counter.id}/")
