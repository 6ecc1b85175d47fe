"""Houses with figures and calendars of a test's own, at a desk in memory."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

import attrs
from hypothesis import strategies as st

from complaints.desks import Counter
from complaints.model import RULES
from csdomain.casework.chasing import Chasing
from csdomain.complaints.values import ComplaintRules, Stage, StageName
from csdomain.desk import load_rulebook
from csdomain.kernel.calendar import CalendarSpec, WorkCalendar
from csdomain.kernel.values.durations import CalendarDays, Duration, ElapsedTime, WorkingDays, WorkingTime
from csdomain.rulebook import ORGANISATION
from csdomain.rulebook.organisation import CalendarRules

_BOOK: Final = load_rulebook("after_sales")
_OFFICE: Final = {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
_ALWAYS: Final = {day: ["00:00-24:00"] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
#: Plain weeks; a week with holidays and a Saturday that is worked; always open; nights, across a change of the clocks.
CALENDARS: Final = (
    CalendarSpec("Asia/Shanghai", _OFFICE),
    CalendarSpec(
        "Asia/Shanghai",
        _OFFICE,
        holidays=[date(2026, 3, day) for day in (5, 6, 9, 10)],
        make_up_days={date(2026, 3, 7): None},
        published_years=range(2026, 2040),
    ),
    CalendarSpec("UTC", _ALWAYS),
    CalendarSpec("Europe/Rome", {"mon": ["22:00-06:00"], "wed": ["08:00-12:00"], "sat": ["20:00-04:00"]}),
)


def house(rules: ComplaintRules, calendar: CalendarSpec = CALENDARS[0]) -> Counter:
    """A desk in memory of a house with these rules, whose office keeps these hours."""
    organisation = attrs.evolve(_BOOK[ORGANISATION], zone=calendar.zone)
    parts = {**_BOOK.parts, "complaints": rules, "calendars": {"office": CalendarRules(calendar)}}
    return Counter.open(attrs.evolve(_BOOK, ref="drawn@1", parts={**parts, "organisation": organisation}))


def calendar_of(counter: Counter) -> WorkCalendar:
    """The calendar on which the house's deadlines run."""
    return counter.desk.house.calendar_of("hq")


def hours(count: int) -> timedelta:
    """That many hours."""
    return timedelta(hours=count)


limits: Final[st.SearchStrategy[Duration]] = (
    st.builds(CalendarDays, st.integers(0, 4), st.booleans())
    | st.builds(WorkingDays, st.integers(0, 4), st.booleans())
    | st.builds(WorkingTime, st.integers(1, 30).map(hours))
    | st.builds(ElapsedTime, st.integers(1, 90).map(hours))
)


@st.composite
def figures(draw: st.DrawFn) -> ComplaintRules:
    """The house rules with limits of its own, and somebody else to tell for each stage; some stages without a limit."""
    stages: Sequence[StageName] = draw(st.lists(st.sampled_from(StageName), unique=True, max_size=4))
    return attrs.evolve(
        RULES,
        stages={stage.value: Stage(draw(limits), f"superior of {stage.value}") for stage in stages},
        close_within=draw(st.none() | limits),
        report_within=draw(st.none() | limits),
        warnings=draw(st.sampled_from([(), (50,), (1, 50, 99)])),
        overrun_to="boss",
    )


@st.composite
def reminding(draw: st.DrawFn) -> ComplaintRules:
    """The house rules with reminders of its own, or none."""
    every = draw(
        st.builds(WorkingDays, st.integers(1, 2), st.booleans())
        | st.builds(WorkingTime, st.integers(1, 12).map(hours))
        | st.builds(ElapsedTime, st.integers(1, 48).map(hours))
    )
    chasing = draw(st.none() | st.builds(Chasing, st.just(every), st.integers(1, 6), st.just("their chief")))
    return attrs.evolve(RULES, chasing=chasing, overrun_to="boss")
