"""The house writes of its own accord: each occasion once, in its window, with somebody who answers (MSG-02 to 14)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import csdomain
from adapters.jobs_at_work import Died, Mortal
from csdomain.flows.greet_customers import days, festivals, sources
from csdomain.kernel.cases.delivery import MessageState
from csdomain.kernel.cases.effects import MessageClass
from csdomain.kernel.rules.errors import RulebookInvalid
from csdomain.kernel.store.planning import LEASE, Due, plan
from csdomain.kernel.values.birthdays import LunarDay
from csdomain.messaging.rules import BIRTHDAY, HOLIDAY, LAPSE, ONCE, OPT_OUT, RESPONSIBLE, THANKS, WELCOME
from csdomain.messaging.values import MESSAGE_RULES
from csdomain.testing import MovableClock, SequentialIds, memory_desk
from csdomain.testing.kit import no_holidays
from csdomain_adapters.lunar import Borax
from renewals.fleet import Fleet

from .writing import Writing, book

CAL = Borax()


def on(day: date, hour: int = 12) -> datetime:
    """An instant of a day in Shanghai."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(hours=hour - 8)


class Greeting(Writing):
    """An office on the evening before a day."""

    def __init__(self, day: date, more: str = "") -> None:
        super().__init__(desk=memory_desk(book(more), clock=MovableClock(on(day, 8) - timedelta(days=1))))


@pytest.mark.rule(BIRTHDAY, ONCE, RESPONSIBLE)
@pytest.mark.parametrize(
    ("born", "day", "more"),
    [
        ({"born": date(1980, 5, 6)}, date(2026, 5, 6), ""),
        ({"born": date(1980, 2, 29)}, date(2026, 2, 28), ""),
        ({"born": date(1980, 2, 29)}, date(2026, 3, 1), '[messages]\nleap_day = "mar1"\n'),
        ({"born": date(1980, 2, 29)}, date(2028, 2, 29), ""),
        ({"born_lunar": LunarDay(1980, 8, 15)}, date(2026, 9, 25), ""),
        ({"born_lunar": LunarDay(1979, 6, 12, leap=True)}, date(2026, 7, 25), ""),
    ],
)
def test_a_birthday_is_greeted_on_its_day_and_whoever_answers_is_told_the_day_before(
    born: dict[str, Any], day: date, more: str
) -> None:
    office = Greeting(day, more)
    mine, other = office.customer(**born), office.customer(born=day - timedelta(days=4000))
    office.later(hours=2)
    assert [(m.to, m.facts) for m in office.outbox("message.greetings_due") if m.facts["greeting"] == "birthday"] == [
        ("customer_representative", {"greeting": "birthday", "on": day.isoformat()})
    ]
    assert office.outbox("message.birthday") == []
    for _ in range(3):
        office.later(hours=8)
    (found,) = office.outbox("message.birthday")
    assert (found.to, found.klass, found.by) == (mine, MessageClass.CARE, "customer_representative")
    assert (found.created_at, found.until) == (on(day, 9), on(day, 24))
    assert other != mine


@pytest.mark.rule(BIRTHDAY, ONCE)
def test_a_lunar_birthday_that_falls_twice_into_a_solar_year_is_greeted_once_a_lunar_year() -> None:
    born = LunarDay(1980, 12, 1)  # twice in 2030
    twice = [
        d
        for d in (date(2030, 1, 1) + timedelta(n) for n in range(365))
        if (CAL.lunar(d).month, CAL.lunar(d).day) == (12, 1)
    ]
    assert len(twice) == 2, "else this tests nothing"
    for day in twice:
        office = Greeting(day)
        office.customer(born_lunar=born)
        office.later(hours=30)
        office.later(hours=2)
        (found,) = office.outbox("message.birthday")
        assert found.key.endswith(f"L{CAL.lunar(day).year}")


@pytest.mark.rule(ONCE, BIRTHDAY)
@given(st.lists(st.tuples(st.integers(1, 8), st.booleans()), max_size=4))
def test_each_is_greeted_once_wherever_planners_die(deaths: list[tuple[int, bool]]) -> None:
    office = Greeting(date(2026, 5, 6))
    people = [office.customer(born=date(1980, 5, 6)) for _ in range(4)]
    office.desk.clock.advance(timedelta(hours=26))
    found = [s for s in office.desk.sources if s.name == "birthday_greetings"]
    for n, (at, after) in enumerate(deaths):
        try:
            plan(Mortal(office.desk.store, at, after=after), found, office.desk.clock, worker=f"w{n}", page=1)
        except Died:
            office.desk.clock.advance(timedelta(minutes=3))
    office.desk.plan()
    assert sorted(m.to for m in office.outbox("message.birthday")) == sorted(people)
    again = Due("again", on(date(2026, 5, 6), 9), {"day": "2026-05-06", "zone": "Asia/Shanghai"})
    office.desk.store.run(lambda unit: found[0].act(unit, again, people))  # a run under another key, too
    told = office.desk.store.look(
        lambda unit: [e for id in people for e in unit.trail(id) if e.name == "greeting_planned"]
    )
    assert len(told) == len(people)


@pytest.mark.rule(BIRTHDAY, OPT_OUT, RESPONSIBLE)
def test_who_wants_none_is_skipped_with_the_reason_and_a_day_that_passed_is_not_made_up() -> None:
    office = Greeting(date(2026, 5, 6))
    office.says("opt_out", out := office.customer(born=date(1980, 5, 6)), MessageClass.CARE, None, "by_phone")
    lost = office.customer(born=date(1980, 5, 6))
    office.call(office.desk.customers.lose, lost, "price", "")
    unreached = office.customer(born=date(1980, 5, 6))
    office.later(hours=26)
    (row,) = office.messages.skipped(by=office.who["service_manager"])
    assert (row.customer, row.occasion, row.outcome) == (out, "message.birthday", "opted_out")
    (found,) = office.outbox("message.birthday")
    assert found.to == unreached
    office.desk.clock.advance(timedelta(days=1))
    office.relay()
    assert office.queued(found.key).state is MessageState.EXPIRED
    (failed,) = (m for m in office.outbox("message.failed") if m.facts["state"] == "expired")
    assert failed.to == "customer_representative"
    office.customer(born=date(1980, 5, 9))
    office.desk.clock.advance(timedelta(days=4))
    office.desk.plan()
    assert len(office.outbox("message.birthday")) == 1, "three days late is no birthday greeting"
    missed = [m.facts for m in office.outbox("message.failed") if m.facts["state"] == "missed"]
    # Of the days on which nobody has a birthday nobody hears.
    assert missed == [{"message": "2026-05-09/Asia/Shanghai", "occasion": "message.birthday", "state": "missed"}]


@pytest.mark.rule(BIRTHDAY)
@pytest.mark.parametrize(("late", "hour", "greeted"), [(2, 11, True), (2, 12, False), (14, 23, True)])
def test_how_late_a_day_is_still_greeted_is_the_houses(late: int, hour: int, greeted: bool) -> None:
    office = Greeting(date(2026, 5, 6), f"[messages.greetings.birthday]\nlate_hours = {late}\n")
    office.customer(born=date(1980, 5, 6))
    office.desk.clock.advance(on(date(2026, 5, 6), hour) - office.desk.clock.now())
    office.desk.plan()
    assert len(office.outbox("message.birthday")) == greeted


@pytest.mark.rule(HOLIDAY, ONCE, RESPONSIBLE)
def test_holidays_are_greeted_on_the_day_or_on_the_eve_in_the_customer_s_language() -> None:
    rules = memory_desk("fleet").house.rulebook[MESSAGE_RULES]
    found = {
        name: d for d in (date(2026, 1, 1) + timedelta(n) for n in range(365)) for name in festivals(rules, CAL, d)
    }
    assert found == {
        "new_year": date(2026, 1, 1),
        "spring_festival": date(2026, 2, 16),  # the eve of 17 February
        "mid_autumn": date(2026, 9, 25),
        "national_day": date(2026, 10, 1),
    }
    office = Greeting(date(2026, 2, 16))
    customers = [office.customer() for _ in range(2)]
    office.later(hours=2)
    assert [m.facts["greeting"] for m in office.outbox("message.greetings_due")] == ["spring_festival"]
    for _ in range(3):
        office.later(hours=12)
    greeted = office.outbox("message.holiday")
    assert sorted(m.to for m in greeted) == sorted(customers)
    assert {m.facts["holiday"] for m in greeted} == {"春节"}


@pytest.mark.rule(ONCE)
@given(st.integers(0, 3000), st.integers(0, 3000), st.integers(0, 3000))
def test_the_days_of_two_spans_are_those_of_both_together(a: int, b: int, c: int) -> None:
    house = memory_desk("fleet").house
    one, two, three = (on(date(2026, 1, 1)) + timedelta(minutes=m) for m in sorted((a, b, c)))
    joined = [*days(house, 9, one, two), *days(house, 9, two, three)]
    assert joined == list(days(house, 9, one, three))
    assert all(one < at <= three and at.hour == 9 for at, _, _ in joined)
    for source in sources(house, CAL):
        keys = [due.key for due in source.runs(one, three)]
        assert len(keys) == len(set(keys))


# --- what follows from contracts --------------------------------------------------------------------------------------


class Contracts(Fleet):
    """The fleet's contracts, and what is written of them."""

    def __init__(self) -> None:
        super().__init__()
        self.office = Writing(desk=self.desk)

    def waits(self, occasion: str) -> list[Any]:
        self.desk.carry_out()
        return self.office.outbox(occasion)


@pytest.fixture
def fleet() -> Iterator[Contracts]:
    found = Contracts()
    with found.desk:
        yield found


@pytest.mark.rule(WELCOME, ONCE, RESPONSIBLE)
def test_a_new_customer_is_welcomed_a_working_day_after_the_deal_and_within_a_week(fleet: Contracts) -> None:
    assert fleet.waits("message.welcome") == []
    contract = fleet.signed()
    fleet.renewed(contract)
    at = fleet.desk.clock.now()
    (found,) = fleet.waits("message.welcome")
    assert (found.to, found.by, found.klass) == ("customer-1", "customer_representative", MessageClass.CARE)
    assert found.next_at > at, "not before the next working day"
    assert timedelta(days=6) < found.until - at <= timedelta(days=8)
    (told,) = fleet.waits("message.greeting_due")[:1]
    assert (told.to, told.facts) == ("customer_representative", {"greeting": "welcome", "customer": "customer-1"})
    assert len(fleet.waits("message.welcome")) == 1


@pytest.mark.rule(THANKS, ONCE)
def test_a_renewal_is_told_at_once_and_thanked_for_within_a_week_in_another_message(fleet: Contracts) -> None:
    contract = fleet.signed()
    fleet.renewed(contract)
    fleet.later(340)
    fleet.renewed(contract)
    at = fleet.desk.clock.now()
    notice = fleet.waits("renewal.done")[-1]
    thanks = fleet.waits("message.thanks")[-1]
    assert (notice.klass, thanks.klass) == (MessageClass.CONTRACT, MessageClass.CARE)
    assert notice.facts["months"] == 14, "twelve, and two as a gift"
    assert notice.next_at <= at < thanks.next_at < thanks.until
    assert len(fleet.waits("message.welcome")) == 1, "nobody is welcomed twice"


@pytest.mark.rule(LAPSE, ONCE, RESPONSIBLE)
def test_whose_service_ran_out_is_greeted_within_a_week_unless_it_is_renewed_meanwhile(fleet: Contracts) -> None:
    contract = fleet.signed()
    fleet.renewed(contract)
    end = fleet.contract(contract).ends_on
    assert end is not None
    fleet.later((end - fleet.today()).days)
    (found,) = fleet.waits("message.lapse")
    assert (found.to, found.by) == ("customer-1", "records_clerk")
    assert timedelta(days=6) < found.until - found.created_at <= timedelta(days=8)
    fleet.renewed(contract)
    assert fleet.waits("message.lapse")[-1].state is MessageState.SUPERSEDED, "it would be untrue now"


@pytest.mark.rule(WELCOME, THANKS, LAPSE, HOLIDAY, BIRTHDAY)
@pytest.mark.parametrize(
    "wrong",
    [
        '[messages.greetings.easter]\nby = "service_manager"\n',
        '[messages.greetings.welcome]\nby = "nobody"\n',
        "[messages.greetings.birthday]\nhour = 24\n",
        "[messages.greetings.birthday]\nlate_hours = 0\n",
        "[messages.greetings.birthday]\nlate_hours = 24\n",
        '[messages.festivals.new_year]\nday = "G13-01"\n',
        "[messages]\nquiet_from = 08:30:00\n",
        "[messages]\nmarketing_cap = 32\n",
        '[messages]\nleap_day = "jan1"\n',
        '[messages]\ncampaigns_by = "nobody"\n',
    ],
)
def test_settings_that_could_not_be_kept_are_refused_when_they_are_loaded(wrong: str) -> None:
    with pytest.raises(RulebookInvalid):
        book(wrong)


@pytest.mark.rule(ONCE, BIRTHDAY)
def test_on_a_database_several_planners_of_which_some_die_greet_each_once(tmp_path: Path) -> None:
    clock = MovableClock(on(date(2026, 5, 5), 8))
    url = f"sqlite:///{tmp_path / 'desk.db'}"
    ids = [SequentialIds(first) for first in (1, 10_000, 20_000)]
    desks = [csdomain.open(url, book(), clock=clock, ids=each, holidays=no_holidays()) for each in ids]
    office = Writing(desk=desks[0])
    people = [office.customer(born=date(1980, 5, 6)) for _ in range(12)]
    clock.advance(timedelta(hours=26))

    def planner(n: int) -> None:
        sources = [s for s in desks[n].sources if s.name == "birthday_greetings"]
        for at in (3 + n, 5 + n, 0):
            try:
                plan(Mortal(desks[n].store, at, after=n == 1), sources, clock, worker=f"w{n}-{at}", page=2, lease=LEASE)
            except Died:
                clock.advance(2 * LEASE)

    threads = [Thread(target=planner, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    clock.advance(2 * LEASE)
    desks[1].plan()
    assert sorted(m.to for m in office.outbox("message.birthday")) == sorted(people)
    assert desks[0].verify().faults == ()
    for desk in desks:
        desk.close()
