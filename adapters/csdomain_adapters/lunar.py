"""The Chinese lunar calendar from ``borax``, for 1900 to 2100 (extra ``lunar``)."""

from datetime import date

from borax.calendars.lunardate import InvalidLunarDateError, LCalendars, LunarDate

from csdomain.kernel.rules import Text
from csdomain.kernel.values.birthdays import BeyondLunarYears, LunarDay, NotABirthday

_YEARS = range(1900, 2101)
_KNOWN = Text(f"lunar years {_YEARS.start} to {_YEARS.stop - 1}", f"农历 {_YEARS.start} 至 {_YEARS.stop - 1} 年")


class Borax:
    """The calendar by the tables of ``borax``; years outside them are refused, never estimated."""

    def lunar(self, on: date, /) -> LunarDay:
        """The lunar day of a date. Raises BeyondLunarYears."""
        try:
            found = LunarDate.from_solar(on)
        except ValueError:
            raise BeyondLunarYears(given=on, accepted=_KNOWN) from None
        return LunarDay(found.year, found.month, found.day, bool(found.leap))

    def solar(self, on: LunarDay, /) -> date:
        """The date of a lunar day. Raises BeyondLunarYears, NotABirthday."""
        _known(on.year)
        try:
            found: date = LunarDate(on.year, on.month, on.day, int(on.leap)).to_solar_date()
        except InvalidLunarDateError:
            raise NotABirthday(
                accepted=Text(f"a day of the lunar year {on.year}", f"农历 {on.year} 年中的一天")
            ) from None
        return found

    def leap_month(self, year: int, /) -> int | None:
        """The number of the month that is repeated in a lunar year; None where none is. Raises BeyondLunarYears."""
        _known(year)
        return LCalendars.leap_month(year) or None

    def month_length(self, year: int, month: int, leap: bool, /) -> int:
        """The days of a lunar month. Raises BeyondLunarYears, NotABirthday."""
        _known(year)
        try:
            found: int = LCalendars.ndays(year, month, int(leap))
        except InvalidLunarDateError:
            raise NotABirthday(accepted=Text(f"a month of the lunar year {year}", f"农历 {year} 年中的一月")) from None
        return found


def _known(year: int) -> None:
    if year not in _YEARS:
        raise BeyondLunarYears(given=year, accepted=_KNOWN)
