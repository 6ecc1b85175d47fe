"""Public holidays and make-up working days from files: mainland China 2004 to 2026, and files of one's own (KRN-04).

A file is TOML. ``[years.YYYY]`` makes a year known; its keys are holidays, each a list of dates (``2026-10-01``) or of
spans with both ends included (``2026-10-01/2026-10-07``). ``make_up_days`` is a list of dates, or a table of dates to
the weekday whose hours are worked, or to windows. ``[names]`` says in English and Chinese what the keys mean.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from importlib.resources import files
from typing import Any, Final

from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.calendar.values import MakeUp, a_date, make_up_days
from csdomain.kernel.rules import CALENDAR, Text
from csdomain.kernel.rules.errors import InvalidValue, fact_labels

fact_labels({"file": "文件", "path": "路径"})
_MAKE_UP: Final = "make_up_days"


class HolidayFileInvalid(InvalidValue):
    """A file of holidays that cannot be read; ``path`` names the key (KRN-04)."""

    default_rule = CALENDAR
    problem = Text("This file of holidays cannot be used.", "此假日文件无法使用。")


def china() -> Holidays:
    """Mainland China, 2004 to 2026, with the make-up working days; 2027 has not been published. [KRN-04]

    The days are those of the State Council's notices. A weekend that a notice lets a holiday run into without counting
    it ("together with the weekend") is a rest day, not a holiday.

    >>> 2026 in china().years, 2027 in china().years
    (True, False)
    """
    return _read((files(__package__) / "holidays_cn.toml").read_text(encoding="utf-8"), "holidays_cn.toml")


def load(path: str | os.PathLike[str]) -> Holidays:
    """The holidays of a file of one's own, in the form this module's documentation gives.

    Raises :class:`HolidayFileInvalid`, what :class:`~csdomain.kernel.calendar.holidays.Holidays` raises, and
    ``OSError``.
    [KRN-04]
    """
    with open(path, encoding="utf-8") as file:
        return _read(file.read(), os.path.basename(path))


def _read(text: str, file: str) -> Holidays:
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise HolidayFileInvalid(file=file, given=str(fault), accepted=Text("TOML", "TOML")) from None
    _expect(set(data) <= {"name", "names", "years"}, file, "", "name, names, years")
    _expect(isinstance(data.get("name"), str), file, "name", "a text")
    texts: dict[str, dict[str, str]] = data.get("names", {})
    years: dict[str, dict[str, Any]] = data.get("years", {})  # looked at below, key by key
    _expect(isinstance(texts, Mapping), file, "names", "a table")
    _expect(isinstance(years, Mapping) and bool(years), file, "years", "a table by year")
    for key, text_of in texts.items():
        in_both = isinstance(text_of, Mapping) and set(text_of) == {"en", "zh"}
        _expect(in_both and all(isinstance(t, str) for t in text_of.values()), file, f"names.{key}", "en and zh")
    names: dict[date, Text] = {}
    worked: dict[date, MakeUp] = {}
    for year, holidays in years.items():
        _expect(year.isdecimal() and len(year) == 4 and isinstance(holidays, Mapping), file, f"years.{year}", "YYYY")
        for key, listed in holidays.items():
            path = f"years.{year}.{key}"
            days: Mapping[date, MakeUp]
            if key == _MAKE_UP:
                _expect(isinstance(listed, list | Mapping), file, path, "a list or a table of dates")
                days = make_up_days(listed, path)
                worked |= days
            else:
                _expect(isinstance(listed, list), file, path, "a list of dates")
                _expect(key in texts, file, path, ", ".join(texts))
                days = dict.fromkeys(_days(listed, path, file))
                names |= dict.fromkeys(days, Text(**texts[key]))
            for day in days:
                _expect(day.year == int(year), file, path, f"dates of {year}")
    return Holidays(data["name"], holidays=set(names), make_up_days=worked, years=map(int, years), names=names)


def _days(listed: list[object], path: str, file: str) -> Iterator[date]:
    for one in listed:
        first, _, last = one.partition("/") if isinstance(one, str) else (one, "", "")
        day, end = a_date(first, path), a_date(last or first, path)
        _expect(day <= end, file, path, "a span that ends after it starts")
        while day <= end:
            yield day
            day += timedelta(days=1)


def _expect(ok: bool, file: str, path: str, accepted: str) -> None:
    if not ok:
        raise HolidayFileInvalid(file=file, path=path, accepted=Text(accepted, accepted))
