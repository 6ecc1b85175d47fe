"""The house rules in force: the current rulebook, the rulebooks that running cases pin, calendars and permissions."""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

import attrs

from csdomain.kernel.calendar import WorkCalendar
from csdomain.kernel.calendar.holidays import Holidays
from csdomain.kernel.rules import Language, Text
from csdomain.kernel.rules.errors import MissingBackend, NotFound, fact_labels
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.actors import Actor, ActorId, MalformedActor, Permissions, UnknownPosition

from .loader import Sections, restore
from .organisation import CALENDARS, ORGANISATION, PERMISSIONS, CalendarRules
from .sections import Rulebook

fact_labels({"position": "职位"})

T = TypeVar("T")
HolidaysByName = Callable[[str], Holidays | None]


#: How long before a year begins its holidays should be known.
AHEAD: Final = timedelta(days=60)


@attrs.frozen
class Unpublished:
    """A year whose holidays a calendar does not know."""

    calendar: str
    year: int

    def text(self, language: Language = "en") -> str:
        """What is missing, for people."""
        return Text(
            f"calendar {self.calendar}: holidays of {self.year} are not known; install or give them",
            f"日历 {self.calendar}：尚不知 {self.year} 年假日，请更新或提供",
        )(language)


@attrs.frozen
class Place:
    """Where something happens: the branch's zone and calendar, and the house's currency."""

    zone: str
    calendar: WorkCalendar
    currency: str


class House:
    """What services ask for house rules.

    Deadlines, prices and ladders come from the rulebook a case pinned when it was opened; permissions and calendars
    always from the current one (design decision D7).
    """

    def __init__(self, rulebook: Rulebook, sections: Sections, holidays: HolidaysByName = lambda _name: None) -> None:
        self.rulebook = rulebook
        self._sections = sections if callable(sections) else tuple(sections)
        self._pinned = {rulebook.ref: rulebook}
        self._holidays = holidays
        self._calendars: dict[str, WorkCalendar] = {}
        self._places: dict[str, Place] = {}
        matrix = rulebook[PERMISSIONS]
        self.permissions = Permissions(matrix.roles, matrix.positions, rulebook.actions)
        self.conceals = matrix.conceal
        self.organisation = rulebook[ORGANISATION]
        self._rules = rulebook[CALENDARS]
        for name in self._rules:
            self.calendar(name)

    def under(self, rulebook: Rulebook) -> "House":
        """The same house, with the public holidays it knows, by another rulebook."""
        return House(rulebook, self._sections, self._holidays)

    @property
    def currency(self) -> str:
        """The house's currency (ISO 4217)."""
        return self.organisation.currency

    def actor(self, id: str, branch: str, positions: Collection[str]) -> Actor:
        """Someone who acts. Raises MalformedActor, UnknownPosition. [KRN-13]

        A branch that the rulebook does not list is the organisation's; one that it lists in other letters is refused.
        """
        found = Actor(ActorId(id), branch, positions)
        unknown = sorted(found.positions - self.permissions.positions.keys())
        if unknown:
            known = ", ".join(sorted(self.permissions.positions))
            accepted = Text(known, known)
            raise UnknownPosition(position=", ".join(unknown), rulebook=self.rulebook.ref, accepted=accepted)
        alike = [name for name in self.organisation.branches if name.casefold() == branch.casefold()]
        if alike and branch not in alike:
            listed = ", ".join(alike)
            raise MalformedActor(field="branch", given=branch, accepted=Text(listed, listed))
        return found

    def zone(self, branch: str) -> str:
        """The IANA zone in which the branch's rules are evaluated (KRN-03)."""
        there = self.organisation.branches.get(branch)
        return there.zone if there is not None and there.zone else self.organisation.zone

    def calendar(self, name: str) -> WorkCalendar:
        """A working calendar by name. Raises NotFound, and MissingBackend where its public holidays are not known."""
        calendar = self._calendars.get(name)
        if calendar is None:
            rules = self._rules.get(name) or self._kept(name)
            if rules is None:
                known = ", ".join(sorted(self._rules))
                raise NotFound(calendar=name, rulebook=self.rulebook.ref, accepted=Text(known, known))
            spec = rules.spec
            if rules.public_holidays:
                holidays = self._holidays(rules.public_holidays)
                if holidays is None:
                    raise MissingBackend(holidays=rules.public_holidays, calendar=name)
                spec = spec.with_holidays(holidays)
            calendar = self._calendars[name] = WorkCalendar(spec, name=name)
        return calendar

    def _kept(self, name: str) -> CalendarRules | None:
        """A calendar that the current rulebook has no more, of a rulebook that a case keeps."""
        books = reversed(self._pinned.values())
        return next((book[CALENDARS][name] for book in books if name in book[CALENDARS]), None)

    def calendar_of(self, branch: str) -> WorkCalendar:
        """The calendar on which the branch's deadlines run."""
        there = self.organisation.branches.get(branch)
        return self.calendar(there.calendar if there is not None and there.calendar else self.organisation.calendar)

    @property
    def calendars(self) -> tuple[WorkCalendar, ...]:
        """All working calendars of the house."""
        return tuple(map(self.calendar, self._rules))

    def unpublished(self, at: datetime, ahead: timedelta = AHEAD) -> tuple[Unpublished, ...]:
        """The years up to ``ahead`` after ``at`` whose holidays are not known, by calendar that needs them. [KRN-04]

        Deadlines in working time are refused there, or provisional, as the calendar says. One that counts weekends only
        needs none.
        """
        found = []
        for calendar in self.calendars:
            spec, zone = calendar.spec, ZoneInfo(calendar.spec.zone)
            if spec.known_years is not None and spec.unpublished != "weekends_only":
                years = range(at.astimezone(zone).year, (at + ahead).astimezone(zone).year + 1)
                found += [Unpublished(calendar.name, year) for year in years if year not in spec.known_years]
        return tuple(found)

    def place(self, branch: str) -> Place:
        """Zone, calendar and currency of a branch."""
        found = self._places.get(branch)
        if found is None:
            found = self._places[branch] = Place(self.zone(branch), self.calendar_of(branch), self.currency)
        return found

    def resolve(self, actor: Actor) -> Actor:
        """``actor`` with what the current rulebook grants."""
        return self.permissions.resolve(actor)

    def pinned(self, ref: str, unit: Unit) -> Rulebook:
        """The rulebook a case began under, from the store where this process has not met it. Raises NotFound."""
        book = self._pinned.get(ref)
        if book is None:
            text = unit.session.get_rulebook(ref)
            if text is None:
                raise NotFound(rulebook=ref)
            book = self._pinned[ref] = restore(text, self._sections)
        return book

    def remember(self, unit: Unit) -> None:
        """Keep the current rulebook in the store, for the cases that will pin it."""
        unit.session.put_rulebook(self.rulebook.ref, self.rulebook.canonical)


def calendars(mapping: Mapping[str, WorkCalendar]) -> Callable[[str], WorkCalendar]:
    """Calendars by name from a mapping, for units without a house. Raises NotFound."""

    def calendar(name: str) -> WorkCalendar:
        if name not in mapping:
            raise NotFound(calendar=name)
        return mapping[name]

    return calendar
