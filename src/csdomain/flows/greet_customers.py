"""Birthdays and holidays: who is greeted on a day, and who answers for it is told the day before (MSG-03, 04, 14)."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import attrs

from csdomain.customers.lifecycle import State
from csdomain.customers.model.customer import BORN, CUSTOMERS, ITSELF, Customer
from csdomain.kernel.cases.delivery import FAILED
from csdomain.kernel.cases.effects import Message
from csdomain.kernel.cases.timers import SYSTEM
from csdomain.kernel.store.kinds import Comparison, Query, Where
from csdomain.kernel.store.planning import Due, Run, RunState, Source, Subjects, occasion_key
from csdomain.kernel.store.ports import Unit
from csdomain.kernel.values.birthdays import BeyondLunarYears, Birthday, LunarCalendar, celebrants
from csdomain.messaging.events import GreetingPlanned
from csdomain.messaging.values import BIRTHDAY, GREETINGS_DUE, HOLIDAY, MESSAGE_RULES, Language, MessageRules
from csdomain.rulebook import ORGANISATION, House

from .greeting import Wish, greet

_DAY: Final = timedelta(days=1)
_PAGE: Final = 200
_LIVING: Final = frozenset({State.ACTIVE, State.APART})
#: What comes of a customer on a day: the wish, or None.
Wished = Callable[[Customer, date, datetime, datetime], Wish]


def sources(house: House, lunar: LunarCalendar | None) -> tuple[Source, ...]:
    """The greetings that days bring, of those that the house writes. Without ``lunar`` nobody is greeted by the lunar
    calendar."""
    rules = house.rulebook[MESSAGE_RULES]
    made = (("birthday", _birthdays), ("holiday", _holidays))
    return tuple(make(house, rules, lunar) for name, make in made if name in rules.greetings)


def zones(house: House) -> tuple[str, ...]:
    """The zones in which the house has branches: its days begin at other instants in each."""
    branches = house.rulebook[ORGANISATION].branches
    return tuple(sorted({house.organisation.zone, *(house.zone(branch) for branch in branches)}))


def days(house: House, hour: int, after: datetime, until: datetime) -> Iterator[tuple[datetime, date, str]]:
    """The instants with ``after`` < instant ≤ ``until`` at which it is that hour somewhere, ascending, with the day."""
    found: list[tuple[datetime, date, str]] = []
    for zone in zones(house):
        day = after.astimezone(ZoneInfo(zone)).date()
        while (at := datetime.combine(day, time(hour), ZoneInfo(zone))) <= until:
            if at > after:
                found.append((at, day, zone))
            day += _DAY
    yield from sorted(found, key=lambda one: (one[0].timestamp(), one[2]))


def _birthdays(house: House, rules: MessageRules, lunar: LunarCalendar | None) -> Source:
    def keys(day: date) -> list[str]:
        try:
            return sorted(celebrants(day, rules.leap_day, lunar))
        except BeyondLunarYears:  # the data ends: solar birthdays go on
            return sorted(celebrants(day, rules.leap_day))

    def wish(customer: Customer, day: date, since: datetime, until: datetime) -> Wish:
        birthday = customer.profile.birthday
        assert birthday is not None  # noqa: S101 - found by it
        year = f"{birthday.calendar}{birthday.year_of(day, lunar)}"
        return Wish(occasion=BIRTHDAY, customer=customer.id, period=year, since=since, until=until, by="")

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        hour = rules.greetings["birthday"].hour
        for at, day, zone in days(house, hour, after, until):
            yield Due(f"{day}/{zone}", at, {"day": day.isoformat(), "zone": zone})
            eve = day + _DAY
            yield Due(f"{day}/{zone}/eve", at, {"day": eve.isoformat(), "zone": zone, "eve": "1"})

    return _source(house, rules, "birthday", runs, lambda day: (BORN.among(keys(day)),), wish)


def festivals(rules: MessageRules, lunar: LunarCalendar | None, day: date) -> Iterator[str]:
    """The holidays of which customers are greeted on a day, by their names in the rulebook. [MSG-04]"""
    for name, festival in sorted(rules.festivals.items()):
        there = day + _DAY if festival.eve else day
        try:
            if Birthday.read(festival.day).key in celebrants(there, rules.leap_day, lunar):
                yield name
        except BeyondLunarYears:
            continue


def _holidays(house: House, rules: MessageRules, lunar: LunarCalendar | None) -> Source:
    def wish(name: str) -> Wished:
        def made(customer: Customer, day: date, since: datetime, until: datetime) -> Wish:
            spoken = customer.profile.language
            language = rules.default_language if spoken is None else Language(spoken.value)
            facts = {"holiday": rules.festivals[name].said(language)}
            of = {"occasion": HOLIDAY, "customer": customer.id, "period": f"{name}/{day}"}
            return Wish(**of, since=since, until=until, by="", facts=facts)

        return made

    def runs(after: datetime, until: datetime) -> Iterable[Due]:
        hour = rules.greetings["holiday"].hour
        for at, day, zone in days(house, hour, after, until):
            for name in festivals(rules, lunar, day):
                yield Due(f"{name}/{day}/{zone}", at, {"day": day.isoformat(), "zone": zone, "name": name})
            for name in festivals(rules, lunar, day + _DAY):
                eve = (day + _DAY).isoformat()
                yield Due(f"{name}/{day}/{zone}/eve", at, {"day": eve, "zone": zone, "name": name, "eve": "1"})

    active: tuple[Where[Any], ...] = (Where("state", Comparison.AMONG, tuple(sorted(s.value for s in _LIVING))),)
    return _source(house, rules, "holiday", runs, lambda _: active, wish)


def _source(
    house: House,
    rules: MessageRules,
    name: str,
    runs: Callable[[datetime, datetime], Iterable[Due]],
    where: Callable[[date], tuple[Where[Any], ...]],
    wish: Callable[..., Any],
) -> Source:
    greeting = rules.greetings[name]

    def page(unit: Unit, due: Due, cursor: str, limit: int) -> Subjects:
        asked = where(date.fromisoformat(due.facts["day"]))
        found = unit.of(CUSTOMERS).find(Query(asked, limit=limit, after=(cursor, cursor) if cursor else None))
        living = (one for one in found.items if one.state in _LIVING and one.erased_at is None and not one.restricted)
        ids = [one.id for one in living if house.zone(one.branch) == due.facts["zone"]]
        return Subjects(ids, found.next[1] if found.next else None)

    def act(unit: Unit, due: Due, ids: Sequence[str]) -> None:
        day, zone = date.fromisoformat(due.facts["day"]), ZoneInfo(due.facts["zone"])
        customers = unit.of(CUSTOMERS).find(Query((ITSELF.among(tuple(ids)),), limit=len(ids))).items
        if "eve" in due.facts:
            for who in sorted({one.owner or greeting.by for one in customers}):
                _remind(unit, name, due, day, who)
            return
        end = datetime.combine(day + _DAY, time(), zone)
        made: Wished = wish(due.facts["name"]) if name == "holiday" else wish
        for one in customers:
            wanted = made(one, day, due.at, end)
            greet(unit, house, attrs.evolve(wanted, by=one.owner or greeting.by), due.at)

    def somebody(unit: Unit, due: Due) -> bool:
        found = page(unit, due, "", _PAGE)
        while not found.ids and found.next is not None:
            found = page(unit, due, found.next, _PAGE)
        return bool(found.ids)

    def ended(unit: Unit, run: Run) -> None:
        missed = run.state == RunState.MISSED.value
        if "eve" not in run.due.facts and (run.failed or (missed and somebody(unit, run.due))):
            _tell(unit, name, run, greeting.by, "missed" if missed else "failed")

    # Runs are opened when planners call, so a day that is past is missed, never made up.
    return Source(f"{name}_greetings", runs, page, act, timedelta(hours=greeting.late_hours), ended)


def _tell(unit: Unit, name: str, run: Run, who: str, state: str) -> None:
    """Who answers for the greetings of a day is told that they, or some of them, were not written. [MSG-14]"""
    key = occasion_key(who, f"greetings/{name}/{state}", run.key)
    event = GreetingPlanned(subject=who, by=SYSTEM, at=run.at, occasion=FAILED, message=key, outcome=state)
    facts = {"message": run.key, "occasion": f"message.{name}", "state": state}
    unit.record([event], [Message(key, FAILED, who, facts)])


def _remind(unit: Unit, name: str, due: Due, day: date, who: str) -> None:
    """Who answers for the greetings of a day is told the day before, once. [MSG-14]"""
    key = occasion_key(who, f"greetings/{name}/{due.facts.get('name', '')}", day.isoformat())
    if unit.session.message(key) is None:
        event = GreetingPlanned(subject=who, by=SYSTEM, at=due.at, occasion=GREETINGS_DUE, message=key, outcome="")
        facts = {"greeting": due.facts.get("name", name), "on": day.isoformat()}
        unit.record([event], [Message(key, GREETINGS_DUE, who, facts)])
