"""Cases of other systems (biz, GLPI, OTOBO, Zammad, ERPNext, Frappe): every file in tests/cases/business_time."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from csdomain.kernel.calendar import CalendarSpec, WorkCalendar

FOLDER = Path(__file__).parent.parent / "cases" / "business_time"
#: What a file or a calendar may say; anything else means that a case would be read only in part.
CALENDAR_KEYS: Final = {
    *("timezone", "weekly", "holidays", "yearly_holidays", "shifts", "breaks", "holiday_ranges"),
    *("inactive_holidays", "shift_precedence", "naive_in_source", "note"),
}
HOLIDAY_BEATS_SHIFT: Final = "shift replaces weekly hours on that date; holiday beats shift; break cuts shift"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def spans(windows: list[list[str]]) -> list[str]:
    return [f"{start}-{end}" for start, end in windows]


def ranges(data: dict[str, Any]) -> tuple[set[date], set[str]]:
    """Inclusive ranges as single dates, and as MM-DD where they come back every year."""
    once, yearly = set(), set()
    for span in data.get("holiday_ranges", ()):
        day = date.fromisoformat(span["from"])
        while day <= date.fromisoformat(span["to"]):
            if span["yearly"]:
                yearly.add(f"{day:%m-%d}")
            else:
                once.add(day)
            day += timedelta(days=1)
    return once, yearly


def calendar(name: str, data: dict[str, Any]) -> WorkCalendar:
    assert set(data) <= CALENDAR_KEYS, f"{name}: {set(data) - CALENDAR_KEYS} is not understood"
    assert data.get("shift_precedence", HOLIDAY_BEATS_SHIFT) == HOLIDAY_BEATS_SHIFT
    once, yearly = ranges(data)
    spec = CalendarSpec(
        zone=data["timezone"],
        weekly={day: spans(windows) for day, windows in data["weekly"].items()},
        holidays={*data.get("holidays", ()), *once},
        yearly_holidays={*data.get("yearly_holidays", ()), *yearly},
        date_hours={day: spans(windows) for day, windows in data.get("shifts", {}).items()},
        breaks={day: spans(windows) for day, windows in data.get("breaks", {}).items()},
        unpublished="weekends_only",  # the sources list holidays without saying which years are whole
    )
    return WorkCalendar(spec, name)


def add_working_time(cal: WorkCalendar, case: dict[str, Any]) -> datetime:
    boundary = case.get("boundary_rule", "close")
    start, left = at(case["start"]), timedelta(seconds=case["duration_seconds"])
    for pause_start, pause_end in sorted(case.get("pauses", ())):
        run = cal.between(start, at(pause_start))
        if run >= left:
            break
        left -= run
        start = max(start, at(pause_end))
    return cal.add(start, left, boundary)


def subtract_working_time(cal: WorkCalendar, case: dict[str, Any]) -> datetime:
    return cal.subtract(at(case["start"]), timedelta(seconds=case["duration_seconds"]))


def working_time_between(cal: WorkCalendar, case: dict[str, Any]) -> float:
    return cal.between(at(case["start"]), at(case["end"])).total_seconds()


def is_working(cal: WorkCalendar, case: dict[str, Any]) -> bool:
    return cal.is_open(at(case["at"]))


def is_working_day(cal: WorkCalendar, case: dict[str, Any]) -> bool:
    return cal.is_working_day(date.fromisoformat(case["date"]))


def is_holiday(cal: WorkCalendar, case: dict[str, Any]) -> bool:
    return cal.is_holiday(at(case["at"]).astimezone(ZoneInfo(cal.spec.zone)).date())


def working_windows(cal: WorkCalendar, case: dict[str, Any]) -> list[list[str]]:
    found = islice(cal.windows(at(case["origin"]), case["direction"]), case["take"])
    return [[f"{t:%Y-%m-%dT%H:%M:%SZ}" for t in (window.start, window.end)] for window in found]


def add_working_days(cal: WorkCalendar, case: dict[str, Any]) -> datetime:
    moved = cal.add_working_days(at(case["start"]), case["days"])
    return cal.end_of_working_day(moved) if case["end_of_working_day"] else moved


def add_working_days_snap(cal: WorkCalendar, case: dict[str, Any]) -> datetime:
    return cal.add_working_days(
        at(case["start"]), {"after": 1, "before": -1}[case["direction"]] * case["days"], snap=True
    )


def sla_trace(cal: WorkCalendar, case: dict[str, Any]) -> dict[str, Any]:
    start, budget, offset = at(case["start"]), case["budget"], case["escalation_offset"]
    paused = sum((cal.between(at(since), at(until)) for since, until in case["pauses"]), timedelta())
    if "seconds" in budget:
        deadline = cal.add(start, timedelta(seconds=budget["seconds"]))
    else:
        deadline = add_working_days(cal, {"start": case["start"], "days": budget["working_days"], **budget})
    deadline = cal.add(deadline, paused) if paused else deadline
    if "working_days" in offset:
        escalation = cal.add_working_days(deadline, offset["working_days"])
    elif offset["seconds"] < 0:
        escalation = cal.subtract(deadline, timedelta(seconds=-offset["seconds"]))
    else:
        escalation = cal.add(deadline, timedelta(seconds=offset["seconds"]))
    return {
        "deadline": f"{deadline:%Y-%m-%dT%H:%M:%SZ}",
        "paused_working_seconds": paused.total_seconds(),
        "escalation_at": f"{escalation:%Y-%m-%dT%H:%M:%SZ}",
    }


KINDS: Final[dict[str, Callable[[WorkCalendar, dict[str, Any]], object]]] = {
    kind.__name__: kind
    for kind in (
        *(add_working_time, subtract_working_time, working_time_between, is_working, is_working_day, is_holiday),
        *(working_windows, add_working_days, add_working_days_snap, sla_trace),
    )
}


def cases() -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.json")):
        data = json.loads(file.read_text(encoding="utf-8"))
        calendars = data["calendars"]
        found += [
            pytest.param(case, calendars[case["calendar"]], id=f"{file.stem}:{case['id']}") for case in data["cases"]
        ]
    return found


@pytest.mark.rule("KRN-04", "KRN-05")
@pytest.mark.parametrize(("case", "data"), cases())
def test_what_another_system_answers(case: dict[str, Any], data: dict[str, Any]) -> None:
    assert case["kind"] in KINDS, f"cases of kind {case['kind']} are not understood"
    answer = KINDS[case["kind"]](calendar(case["calendar"], data), case)
    if isinstance(answer, datetime):
        assert answer.tzinfo is UTC
        assert answer == at(case["expected"])
    else:
        assert answer == case["expected"]


@pytest.mark.rule("KRN-05")
def test_the_cases_are_all_there() -> None:
    kinds = [param.values[0]["kind"] for param in cases()]
    assert len(kinds) >= 195
    assert set(kinds) == set(KINDS)
