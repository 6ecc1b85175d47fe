"""Contracts of a clock, of a source of ids, and of a source of public holidays (KRN-03, KRN-04, KRN-15)."""

import threading
from datetime import UTC, timedelta
from typing import NewType

import pytest

from csdomain.kernel.calendar.holidays import Holidays, HolidaySource
from csdomain.kernel.store.ports import Clock
from csdomain.kernel.values.ids import IdKind, IdSource

_ThingId = NewType("_ThingId", str)
_THING = IdKind[_ThingId]("thg")
_OTHER = IdKind[_ThingId]("oth")


class ClockContract:
    """A clock gives aware instants in UTC that do not run backwards. Give a fixture ``clock``."""

    @pytest.fixture
    def clock(self) -> Clock:
        """The clock under test."""
        raise NotImplementedError("give a fixture `clock`")

    def test_instants_are_aware_and_in_utc(self, clock: Clock) -> None:
        now = clock.now()
        assert now.tzinfo is UTC
        assert now.utcoffset() == timedelta(0)

    def test_time_does_not_run_backwards(self, clock: Clock) -> None:
        instants = [clock.now() for _ in range(1000)]
        assert instants == sorted(instants)


class IdSourceContract:
    """Ids are of the kind asked for, distinct, and increase within a process, threads included.

    Give a fixture ``ids``.
    """

    @pytest.fixture
    def ids(self) -> IdSource:
        """The source under test."""
        raise NotImplementedError("give a fixture `ids`")

    def test_ids_are_of_their_kind(self, ids: IdSource) -> None:
        assert _THING.check(ids.new(_THING)).startswith("thg_")
        assert _OTHER.check(ids.new(_OTHER)).startswith("oth_")

    def test_ids_increase(self, ids: IdSource) -> None:
        made = [ids.new(_THING) for _ in range(5000)]
        assert made == sorted(set(made))

    def test_ids_of_threads_are_distinct_and_increase_in_each(self, ids: IdSource) -> None:
        made: list[list[str]] = [[] for _ in range(4)]

        def work(mine: list[str]) -> None:
            mine.extend(ids.new(_THING) for _ in range(1000))

        threads = [threading.Thread(target=work, args=(mine,)) for mine in made]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert all(mine == sorted(mine) for mine in made)
        assert len({id for mine in made for id in mine}) == 4000


class HolidaySourceContract:
    """A source of public holidays knows years whole, in plain dates. Give a fixture ``holiday_source``."""

    @pytest.fixture
    def holiday_source(self) -> HolidaySource:
        """The source under test."""
        raise NotImplementedError("give a fixture `holiday_source`")

    def test_it_knows_some_years_by_a_name(self, holiday_source: HolidaySource) -> None:
        known = holiday_source()
        assert isinstance(known, Holidays)
        assert known.name
        assert known.years
        assert known.holidays, "a source of holidays has some"

    def test_every_date_is_of_a_known_year(self, holiday_source: HolidaySource) -> None:
        known = holiday_source()
        assert {day.year for day in (*known.holidays, *known.make_up_days)} <= known.years
        assert set(known.names) <= known.holidays | set(known.make_up_days)

    def test_a_holiday_is_not_worked(self, holiday_source: HolidaySource) -> None:
        known = holiday_source()
        assert not known.holidays & set(known.make_up_days)

    def test_what_it_knew_it_still_knows(self, holiday_source: HolidaySource) -> None:
        first, second = holiday_source(), holiday_source()
        assert first.years <= second.years
        assert {d for d in second.holidays if d.year in first.years} == first.holidays
