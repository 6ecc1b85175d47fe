"""Public holidays and make-up working days (調休), as values, and the port that gives them (KRN-04, KRN-15)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Protocol

import attrs

from csdomain.kernel.rules import Text

from . import values
from .values import MakeUp, MalformedDate


def _dates(given: Iterable[date | str]) -> frozenset[date]:
    return values.dates(given, "holidays")


def _years(given: Iterable[int]) -> frozenset[int]:
    return values.years(given, "years")


def _names(given: Mapping[date, Text]) -> dict[date, Text]:
    return dict(given)


@attrs.frozen
class Holidays:
    """The holidays and make-up working days of some years, as an authority published them.

    ``years`` are the years that are known whole; a date outside them is refused. ``make_up_days`` says what each is
    worked as: the hours of a weekday, windows of its own, or ``None`` for the house's usual weekday. ``names`` are what
    people call the holidays, where they are known.

    Raises :class:`~csdomain.kernel.calendar.values.MalformedDate`,
    :class:`~csdomain.kernel.calendar.values.HolidayIsMakeUpDay` and what bad windows raise. [KRN-04]

    >>> from datetime import date
    >>> Holidays("demo", holidays=[date(2026, 10, 1)], make_up_days=["2026-10-10"], years=[2026]).make_up_days
    {datetime.date(2026, 10, 10): None}
    """

    name: str
    holidays: frozenset[date] = attrs.field(converter=_dates)
    make_up_days: Mapping[date, MakeUp] = attrs.field(converter=values.make_up_days, hash=False)
    years: frozenset[int] = attrs.field(converter=_years)
    names: Mapping[date, Text] = attrs.field(factory=dict, converter=_names, hash=False)

    def __attrs_post_init__(self) -> None:
        for field, days in (("holidays", self.holidays), ("make_up_days", self.make_up_days)):
            for day in sorted(days):
                if day.year not in self.years:
                    raise MalformedDate(
                        field=field, given=day, accepted=Text("a date in the years given", "所给年份之内的日期")
                    )
        values.refuse_both(self.holidays, self.make_up_days, self.name)


class HolidaySource(Protocol):
    """Port: knows the holidays of a place. Each call may know more years; a year is known whole or not at all."""

    def __call__(self) -> Holidays: ...
