"""Where a limit of the service desk lies, to the minute and the cent (SVC-03…10)."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from csdomain.kernel.rules.errors import RuleBroken
from csdomain.kernel.values.money import CurrencyMismatch, Money
from csdomain.service_desk import rules as r
from csdomain.service_desk.lifecycle import State
from csdomain.service_desk.model.parts import NotCleared, OutOfTurn
from csdomain.service_desk.policies import charging, check_fee
from csdomain.service_desk.values import Charging, InHand, Kind, MalformedJob
from service_desk.counter import Counter, trip, yuan

CENT = yuan("0.01")


@pytest.mark.rule(r.CHARGE)
def test_a_fee_is_above_0_in_the_houses_money_and_small_up_to_the_limit() -> None:
    for wrong, error in ((yuan(0), MalformedJob), (-CENT, MalformedJob), (Money.of(1, "USD"), CurrencyMismatch)):
        with pytest.raises(error):
            check_fee(Kind.PAID, wrong, "CNY")
    check_fee(Kind.PAID, CENT, "CNY")
    assert charging(yuan(200), yuan(200)) is Charging.ON_THE_SPOT
    assert charging(yuan(200) + CENT, yuan(200)) is Charging.BY_INVOICE
    assert charging(yuan(9_000), None) is Charging.ON_THE_SPOT  # a house without a limit
    assert charging(None, yuan(200)) is Charging.NONE


@pytest.mark.rule(r.DISPATCH)
@pytest.mark.parametrize(("minutes", "late"), [(0, False), (1, True)])
def test_who_is_there_at_the_minute_is_not_late(minutes: int, late: bool) -> None:
    counter = Counter()
    id = counter.received()
    expected = counter.now + timedelta(hours=1)
    counter.does.dispatch(id, "ann", expected, **counter.call("service_manager"))
    counter.does.arrive(id, by=counter.who["ann"], at=expected + timedelta(minutes=minutes))
    (told,) = (line for line in counter.does.trail(id, by=counter.who["ann"]) if line.name == "technician_arrived")
    assert told.facts["late"] is late


@pytest.mark.rule(r.ON_THE_SPOT)
def test_a_job_may_be_gone_on_with_today_and_not_yesterday() -> None:
    counter = Counter()
    id, today = counter.on_site(counter.received()), counter.now.date()
    with pytest.raises(RuleBroken):
        counter.does.unsettle(id, "no part", "bring one", today - timedelta(days=1), **counter.call("ann"))
    assert counter.does.unsettle(id, "no part", "bring one", today, **counter.call("ann")).state == "received"


@pytest.mark.rule(r.OUT_OF_TOWN)
@pytest.mark.parametrize(("day", "goes"), [(-1, False), (0, True), (2, True), (3, False)])
def test_a_trip_covers_both_its_days_and_costs_are_taken_back_to_nothing(day: int, goes: bool) -> None:
    counter = Counter()
    id, first = counter.received(out_of_town=True), counter.now.date() + timedelta(days=5)
    asked = trip("ann", since=first, until=first + timedelta(days=2))
    counter.does.ask_trip(id, asked, **counter.call("service_agent"))
    counter.does.approve_trip(id, 1, **counter.call("service_manager"))
    when = counter.now + timedelta(days=5 + day)
    if not goes:
        with pytest.raises(NotCleared):
            counter.does.dispatch(id, "ann", when, **counter.call("service_manager"))
        return
    counter.does.dispatch(id, "ann", when, **counter.call("service_manager"))
    counter.does.book_cost(id, "travel", yuan(80), **counter.call("service_manager"))
    for wrong in (-yuan(80) - CENT, yuan(0)):
        with pytest.raises(MalformedJob):
            counter.does.book_cost(id, "travel", wrong, **counter.call("service_manager"))
    counter.does.book_cost(id, "travel", -yuan(80), **counter.call("service_manager"))
    assert counter.of(id).cost == yuan(0)


@pytest.mark.rule(r.HAND_OFF)
def test_what_is_to_be_bought_costs_something() -> None:
    counter = Counter()
    id = counter.received()
    with pytest.raises(MalformedJob):
        counter.does.request_purchase(id, "a roller", yuan(0), **counter.call("service_manager"))
    counter.does.request_purchase(id, "a roller", CENT, **counter.call("service_manager"))


@pytest.mark.rule(r.DAILY_CHECK)
def test_a_job_of_this_morning_is_not_carried_over_and_one_of_yesterday_is() -> None:
    counter = Counter()
    first, second = counter.received(), counter.received()
    counter.dispatched(second)
    third = counter.received()
    counter.later(days=1)
    with pytest.raises(OutOfTurn):
        counter.dispatched(third)
    counter.dispatched(first)
    counter.dispatched(third)


@pytest.mark.rule(r.DAILY_CHECK)
def test_a_voucher_lies_on_the_desk_but_while_somebody_has_it() -> None:
    counter = Counter()
    id = counter.received()
    paper = InHand(voucher=counter.of(id).voucher)
    steps: list[tuple[Callable[[], object], bool]] = [
        (lambda: counter.of(id), True),
        (lambda: counter.dispatched(id), False),
        (lambda: counter.does.arrive(id, **counter.call("ann")), False),
    ]
    for step, here in steps:
        step()
        found = counter.does.checks.differences([paper], by=counter.who["service_agent"])
        assert [one.what for one in found] == ([] if here else ["elsewhere"])
        missing = counter.does.checks.differences([], by=counter.who["service_agent"])
        assert [one.what for one in missing] == (["missing"] if here else [])
    assert counter.of(id).state is State.ON_SITE
