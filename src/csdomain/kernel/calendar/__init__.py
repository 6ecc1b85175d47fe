"""Business time: calendars of opening hours, holidays, make-up days; deadlines explained (KRN-04, KRN-05)."""

from .explanation import Counted, Day, DayKind, Explanation, Window
from .spec import Boundary, CalendarSpec, Closure
from .values import (
    BeyondTime,
    CalendarInvalid,
    HolidayIsMakeUpDay,
    MakeUp,
    MakeUpDayWithoutHours,
    MalformedClosure,
    MalformedDate,
    MalformedSetting,
    MalformedWindow,
    NeverOpens,
    NotADuration,
    NotAWorkingDay,
    OverlappingWindows,
    UnknownWeekday,
    UnknownZone,
    UnpublishedYear,
    Weekday,
)
from .working import WorkCalendar

__all__ = [
    "BeyondTime",
    "Boundary",
    "CalendarInvalid",
    "CalendarSpec",
    "Closure",
    "Counted",
    "Day",
    "DayKind",
    "Explanation",
    "HolidayIsMakeUpDay",
    "MakeUp",
    "MakeUpDayWithoutHours",
    "MalformedClosure",
    "MalformedDate",
    "MalformedSetting",
    "MalformedWindow",
    "NeverOpens",
    "NotADuration",
    "NotAWorkingDay",
    "OverlappingWindows",
    "UnknownWeekday",
    "UnknownZone",
    "UnpublishedYear",
    "Weekday",
    "Window",
    "WorkCalendar",
]
