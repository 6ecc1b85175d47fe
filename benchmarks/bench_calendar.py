"""Adding working time, over up to ten years, beside businesstimedelta on the same hours.

    python benchmarks/bench_calendar.py [--json] [--quick]

Monday to Friday 09:00-12:00 and 13:00-18:00 in Shanghai, without holidays, which the peer would have to be given one by
one. Both sides must agree on every answer. Medians of rounds that alternate; the tables are warm, as in a server, and
``cold`` is the first answer of a new calendar. Targets: each span ≤ 10 µs, the longest ≤ 2 × the shortest.
"""

import sys
from datetime import UTC, datetime, time, timedelta
from statistics import median
from time import perf_counter
from zoneinfo import ZoneInfo

import businesstimedelta as peer
import pytz  # the peer takes no other zones
from common import Row, options, report

from csdomain.kernel.calendar import CalendarSpec, WorkCalendar

SPANS = (8, 80, 800, 8_000, 20_000)
SHANGHAI = ZoneInfo("Asia/Shanghai")
START = datetime(2016, 1, 4, 10, 30, tzinfo=SHANGHAI)
SPEC = CalendarSpec(
    "Asia/Shanghai", {day: ["09:00-12:00", "13:00-18:00"] for day in ("mon", "tue", "wed", "thu", "fri")}
)
MICROSECONDS, LIMIT, GROWTH = 1e6, 10.0, 2.0


def their_hours() -> peer.Rules:
    zone = pytz.timezone("Asia/Shanghai")
    lunch = peer.LunchTimeRule(start_time=time(12), end_time=time(13), working_days=[0, 1, 2, 3, 4], tz=zone)
    day = peer.WorkDayRule(start_time=time(9), end_time=time(18), working_days=[0, 1, 2, 3, 4], tz=zone)
    return peer.Rules([day, lunch])


def timed(calls: int, add: object) -> float:
    began = perf_counter()
    for _ in range(calls):
        add()  # type: ignore[operator]
    return (perf_counter() - began) / calls * MICROSECONDS


def main() -> int:
    given = options(__doc__)
    rounds, calls = (5, 1_000) if given.quick else (15, 5_000)
    calendar, rules, faults, ours = WorkCalendar(SPEC), their_hours(), [], {}
    rows: list[Row] = []
    for hours in SPANS:
        span, theirs = timedelta(hours=hours), peer.BusinessTimeDelta(rules, hours=hours)
        if calendar.add(START, span) != START + theirs:
            faults.append(f"+{hours} h: {calendar.add(START, span)} here, {START + theirs} there")
        here, there = [], []
        for turn in range(rounds):
            here.append(timed(calls, lambda span=span: calendar.add(START, span)))
            if turn < 3 or hours < 1_000:  # the peer takes a second and more for the long ones
                there.append(timed(1, lambda theirs=theirs: START + theirs))
        ours[hours] = median(here)
        cold = median(timed(1, lambda span=span: WorkCalendar(SPEC).add(START, span)) for _ in range(3))
        rows.append(
            {
                "add_hours": hours,
                "us": median(here),
                "peer_us": median(there),
                "times_faster": median(there) / median(here),
                "cold_us": cold,
            }
        )
        if median(here) > LIMIT:
            faults.append(f"+{hours} h takes {median(here):.1f} µs, over {LIMIT} µs")
    end = START.astimezone(UTC) + timedelta(days=3_650)
    rows.append(
        {"between_days": 3_650, "us": median(timed(calls, lambda: calendar.between(START, end)) for _ in range(5))}
    )
    growth = ours[SPANS[-1]] / ours[SPANS[0]]
    rows.append({"longest_to_shortest": growth})
    if growth > GROWTH:
        faults.append(f"the longest takes {growth:.2f} × the shortest, over {GROWTH} ×")
    return report("calendar", rows, faults, as_json=given.json)


if __name__ == "__main__":
    sys.exit(main())
